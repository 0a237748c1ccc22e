"""The web server, in the demo as in production. WEB_BIND, WEB_WORKERS and WEB_THREADS set its size."""

import gc
import os

bind = os.environ.get("WEB_BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
# A client that sends slowly holds a thread. In production nginx reads requests whole before it passes them on; the demo, which has
# nothing in front, runs more threads.
threads = int(os.environ.get("WEB_THREADS", "4"))
# A worker that is stuck for this long is replaced; statement_timeout (15 s) and the outside world's timeouts are shorter.
timeout = 40
graceful_timeout = 20
keepalive = 5
max_requests = 10_000
max_requests_jitter = 1_000
# The bank's notification is the longest line of any form; a request line of ours stays far below this. In production nginx refuses
# longer lines first, with a page in both languages.
limit_request_line = 4094
# So it does with heads of more than 33 kB (client_header_buffer_size, large_client_header_buffers). What it lets through is within these
# limits, since gunicorn refuses in English: many fields, and the cookies of HTTP/2, of which nginx makes one field. The demo, which has
# nothing in front, reads less.
is_behind_nginx = "FORWARDED_ALLOW_IPS" in os.environ
limit_request_fields = 32_768 if is_behind_nginx else 60  # the most that gunicorn can be told
limit_request_field_size = 40_960 if is_behind_nginx else 8192
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
control_socket_disable = True
accesslog = os.environ.get("WEB_ACCESS_LOG") or None
# Method, path without the query (which may carry a search for a name), status, bytes, microseconds.
access_log_format = "%(t)s %(m)s %(U)s %(s)s %(B)s %(D)s"


def post_worker_init(worker):
    """Once the application is loaded: what lasts as long as the process is not looked through at each collection of garbage.

    Otherwise a full collection stops all threads of the worker for 150 ms, about once in 200 pages.
    """
    gc.collect()
    gc.freeze()
