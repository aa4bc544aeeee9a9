import asyncio

from sanic import Blueprint, Sanic
from sanic.response import text
from sanic.views import HTTPMethodView
from where import note

from routes import register

app = Sanic("quotes")
blueprint = Blueprint("blue", url_prefix="/blue")


@app.get("/plain")
def plain(request):
    note()
    return text("a")


@app.route("/coroutine")
async def coroutine(request):
    note()
    return text("a")


class Quotes(HTTPMethodView):
    async def get(self, request):
        note()
        return text("a")


app.add_route(Quotes.as_view(), "/class")


@blueprint.get("/print")
def printed(request):
    note()
    return text("a")


@blueprint.middleware("request")
async def of_blueprint(request):
    note()


async def added(request):
    note()
    return text("a")


app.add_route(added, "/added")


@app.get("/fails")
async def fails(request):
    note()
    raise ValueError


@app.exception(ValueError)
def failed(request, error):
    note()
    return text("a", status=400)


@app.on_request
def before(request):
    note()


@app.on_response
async def after(request, response):
    note()


@app.middleware("request")
async def early(request):
    note()


async def registered(request):
    note()


app.register_middleware(registered, "request")


@app.signal("quotes.was.told")
async def told(**context):
    note()


@app.get("/tells")
async def tells(request):
    note()
    await app.dispatch("quotes.was.told")
    return text("a")


@app.websocket("/socket")
async def channel(request, socket):
    note()
    await socket.send(await socket.recv())


@app.before_server_start
async def started(app, loop):
    note()


@app.listener("after_server_start")
def listened(app, loop):
    note()


async def stopping(app, loop):
    note()


app.register_listener(stopping, "before_server_stop")


async def tocking(number):
    await asyncio.sleep(0.5)
    note()


@app.after_server_start
async def start_tocking(app, loop):
    note()
    app.add_task(tocking(1))


async def ticking(app):
    await asyncio.sleep(0.5)
    note()


app.add_task(ticking)
app.blueprint(blueprint)
register(app)
