"""Serves one of the apps on a free port and prints its URL: `serve.py fastapi|litestar|httpbin`."""

import importlib
import socket
import sys

NAMES = {"fastapi": "fastapi_app", "litestar": "litestar_app", "httpbin": "httpbin"}


def main():
    module = importlib.import_module(NAMES[sys.argv[1]])
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    if sys.argv[1] == "httpbin":
        from werkzeug.serving import make_server

        make_server("127.0.0.1", 0, module.app, threaded=True, fd=listener.fileno()).serve_forever()
    else:
        import uvicorn

        uvicorn.Server(uvicorn.Config(module.app, log_level="warning")).run(sockets=[listener])


main()
