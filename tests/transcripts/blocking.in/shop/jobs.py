import time


async def on_message(message):
    time.sleep(1)
