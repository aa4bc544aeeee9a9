import contextlib

from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, Router, WebSocketRoute
from where import note


def plain(request):
    note()
    return PlainTextResponse("a")


async def coroutine(request):
    note()
    return PlainTextResponse("a")


class Endpoint(HTTPEndpoint):
    async def get(self, request):
        note()
        return PlainTextResponse("a")

    def post(self, request):
        note()
        return PlainTextResponse("a")


async def inner(request):
    note()
    return PlainTextResponse("a")


def added(request):
    note()
    return PlainTextResponse("a")


async def fails(request):
    note()
    raise ValueError


def failed(request, error):
    note()
    return JSONResponse({}, status_code=400)


def later():
    note()


async def later_async():
    note()


def much_later():
    note()


async def tasks(request):
    note()
    many = BackgroundTasks()
    many.add_task(later)
    many.add_task(later_async)
    many.tasks.append(BackgroundTask(much_later))
    return PlainTextResponse("a", background=many)


async def numbers():
    note()
    yield b"1"


def letters():
    note()
    yield b"a"


async def streams(request):
    note()
    return StreamingResponse(numbers())


def streams_plain(request):
    note()
    return StreamingResponse(letters())


async def socket(channel):
    note()
    await channel.accept()
    await channel.send_text(await channel.receive_text())


class Channel(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, channel):
        note()
        await channel.accept()

    async def on_receive(self, channel, data):
        note()
        await channel.send_text(data)

    async def on_disconnect(self, channel, code):
        note()


class Timing(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        note()
        return await call_next(request)


class Raw:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        note()
        await self.app(scope, receive, send)


@contextlib.asynccontextmanager
async def lifespan(app):
    note()
    yield


below = Router(routes=[Route("/inner", inner)])
app = Starlette(
    routes=[
        Route("/plain", plain),
        Route("/coroutine", endpoint=coroutine),
        Route("/endpoint", Endpoint),
        Route("/fails", fails),
        Route("/tasks", tasks),
        Route("/streams", streams),
        Route("/streams-plain", streams_plain),
        WebSocketRoute("/socket", socket),
        WebSocketRoute("/class", Channel),
        Mount("/below", app=below),
    ],
    middleware=[Middleware(Timing), Middleware(Raw)],
    exception_handlers={ValueError: failed},
    lifespan=lifespan,
)
app.add_route("/added", added)
