import time

from fastapi import APIRouter

router = APIRouter()


@router.get("/slow")
async def slow():
    time.sleep(3)
