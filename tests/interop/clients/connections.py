"""From the name of a client to its release and its way to the server.

`v1` is the 1.x line, `legacy`, `auto` or a revision the mode of the 2.x `Client`, and `fastmcp:` before a mode
the client of fastmcp. `+sse` after it goes over the pair of 2024-11-05 and not Streamable HTTP.
"""

import inspect
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urljoin

import mcp.types as types
from mcp import ClientSession

from adapters import ClientFast, ClientV1, ClientV2, Heard
from person import Person

REQUEST_TIMEOUT_SECONDS = 20


def connection(name, url, complain):
    """A context manager that gives the client; leaving it ends the session."""
    mode, _, way = name.partition("+")
    # The old pair stands beside the endpoint.
    endpoint = urljoin(url, "sse") if way == "sse" else url
    if mode == "v1":
        return connect_v1(endpoint, way, complain)
    if mode.startswith("fastmcp:"):
        return connect_fast(endpoint, way, mode.removeprefix("fastmcp:"), complain)
    return connect_v2(endpoint, way, mode, complain)


@asynccontextmanager
async def connect_v1(url, way, complain):
    """A 1.x session; what its constructor takes tells what the release knows."""
    if way == "sse":
        from mcp.client.sse import sse_client as transport
    else:
        from mcp.client.streamable_http import streamablehttp_client as transport

    heard, person = Heard(complain), Person()
    can = {"sampling", "roots"}
    callbacks = {
        "sampling_callback": person.sample,
        "list_roots_callback": person.roots,
        "logging_callback": heard.on_log,
        "message_handler": heard.on_message,
    }
    if "elicitation_callback" in inspect.signature(ClientSession.__init__).parameters:
        can.add("form")
        callbacks["elicitation_callback"] = person.elicit
    if hasattr(types, "ElicitRequestURLParams"):
        can.add("url")
    timeout = timedelta(seconds=REQUEST_TIMEOUT_SECONDS)
    async with transport(url) as (read, write, *_):
        async with ClientSession(read, write, timeout, **callbacks) as session:
            yield ClientV1(session, heard, person, can, await session.initialize())


@asynccontextmanager
async def reconnect_v1(url, session_id=None, version=None):
    """A bare 1.x session and what tells its id; its connection is lost at the end, not its session."""
    from mcp.client.streamable_http import streamablehttp_client

    headers = {"mcp-session-id": session_id, "mcp-protocol-version": version} if session_id else None
    timeout = timedelta(seconds=REQUEST_TIMEOUT_SECONDS)
    async with streamablehttp_client(url, headers, terminate_on_close=False) as (read, write, get_id):
        async with ClientSession(read, write, timeout) as session:
            yield session, get_id


@asynccontextmanager
async def connect_v2(url, way, mode, complain):
    """A 2.x client."""
    from mcp import Client as SdkClient
    from mcp.client.sse import sse_client

    heard, person = Heard(complain), Person()
    async with SdkClient(
        sse_client(url) if way == "sse" else url,
        mode=mode,
        read_timeout_seconds=REQUEST_TIMEOUT_SECONDS,
        elicitation_callback=person.elicit,
        sampling_callback=person.sample,
        list_roots_callback=person.roots,
        logging_callback=heard.on_log,
        message_handler=heard.on_message,
    ) as client:
        yield ClientV2(client, heard, person)


@asynccontextmanager
async def connect_fast(url, way, mode, complain):
    """A client of fastmcp, whose handlers are called in a way of their own."""
    from fastmcp import Client as FastClient
    from fastmcp.client.transports import SSETransport, StreamableHttpTransport

    heard, person = Heard(complain), Person()

    async def on_elicit(_message, _type, params, context):
        return await person.elicit(context, params)

    async def on_sample(_messages, params, context):
        return await person.sample(context, params)

    async def on_roots(context):
        return (await person.roots(context)).roots

    async with FastClient(
        SSETransport(url) if way == "sse" else StreamableHttpTransport(url),
        mode=mode,
        timeout=REQUEST_TIMEOUT_SECONDS,
        elicitation_handler=on_elicit,
        sampling_handler=on_sample,
        roots=on_roots,
        log_handler=heard.on_log,
        message_handler=heard.on_message,
    ) as client:
        yield ClientFast(client, heard, person)
