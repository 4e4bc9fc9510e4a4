"""The journey of a Python client through the bookshop demo: an HTTP API that became tools."""

import asyncio

from adapters import field
from checks import equal, ok, parsed, refused

INVALID_PARAMS = -32602
# The revisions before this one have neither outputSchema nor structuredContent.
STRUCTURED_SINCE = "2025-06-18"
TOOLS = {"get_book", "list_genres", "place_order", "sales_report", "search_books", "delivery_times"}


async def bookshop(client, report, _reconnect):
    """Every kind of answer the demo gives."""

    async def listed():
        names = [tool.name for tool in await client.list_tools()]
        equal(len(set(names)), len(names), "unique names")
        ok(TOOLS <= set(names), f"missing: {TOOLS - set(names)}")

    async def answered():
        found = await answer(client, "search_books", {"limit": 3})
        equal(len(found["books"]), 3, "number of books")
        book = await answer(client, "get_book", {"book_id": found["books"][1]["id"]})
        equal(book["title"], found["books"][1]["title"], "title")

    async def refusals():
        wrong = await failed(client, "search_books", {"limit": "three"})
        ok("/limit" in wrong, f"the text points at the argument: {wrong}")
        missing = await failed(client, "get_book", {"book_id": "no-such-book"})
        ok("404" in missing, missing)
        down = await failed(client, "delivery_times", {})
        ok("503" in down, down)

    async def slow():
        report_of_sales = asyncio.create_task(answer(client, "sales_report", {"seconds": 1}))
        await answer(client, "search_books", {"query": "a"})
        ok(not report_of_sales.done(), "the search ended first")
        await report_of_sales

    async def cancelled():
        try:
            await asyncio.wait_for(client.call_tool("sales_report", {"seconds": 20}), 0.5)
        except TimeoutError:
            await answer(client, "list_genres", {})
            return
        raise AssertionError("the call was answered")

    await report.check("tools/list, all pages", listed)
    await report.check("a call answers with the JSON of the API", answered)
    await report.check("what breaks the schema or the API refuses is a result with isError", refusals)
    await report.check(
        "an unknown tool is -32602",
        lambda: refused(client.call_tool("no_such_tool", {}), INVALID_PARAMS, "no_such_tool"),
    )
    await report.check("a slow call holds up no other", slow)
    await report.check("a call is abandoned and the connection goes on", cancelled)


async def answer(client, name, arguments):
    """The value a call answers with; text and structured content must say the same."""
    result = await client.call_tool(name, arguments)
    ok(not field(result, "isError"), f"{name} failed: {result.content}")
    value = parsed(result.content[0].text)
    if client.version >= STRUCTURED_SINCE:
        equal(field(result, "structuredContent"), value, "structured content beside the text")
    return value


async def failed(client, name, arguments):
    """The text of a call that must fail as a result."""
    result = await client.call_tool(name, arguments)
    equal(field(result, "isError"), True, f"isError of {name}")
    return result.content[0].text
