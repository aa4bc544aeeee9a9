from concurrent.futures import ThreadPoolExecutor

from tornado import gen, web
from tornado.concurrent import run_on_executor
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.websocket import WebSocketHandler
from where import note


class Base(web.RequestHandler):
    def initialize(self):
        note()

    def prepare(self):
        note()

    def on_finish(self):
        note()

    def set_default_headers(self):
        note()


class Plain(Base):
    def get(self):
        note()
        self.write("a")

    async def post(self):
        note()
        self.write("a")


def later():
    note()


async def later_async():
    note()


class Coroutine(Base):
    async def get(self):
        note()
        IOLoop.current().add_callback(later)
        IOLoop.current().call_later(0.01, later_async)
        self.write("a")


class Moved(Base):
    executor = ThreadPoolExecutor(2)

    async def get(self):
        note()
        await self.work()
        self.write("a")

    @run_on_executor
    def work(self):
        pass


class Generated(Base):
    @gen.coroutine
    def get(self):
        note()
        yield gen.sleep(0)
        self.write("a")


class Channel(WebSocketHandler):
    def open(self):
        note()

    async def on_message(self, message):
        note()
        self.write_message(message)

    def on_close(self):
        note()


def ticking():
    note()


class Application(web.Application):
    def __init__(self):
        handlers = [
            (r"/plain", Plain),
            (r"/coroutine", Coroutine),
            (r"/moved", Moved),
            web.url(r"/generated", Generated),
            (r"/socket", Channel),
        ]
        super().__init__(handlers)

    def listen(self, *args):
        super().listen(*args)
        PeriodicCallback(ticking, 100).start()


app = Application()
