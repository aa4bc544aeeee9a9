workers = 12
worker_class = "uvicorn_worker.UvicornWorker"
threads = 4
