"""Production, see the wiki."""
# Two of them, since March.
workers = 2   # cores
worker_class = 'gevent'

threads = 8  # from the wiki
keepalive   =   5


def post_fork(server, worker):
    server.log.info("worker %s", worker.pid)
