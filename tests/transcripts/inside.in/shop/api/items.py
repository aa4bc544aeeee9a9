import time

from fastapi import APIRouter

from shop.rates import load_rates

router = APIRouter()


@router.get("/items")
async def items():
    return load_rates()


@router.get("/slow")
async def slow():
    time.sleep(2)
