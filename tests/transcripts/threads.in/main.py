import requests
from fastapi import FastAPI

app = FastAPI()


@app.get("/quote")
def quote():
    return requests.get("https://example.org", timeout=5).json()
