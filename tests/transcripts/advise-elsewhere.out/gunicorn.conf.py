workers = 12
worker_class = "gthread"
threads = 4
