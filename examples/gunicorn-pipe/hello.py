"""The smallest application; its log is all gunicorn's own."""


def app(environ, start_response):
    found = environ["PATH_INFO"] != "/missing"
    start_response("200 OK" if found else "404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"hello\n"]
