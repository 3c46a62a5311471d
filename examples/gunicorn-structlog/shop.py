"""A small shop, as a WSGI application: some pages are slow, some are large, some fail, and orders are events of their own."""
import random
import time

import structlog

log = structlog.get_logger("shop")


def app(environ, start_response):
    path = environ["PATH_INFO"]
    status, body = "200 OK", b"ok\n"
    if path.startswith("/products"):
        time.sleep(random.uniform(0.001, 0.03))
        body = b"product " * random.randint(50, 3000)
    elif path == "/orders" and environ["REQUEST_METHOD"] == "POST":
        status = "201 Created"
        log.info("order placed", product=random.choice(("lamp", "chair", "table")), cents=random.randint(500, 50000))
    elif path == "/slow":
        time.sleep(0.2)
    elif path == "/boom":
        raise RuntimeError("the shop is on fire")
    elif path != "/":
        status, body = "404 Not Found", b"no such page\n"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
