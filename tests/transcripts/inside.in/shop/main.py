from fastapi import FastAPI

from shop.api.items import router

app = FastAPI()
app.include_router(router)
