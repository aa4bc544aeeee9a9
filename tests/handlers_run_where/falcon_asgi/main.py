import falcon
import falcon.asgi
from where import note


class Quotes:
    async def on_get(self, request, response):
        note()

    async def on_post(self, request, response):
        note()


class Fails:
    async def on_get(self, request, response):
        note()
        raise ValueError


class Timing:
    async def process_startup(self, scope, event):
        note()

    async def process_request(self, request, response):
        note()

    async def process_resource(self, request, response, resource, params):
        note()

    async def process_response(self, request, response, resource, succeeded):
        note()


class Second:
    async def process_request(self, request, response):
        note()


async def failed(request, response, error, params):
    note()
    raise falcon.HTTPBadRequest()


async def sink(request, response, **rest):
    note()


app = falcon.asgi.App(middleware=[Timing()])
app.add_middleware(Second())
app.add_route("/quotes", Quotes())
app.add_route("/fails", Fails())
app.add_error_handler(ValueError, failed)
app.add_sink(sink, "/sink")
