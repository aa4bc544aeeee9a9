from aiohttp import web
from where import note

from server import Server, more

routes = web.RouteTableDef()


async def plain(request):
    note()
    return web.Response()


async def coroutine(request):
    note()
    return web.Response()


async def posted(request):
    note()
    return web.Response()


@routes.get("/table")
async def table(request):
    note()
    return web.Response()


@routes.view("/view")
class View(web.View):
    async def get(self):
        note()
        return web.Response()


class Class(web.View):
    async def get(self):
        note()
        return web.Response()


async def fails(request):
    note()
    raise ValueError


async def inner(request):
    note()
    return web.Response()


async def resource(request):
    note()
    return web.Response()


@web.middleware
async def around(request, handler):
    note()
    try:
        return await handler(request)
    except ValueError:
        return web.Response(status=400)


@web.middleware
async def second(request, handler):
    note()
    return await handler(request)


async def started(app):
    note()


async def context(app):
    note()
    yield


async def stopped(app):
    note()


async def prepared(request, response):
    note()


def create_app():
    app = web.Application(middlewares=[around])
    app.middlewares.append(second)
    app.router.add_get("/plain", plain)
    app.router.add_route("GET", "/coroutine", coroutine)
    app.add_routes([web.post("/coroutine", posted), web.view("/class", Class)])
    app.add_routes(routes)
    app.router.add_get("/fails", fails)
    place = app.router.add_resource("/resource")
    place.add_route("GET", resource)
    more(app)
    Server(app)
    inside = web.Application()
    inside.router.add_get("/inner", inner)
    app.add_subapp("/sub", inside)
    app.on_startup.append(started)
    app.cleanup_ctx.append(context)
    app.on_cleanup.append(stopped)
    app.on_response_prepare.append(prepared)
    return app


app = create_app()
