from flask import Blueprint, Flask, Response, stream_with_context
from flask.views import MethodView, View
from where import note

blueprint = Blueprint("blue", __name__, url_prefix="/blue")


@blueprint.route("/print")
def printed():
    note()
    return "a"


class Quotes(MethodView):
    def get(self):
        note()
        return "a"


class Other(View):
    async def dispatch_request(self):
        note()
        return "a"


def added():
    note()
    return "a"


def letters():
    note()
    yield "a"


def routes(target):
    @target.get("/handed")
    def handed():
        note()
        return "a"


def create_app():
    app = Flask(__name__)

    @app.route("/plain")
    def plain():
        note()
        return "a"

    @app.get("/coroutine")
    async def coroutine():
        note()
        return "a"

    @app.get("/fails")
    def fails():
        note()
        raise ValueError

    @app.errorhandler(ValueError)
    def failed(error):
        note()
        return "a", 400

    @app.before_request
    def before():
        note()

    @app.after_request
    async def after(response):
        note()
        return response

    @app.get("/streams")
    def streams():
        note()
        return Response(stream_with_context(letters()))

    app.add_url_rule("/class", view_func=Quotes.as_view("quotes"))
    app.add_url_rule("/class-async", view_func=Other.as_view("other"))
    app.add_url_rule("/added", "added", added)
    app.register_blueprint(blueprint)
    routes(app)
    return app


app = create_app()
