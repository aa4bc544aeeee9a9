import socketio
from where import note

sio = socketio.AsyncServer(async_mode="asgi")
app = socketio.ASGIApp(sio)


async def later():
    note()


@sio.event
async def connect(sid, environ):
    note()
    sio.start_background_task(later)


@sio.event
def disconnect(sid, reason):
    note()


@sio.event
async def told(sid, data):
    note()


@sio.event
def told_plain(sid, data):
    note()


@sio.on("on_name")
async def named(sid, data):
    note()


def added(sid, data):
    note()


sio.on("added", added)


class News(socketio.AsyncNamespace):
    async def on_connect(self, sid, environ):
        note()

    async def on_message(self, sid, data):
        note()

    def on_shout(self, sid, data):
        note()


sio.register_namespace(News("/news"))
