from sanic.response import text
from where import note


def register(app):
    @app.get("/handed")
    async def handed(request):
        note()
        return text("a")
