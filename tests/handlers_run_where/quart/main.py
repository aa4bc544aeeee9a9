from quart import Blueprint, Quart, websocket
from quart.views import MethodView
from where import note

app = Quart(__name__)
blueprint = Blueprint("blue", __name__, url_prefix="/blue")


@app.route("/plain")
def plain():
    note()
    return "a"


@app.get("/coroutine")
async def coroutine():
    note()
    return "a"


@blueprint.get("/print")
async def printed():
    note()
    return "a"


@blueprint.before_request
def of_blueprint():
    note()


class Quotes(MethodView):
    async def get(self):
        note()
        return "a"


app.add_url_rule("/class", view_func=Quotes.as_view("quotes"))


def added():
    note()
    return "a"


app.add_url_rule("/added", "added", added)


@app.route("/fails")
async def fails():
    note()
    raise ValueError


@app.errorhandler(ValueError)
async def failed(error):
    note()
    return "a", 400


@app.before_request
async def before():
    note()


@app.after_request
def after(response):
    note()
    return response


@app.teardown_request
async def torn_down(error):
    note()


def later():
    note()


async def later_async():
    note()


@app.get("/tasks")
async def tasks():
    note()
    app.add_background_task(later)
    app.add_background_task(later_async)
    return "a"


@app.websocket("/socket")
async def channel():
    note()
    await websocket.send(await websocket.receive())


@app.before_serving
async def started():
    note()


@app.before_serving
def started_plain():
    note()


@app.after_serving
async def stopped():
    note()


def register(target):
    @target.route("/handed")
    async def handed():
        note()
        return "a"


register(blueprint)
app.register_blueprint(blueprint)
