"""A small service for `farrier measure --demo`: every request waits, as for a database, and computes a little."""

import asyncio
import time


def work():
    return str(sum(number * number for number in range(2_000))).encode()


def wsgi(environ, start_response):
    time.sleep(0.02)
    body = work()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/block":
        time.sleep(0.1)
    else:
        await asyncio.sleep(0.02)
    body = work()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
