from ninja import NinjaAPI, Router
from ninja.security import APIKeyQuery
from where import note

api = NinjaAPI()
inside = Router()


class Guard(APIKeyQuery):
    def authenticate(self, request, key):
        note()
        return True


@api.get("/plain")
def plain(request):
    note()
    return {}


@api.get("/coroutine")
async def coroutine(request):
    note()
    return {}


@inside.get("/inner")
async def inner(request):
    note()
    return {}


def guard_plain(request):
    note()
    return True


async def guard_async(request):
    note()
    return True


@api.get("/guarded-too", auth=[guard_plain])
def guarded_too(request):
    note()
    return {}


@api.get("/guarded-async", auth=guard_async)
async def guarded_async(request):
    note()
    return {}


@api.get("/guarded", auth=Guard())
def guarded(request):
    note()
    return {}


api.add_router("/routed", inside)
