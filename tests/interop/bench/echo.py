"""The echo server of the bench, written with the Python SDK: `echo.py sse` or `echo.py json`, which is the form of
its answers. It prints its address first."""

import socket
import sys

import uvicorn
from mcp.server.mcpserver import MCPServer

server = MCPServer("bench", log_level="ERROR")


@server.tool(structured_output=False)
def echo(text: str) -> str:
    """Answers what it was told."""
    return text


app = server.streamable_http_app(json_response=sys.argv[1] == "json")
# asyncio sets TCP_NODELAY only where the protocol is named.
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
listener.bind(("127.0.0.1", 0))
print("127.0.0.1:%d" % listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False)).run(sockets=[listener])
