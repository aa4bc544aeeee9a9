import os

workers = 12
timeout = 120  # farrier: ignore[short-timeouts] -- reports take a minute and a half
worker_class = "gevent"
loglevel = os.environ["LOG_LEVEL"]
