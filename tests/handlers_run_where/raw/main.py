from where import note


async def inner(scope, receive, send):
    note()
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            await send({"type": event["type"] + ".complete"})
            if event["type"].endswith("shutdown"):
                return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a"})


class Around:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        note()
        await self.app(scope, receive, send)


app = Around(inner)
