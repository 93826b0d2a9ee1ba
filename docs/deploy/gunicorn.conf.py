"""goalsvc under gunicorn 23 or newer: `gunicorn --config docs/deploy/gunicorn.conf.py`, in its folder.

docs/deploy/README.md says what has to run beside it, and what is lost.
"""

bind = "127.0.0.1:8000"
wsgi_app = "goalsvc.wsgi:application"
preload_app = True  # the workers share the memory of the code

# A process for each core; a request, with its body, holds a thread. No more than DATABASE_POOL_SIZE threads.
workers = 2
worker_class = "gthread"
threads = 4

timeout = 120  # seconds in which a worker must give a sign of life, whatever its threads wait for
graceful_timeout = 30  # how long requests may go on when it stops
keepalive = 30  # how long a connection may be idle: longer than nginx keeps it

limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
forwarded_allow_ips = "127.0.0.1"  # the address of nginx
