"""What goes on beside a call, or after its client lost interest: cancellation, and changes."""

import asyncio
import uuid

from checks import equal, ok

WATCHED = "test://watched-resource"
PATIENCE_SECONDS = 5
POLL_SECONDS = 0.02


async def beside(client, report):
    """Both, one after the other."""
    await report.check("a cancelled call ends at once, here and on the server", lambda: cancelled(client))
    await report.check(
        "changes of a watched resource and of the tools are told, each once", lambda: changes(client)
    )


async def cancelled(client):
    """A slow call is cancelled as soon as it told that it began."""
    name = str(uuid.uuid4())

    async def running():
        result = await client.call_tool("test_slow_is_running", {"name": name})
        return result.content[0].text == "true"

    began = asyncio.Event()

    async def on_progress(*_):
        began.set()

    call = client.cancellable("test_slow", {"name": name, "seconds": 60}, on_progress)
    await asyncio.wait_for(began.wait(), PATIENCE_SECONDS)
    ok(await running(), "the server works on it")
    await call.cancel()

    async def stopped():
        return not await running()

    await until(stopped, "the server stopped working on it")


async def changes(client):
    """A resource and the list of tools change, and change back."""

    def told(name):
        return client.changed.count(name)

    async def listed():
        return any(tool.name == "test_extra" for tool in await client.list_tools())

    async def was_told(name):
        return told(name) > 0

    before = await listed()
    async with client.watching(WATCHED):
        client.changed.clear()
        await client.call_tool("test_trigger_resource_change", {})
        await until(lambda: was_told(WATCHED), "the change of the resource was told")
        await client.call_tool("test_trigger_tool_change", {})
        await until(lambda: was_told("tools"), "the change of the tools was told")
        equal(await listed(), not before, "the tool is listed")
    await client.call_tool("test_trigger_resource_change", {})
    await client.call_tool("test_trigger_tool_change", {})
    equal(await listed(), before, "the tool is listed, again")
    equal(told(WATCHED), 1, "times the change of the resource was told")


async def until(condition, what):
    """Waits for what the server tells in its own time."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while not await condition():
        ok(asyncio.get_running_loop().time() < deadline, f"{what}: not within {PATIENCE_SECONDS} s")
        await asyncio.sleep(POLL_SECONDS)
