# Two of them, since March.
workers = 2   # cores
worker_class = 'gevent'
threads = 8  # from the wiki
keepalive = 5
