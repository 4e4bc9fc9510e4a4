"""Streams that end before their answer: closed by the server half-way, or lost with the connection.

Only 2025-11-25 over Streamable HTTP knows the first; to all others the call is answered where it was asked.
"""

import asyncio
import uuid

import mcp.types as types

from adapters import field
from checks import equal, ok

PATIENCE_SECONDS = 5


async def resuming(client, report, reconnect):
    """`reconnect` gives another session of the same client, in the session of the server it is given."""

    async def closed():
        result = await client.call_tool("test_reconnection", {})
        ok(not field(result, "isError") and result.content[0].text, f"it is answered: {result}")

    await report.check("a call is answered whose stream the server may close half-way", closed)
    if reconnect and client.version == "2025-11-25":
        await report.check(
            "a call lost with its connection is answered to who resumes it", lambda: lost(client, reconnect)
        )


async def lost(client, reconnect):
    """The connection goes before the answer comes."""
    from mcp.shared.message import ClientMessageMetadata

    arguments = {"name": str(uuid.uuid4()), "seconds": 1}
    params = types.CallToolRequestParams(name="test_slow", arguments=arguments)
    call = types.ClientRequest(types.CallToolRequest(method="tools/call", params=params))
    seen = asyncio.get_running_loop().create_future()
    began = asyncio.Event()

    async def on_token(token):
        if not seen.done():
            seen.set_result(token)

    async def on_progress(*_):
        began.set()

    async with reconnect() as (session, session_id):
        await session.initialize()
        metadata = ClientMessageMetadata(on_resumption_token_update=on_token)
        asking = session.send_request(
            call, types.CallToolResult, metadata=metadata, progress_callback=on_progress
        )
        pending = asyncio.create_task(asking)
        token = await asyncio.wait_for(seen, PATIENCE_SECONDS)
        await asyncio.wait_for(began.wait(), PATIENCE_SECONDS)
        known = session_id()
        pending.cancel()
    async with reconnect(known, client.version) as (session, _):
        metadata = ClientMessageMetadata(resumption_token=token)
        result = await session.send_request(call, types.CallToolResult, metadata=metadata)
    equal(result.content[0].text, "It took its time.", "the answer")
