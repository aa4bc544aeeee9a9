import time

import acme
from fastapi import FastAPI, Request

from shop import items, native
from shop.admin import router
from shop.threads import in_thread, threaded

app = FastAPI()
app.include_router(router)
app.include_router(items.router)
client = acme.connect("acme:1")


@threaded
def sleep():
    time.sleep(1)


@app.get("/send")
async def send():
    return client.send("hello")


@app.get("/crunch")
async def crunch(request: Request):
    await request.body()
    return native.crunch()


@app.get("/away")
async def away():
    sleep()
    in_thread(time.sleep, 2)
