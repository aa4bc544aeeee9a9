from aiohttp import web
from where import note


async def handed(request):
    note()
    return web.Response()


def more(app):
    app.router.add_get("/handed", handed)


class Server:
    def __init__(self, app):
        self.app = app
        self.register()
        app.router.add_get("/bound", self.bound)

    def register(self):
        self.app.router.add_get("/bound-too", self.bound_too)

    async def bound(self, request):
        note()
        return web.Response()

    async def bound_too(self, request):
        note()
        return web.Response()
