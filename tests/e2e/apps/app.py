"""A WSGI application for the tests: answers by path, and raises where it is asked to."""


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/boom":
        raise ValueError('boom: "quoted"')
    status = {"/missing": "404 Not Found", "/made": "201 Created"}.get(path, "200 OK")
    body = b"x" * 1234
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
