"""Production, see the wiki."""
bind = '0.0.0.0:8000'
# Ask before changing this.
workers   =   2   # generous
worker_class = "gthread"
threads = 9


def post_fork(server, worker):
    server.log.info("worker %s", worker.pid)
