workers = 2
worker_class = "gevent"
# farrier: ignore[threads-ignored] -- we go back to gthread next week
threads = 8
max_requests = 1000  # farrier: ignore[REL002]
keepalive = 5  # farrier: ignore[keepalive-ignored-by-sync] -- it was sync once
