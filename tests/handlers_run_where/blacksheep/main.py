from blacksheep import Application, Response, WebSocket, get, json, text, ws
from blacksheep.server.controllers import Controller
from blacksheep.server.controllers import get as get_action
from where import note

app = Application()


@get("/plain")
def plain():
    note()
    return text("a")


@get("/coroutine")
async def coroutine():
    note()
    return text("a")


@app.router.get("/routed")
async def routed():
    note()
    return text("a")


async def added():
    note()
    return text("a")


app.router.add_get("/added", added)


class Home(Controller):
    @get_action("/home")
    async def index(self):
        note()
        return text("a")

    @get_action("/home/plain")
    def plain(self):
        note()
        return text("a")

    async def on_request(self, request):
        note()


class Failure(Exception):
    pass


@get("/fails")
async def fails():
    note()
    raise Failure


@app.exception_handler(Failure)
async def failed(self, request, error: Failure):
    note()
    return Response(400)


@ws("/socket")
async def channel(socket: WebSocket):
    note()
    await socket.accept()
    await socket.send_text(await socket.receive_text())


async def around(request, handler):
    note()
    return await handler(request)


app.middlewares.append(around)


@app.on_start
async def started(app):
    note()


@app.lifespan
async def living():
    note()
    yield


@app.on_stop
async def stopped(app):
    note()
