import falcon
from where import note


class Quotes:
    def on_get(self, request, response):
        note()

    def on_post(self, request, response):
        note()


class Fails:
    def on_get(self, request, response):
        note()
        raise ValueError


class Timing:
    def process_request(self, request, response):
        note()

    def process_resource(self, request, response, resource, params):
        note()

    def process_response(self, request, response, resource, succeeded):
        note()


class Second:
    def process_request(self, request, response):
        note()


def failed(request, response, error, params):
    note()
    raise falcon.HTTPBadRequest()


def sink(request, response, **rest):
    note()


app = falcon.App(middleware=[Timing()])
app.add_middleware(Second())
app.add_route("/quotes", Quotes())
app.add_route("/fails", Fails())
app.add_error_handler(ValueError, failed)
app.add_sink(sink, "/sink")
