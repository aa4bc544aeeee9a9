import asyncio
import functools
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Request, WebSocket
from fastapi.middleware import Middleware
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from fastapi_utils.cbv import cbv
from pydantic import AfterValidator, BaseModel, field_serializer, field_validator, model_validator
from starlette.middleware.base import BaseHTTPMiddleware
from where import note

import views
from setup import add_routes


@asynccontextmanager
async def lifespan(app):
    note()
    yield
    note()


def everywhere():
    note()


async def everywhere_too():
    note()


def on_router():
    note()


def on_include():
    note()


def on_route():
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


class Declared:
    def __init__(self, app, level=0):
        self.app = app

    async def __call__(self, scope, receive, send):
        note()
        await self.app(scope, receive, send)


async def dispatched(request, call_next):
    note()
    return await call_next(request)


class Missing(Exception):
    pass


class MissingToo(Exception):
    pass


def missing_plain(request, error):
    note()
    return JSONResponse({}, status_code=400)


app = FastAPI(
    lifespan=lifespan,
    dependencies=[Depends(everywhere), Depends(everywhere_too)],
    middleware=[Middleware(Declared, level=1)],
    exception_handlers={MissingToo: missing_plain},
)
app.add_middleware(Timing)
app.add_middleware(Raw)
app.add_middleware(BaseHTTPMiddleware, dispatch=dispatched)
router = APIRouter(dependencies=[Depends(on_router)])


@app.middleware("http")
async def around(request, call_next):
    note()
    return await call_next(request)


@app.exception_handler(Missing)
async def missing(request, error):
    note()
    return JSONResponse({}, status_code=400)


@app.get("/missing")
async def raises():
    note()
    raise Missing


@app.get("/missing-plain")
async def raises_too():
    note()
    raise MissingToo


@app.get("/plain", dependencies=[Depends(on_route)])
def plain():
    note()


@router.get("/coroutine")
async def coroutine():
    note()


def below():
    note()


async def below_async():
    note()


def dependency(a=Depends(below), b=Depends(below_async)):
    note()
    yield 1
    note()


async def dependency_async():
    note()
    yield 1


@router.get("/depends")
async def depends(a=Depends(dependency), b=Depends(dependency_async)):
    note()


def alias():
    note()


Alias = Annotated[str, Depends(alias)]


def inline():
    note()


@router.get("/annotated")
def annotated(a: Alias, b: Annotated[str, Depends(inline)], c: Annotated[str | None, Depends(inline)]):
    note()


class Pager:
    def __init__(self, page: int = 1):
        note()


class Checker:
    def __call__(self):
        note()


class AsyncChecker:
    async def __call__(self):
        note()


check = Checker()


@router.get("/classes")
async def classes(a=Depends(Pager), b=Depends(check), c=Depends(AsyncChecker())):
    note()


class Service:
    def __init__(self, size: int = 1):
        note()


class Other:
    def __init__(self, size: int = 1):
        note()


@router.get("/implied")
async def implied(a: Service = Depends(), b: Annotated[Other, Depends()] = None):
    note()


async def numbers():
    note()
    yield b"1"


def letters():
    note()
    yield b"a"


@app.get("/streams")
async def streams():
    note()
    return StreamingResponse(numbers())


@app.get("/streams-plain")
def streams_plain():
    note()
    return StreamingResponse(letters())


def later():
    note()


async def later_async():
    note()


@app.get("/tasks")
async def tasks(background: BackgroundTasks):
    note()
    background.add_task(later)
    background.add_task(later_async)


def checked(value):
    note()
    return value


class Inner(BaseModel):
    size: int

    @field_validator("size")
    def check_size(cls, value):
        note()
        return value


class Item(BaseModel):
    name: str
    inner: Inner
    marked: Annotated[int, AfterValidator(checked)]

    @field_validator("name")
    @classmethod
    def check_name(cls, value):
        note()
        return value

    @model_validator(mode="after")
    def check_all(self):
        note()
        return self


@app.post("/model")
async def model(item: Item):
    note()


@app.post("/model-plain")
def model_plain(item: Item):
    note()


class Answer(BaseModel):
    text: str

    @field_serializer("text")
    def write(self, value):
        note()
        return value


@app.get("/answer", response_model=Answer)
def answer():
    note()
    return {"text": "a"}


def added():
    note()


async def made():
    note()


async def listed():
    note()


app.add_api_route("/added", added)
app.router.routes.append(APIRoute("/made", endpoint=made))
for endpoint in [listed]:
    app.add_api_route("/listed", endpoint)


def applied():
    note()


app.get("/applied")(applied)


class View:
    def __init__(self):
        self.router = APIRouter(prefix="/view")
        self.router.add_api_route("/self", self.get)
        self.router.get("/plain")(self.plain)

    async def get(self):
        note()

    def plain(self):
        note()


app.include_router(View().router)
classed = APIRouter()


def shared():
    note()


@cbv(classed)
class Quotes:
    shared: str = Depends(shared)

    @classed.get("/cbv")
    async def get(self):
        note()


def traced(function):
    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        return await function(*args, **kwargs)

    return wrapper


def traced_plain(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def made_async(function):
    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def offload(function):
    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        return await asyncio.to_thread(function, *args, **kwargs)

    return wrapper


@app.get("/wrapped")
@traced
async def wrapped():
    note()


@app.get("/wrapped-plain")
@traced_plain
def wrapped_plain():
    note()


@app.get("/wrapped-async")
@made_async
def wrapped_async():
    note()


@app.get("/offloaded")
@offload
def offloaded():
    note()


def with_argument(n):
    note()


app.add_api_route("/partial", functools.partial(with_argument, 1))


class Logged(APIRoute):
    def get_route_handler(self):
        handler = super().get_route_handler()

        async def custom(request: Request):
            note()
            return await handler(request)

        return custom


logged = APIRouter(route_class=Logged)


@logged.get("/custom")
def custom():
    note()


@app.websocket("/socket")
async def channel(socket: WebSocket):
    note()
    await socket.accept()
    await socket.send_text(await socket.receive_text())


app.include_router(router, dependencies=[Depends(on_include)])
app.include_router(classed)
app.include_router(logged)
for part in [views.router]:
    app.include_router(part)
add_routes(app)
