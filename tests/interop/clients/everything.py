"""The journey of a Python client through the `everything` server."""

import asyncio
import base64

from adapters import field
from asking import asking
from beside import beside
from checks import equal, ok, parsed, refused
from resuming import resuming
from tasks import tasks

INVALID_PARAMS = -32602
SOUND_SINCE = "2025-03-26"
TASKS_IN = "2025-11-25"
RESOURCE_NOT_FOUND = {"legacy": -32002, "modern": INVALID_PARAMS}
FIXTURE_TOOLS = {
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_error_handling",
    "test_tool_with_logging",
    "test_tool_with_progress",
}


async def everything(client, report, reconnect):
    """Every feature of the server, with contents compared."""
    await tools(client, report)
    await resources(client, report)
    await prompts(client, report)
    await asking(client, report)
    await beside(client, report)
    if client.tasks and client.version == TASKS_IN:
        await tasks(client, report)
    await resuming(client, report, reconnect)
    if client.era == "legacy":
        await report.check("ping", client.ping)
        await report.check("logging/setLevel, then the logs of a call", lambda: legacy_logging(client))
    else:
        await report.check("logs come only to a request that asks for them", lambda: modern_logging(client))

    async def at_once():
        uris = [f"test://template/{index}/data" for index in range(8)]
        answers = await asyncio.gather(*(client.read_resource(uri) for uri in uris))
        for index, answer in enumerate(answers):
            equal(parsed(answer.contents[0].text)["id"], str(index), uris[index])

    await report.check("eight calls at once, each its own answer", at_once)


async def tools(client, report):
    async def listed():
        found = await client.list_tools()
        names = [tool.name for tool in found]
        equal(len(set(names)), len(names), "unique names")
        ok(FIXTURE_TOOLS <= set(names), f"missing: {FIXTURE_TOOLS - set(names)}")
        for tool in found:
            equal(field(tool, "inputSchema")["type"], "object", f"{tool.name}: root of inputSchema")

    async def contents():
        (text,) = (await client.call_tool("test_simple_text")).content
        equal(text.text, "This is a simple text response for testing.", "text")
        (image,) = (await client.call_tool("test_image_content", {})).content
        equal(field(image, "mimeType"), "image/png", "image")
        (audio,) = (await client.call_tool("test_audio_content", {})).content
        if client.version >= SOUND_SINCE:
            equal(field(audio, "mimeType"), "audio/wav", "audio")
        else:
            equal(audio.type, "text", "what stands for the sound")
        (embedded,) = (await client.call_tool("test_embedded_resource", {})).content
        equal(str(embedded.resource.uri), "test://embedded-resource", "embedded uri")

    async def progress():
        seen = []

        async def on_progress(value, total, message=None):
            seen.append((value, total))

        await client.call_tool("test_tool_with_progress", {}, progress=on_progress)
        equal(seen, [(0, 100), (50, 100), (100, 100)], "progress")

    async def failing():
        result = await client.call_tool("test_error_handling", {})
        equal(field(result, "isError"), True, "isError")

    await report.check("tools/list, all pages", listed)
    await report.check("tools/call: text, image, audio, embedded resource", contents)
    await report.check("tools/call: progress callback", progress)
    await report.check("tools/call: a failing tool is a result with isError", failing)
    await report.check(
        "tools/call: an unknown tool is -32602",
        lambda: refused(client.call_tool("no_such_tool", {}), INVALID_PARAMS, "no_such_tool"),
    )


async def resources(client, report):
    async def listed():
        uris = {str(resource.uri) for resource in await client.list_resources()}
        ok({"test://static-text", "test://static-binary"} <= uris, f"resources: {uris}")
        templates = [field(template, "uriTemplate") for template in await client.list_templates()]
        ok("test://template/{id}/data" in templates, f"templates: {templates}")

    async def read():
        (text,) = (await client.read_resource("test://static-text")).contents
        equal(text.text, "This is the content of the static text resource.", "text")
        (binary,) = (await client.read_resource("test://static-binary")).contents
        equal(base64.b64decode(binary.blob)[1:4], b"PNG", "the blob is a PNG")
        (made,) = (await client.read_resource("test://template/123/data")).contents
        equal(parsed(made.text)["id"], "123", "id from the template")

    await report.check("resources/list and templates/list", listed)
    await report.check("resources/read: text, binary, template", read)
    await report.check(
        "resources/read: an unknown resource",
        lambda: refused(
            client.read_resource("test://no-such-resource"), RESOURCE_NOT_FOUND[client.era], "unknown uri"
        ),
    )


async def prompts(client, report):
    async def listed():
        found = {prompt.name: prompt for prompt in await client.list_prompts()}
        arguments = [argument.name for argument in found["test_prompt_with_arguments"].arguments]
        equal(arguments, ["arg1", "arg2"], "argument names")

    async def got():
        plain = await client.get_prompt("test_simple_prompt")
        equal(plain.messages[0].content.text, "This is a simple prompt for testing.", "text")
        filled = await client.get_prompt("test_prompt_with_arguments", {"arg1": "one", "arg2": "two"})
        text = filled.messages[0].content.text
        ok("one" in text and "two" in text, text)

    async def completed():
        completion = await client.complete("test_prompt_with_arguments", "arg1", "t")
        ok(len(completion.values) <= 100, "at most 100 values")

    await report.check("prompts/list", listed)
    await report.check("prompts/get: plain, with arguments", got)
    await report.check("completion/complete", completed)
    await report.check(
        "prompts/get: an unknown prompt is -32602",
        lambda: refused(client.get_prompt("no_such_prompt"), INVALID_PARAMS, "no_such_prompt"),
    )


async def legacy_logging(client):
    await client.set_log_level("info")
    client.logs.clear()
    await client.call_tool("test_tool_with_logging", {})
    await settled(client, 3)
    await client.set_log_level("error")
    client.logs.clear()
    await client.call_tool("test_tool_with_logging", {})
    await settled(client, 0)


async def modern_logging(client):
    # Who asks for everything anyway can ask for less.
    nothing = {"log_level": "error"} if client.asks_for_logs else {}
    client.logs.clear()
    await client.call_tool("test_tool_with_logging", {}, **nothing)
    await settled(client, 0)
    await client.call_tool("test_tool_with_logging", {}, log_level="info")
    await settled(client, 3)


async def settled(client, count):
    """The session may deliver a log callback just after the result of the call."""
    await asyncio.sleep(0.1)
    equal(len(client.logs), count, "logs")
