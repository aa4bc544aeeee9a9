import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def home():
    time.sleep(0.1)
    return {"a": 1}


@app.get("/old")
async def old():
    return {"b": 2}
