from contextlib import asynccontextmanager
from typing import Any

from litestar import Controller, Litestar, Request, Response, Router, WebSocket, get, route, websocket
from litestar.background_tasks import BackgroundTask
from litestar.di import Provide
from litestar.events import listener
from litestar.handlers import WebsocketListener, websocket_listener
from litestar.middleware import AbstractMiddleware, DefineMiddleware
from litestar.response import Stream
from where import note


@get("/plain")
def plain() -> str:
    note()
    return "a"


@get("/threaded", sync_to_thread=True)
def threaded() -> str:
    note()
    return "a"


@get("/not-threaded", sync_to_thread=False)
def not_threaded() -> str:
    note()
    return "a"


@get("/coroutine")
async def coroutine() -> str:
    note()
    return "a"


def controller_guard(connection: Any, handler: Any) -> None:
    note()


class Quotes(Controller):
    path = "/controller"
    guards = [controller_guard]

    @get()
    async def listed(self) -> str:
        note()
        return "a"

    @get("/plain", sync_to_thread=False)
    def plain(self) -> str:
        note()
        return "a"


def by_thread() -> int:
    note()
    return 1


def on_loop() -> int:
    note()
    return 1


async def by_coroutine() -> int:
    note()
    return 1


@get(
    "/provided",
    dependencies={
        "a": Provide(by_thread, sync_to_thread=True),
        "b": Provide(on_loop, sync_to_thread=False),
        "c": Provide(by_coroutine),
    },
)
async def provided(a: int, b: int, c: int) -> str:
    note()
    return "a"


def guard(connection: Any, handler: Any) -> None:
    note()


async def guard_async(connection: Any, handler: Any) -> None:
    note()


@get("/guarded", guards=[guard, guard_async])
async def guarded() -> str:
    note()
    return "a"


def before(request: Request) -> None:
    note()


def after(response: Response) -> Response:
    note()
    return response


async def after_all(request: Request) -> None:
    note()


@get("/hooked", before_request=before, after_request=after, after_response=after_all)
async def hooked() -> str:
    note()
    return "a"


@get("/fails")
async def fails() -> str:
    note()
    raise ValueError


def failed(request: Request, error: Exception) -> Response:
    note()
    return Response({}, status_code=400)


@listener("told")
async def told() -> None:
    note()


@listener("told")
def told_plain() -> None:
    note()


@get("/event")
async def event(request: Request) -> str:
    note()
    request.app.emit("told")
    return "a"


def later() -> None:
    note()



@get("/tasks")
async def tasks() -> Response:
    note()
    return Response("a", background=BackgroundTask(later))


async def numbers() -> Any:
    note()
    yield b"1"


@get("/streams")
async def streams() -> Stream:
    note()
    return Stream(numbers())


@route("/routed", http_method=["GET", "POST"])
async def routed() -> str:
    note()
    return "a"


async def made() -> str:
    note()
    return "a"


@get("/inner")
async def inner() -> str:
    note()
    return "a"


@websocket("/socket")
async def channel(socket: WebSocket) -> None:
    note()
    await socket.accept()
    await socket.send_text(await socket.receive_text())


@websocket_listener("/listen")
async def listen(data: str) -> str:
    note()
    return data


class Listener(WebsocketListener):
    path = "/class"

    async def on_accept(self, socket: WebSocket) -> None:
        note()

    async def on_receive(self, data: str) -> str:
        note()
        return data


@websocket_listener("/listen-plain")
def listen_plain(data: str) -> str:
    note()
    return data


class PlainListener(WebsocketListener):
    path = "/class-plain"

    def on_accept(self, socket: WebSocket) -> None:
        note()

    def on_receive(self, data: str) -> str:
        note()
        return data


class Raw(AbstractMiddleware):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        note()
        await self.app(scope, receive, send)


def factory(app: Any) -> Any:
    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        note()
        await app(scope, receive, send)

    return middleware


class Defined:
    def __init__(self, app: Any, level: int) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        note()
        await self.app(scope, receive, send)


def started(app: Litestar) -> None:
    note()


async def stopped(app: Litestar) -> None:
    note()


@asynccontextmanager
async def lifespan(app: Litestar):
    note()
    yield


app = Litestar(
    route_handlers=[
        plain,
        threaded,
        not_threaded,
        coroutine,
        Quotes,
        provided,
        guarded,
        hooked,
        fails,
        event,
        tasks,
        streams,
        routed,
        get("/made")(made),
        channel,
        listen,
        Listener,
        listen_plain,
        PlainListener,
        Router(path="/router", route_handlers=[inner]),
    ],
    exception_handlers={ValueError: failed},
    listeners=[told, told_plain],
    middleware=[Raw, factory, DefineMiddleware(Defined, level=1)],
    on_startup=[started],
    on_shutdown=[stopped],
    lifespan=[lifespan],
)
