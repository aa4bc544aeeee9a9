workers = 2
worker_class = "gevent"
# farrier: ignore[threads-ignored] -- we go back to gthread next week
threads = 8
backlog = 512  # farrier: ignore[no-such-rule]
keepalive = 5  # farrier: ignore[keepalive-ignored-by-sync] -- it was sync once
