from fastapi import APIRouter
from where import note


def build():
    router = APIRouter()

    @router.get("/built")
    async def built():
        note()

    return router


class Tracked(APIRouter):
    pass


router = Tracked()
router.include_router(build())


@router.get("/tracked")
def tracked():
    note()
