"""One face for the Python clients: each adapter maps the journey's calls to its release's own.

Field names differ (camelCase in 1.x, snake_case in 2.x), so `field` reads either.
"""

import asyncio
from contextlib import asynccontextmanager

import mcp.types as types

LOG_LEVEL_KEY = "io.modelcontextprotocol/logLevel"
MISSING = object()


def field(value, camel_name):
    """Reads a field by its wire name, whichever way this release spells it."""
    found = getattr(value, camel_name, MISSING)
    if found is not MISSING:
        return found
    snake_name = "".join(f"_{c.lower()}" if c.isupper() else c for c in camel_name)
    return getattr(value, snake_name)


class Heard:
    """Keeps what a client is told beside answers: logs, and the names of what changed."""

    def __init__(self, complain):
        self.logs = []
        self.changed = []
        self.progress = None
        self._complain = complain

    async def on_log(self, params):
        self.logs.append(params)

    async def on_message(self, message):
        """`tools` for a changed list of tools, the URI for a changed resource."""
        if isinstance(message, Exception):
            self._complain(f"message handler: {message!r}")
        message = getattr(message, "root", message)
        if isinstance(message, types.ToolListChangedNotification):
            self.changed.append("tools")
        elif isinstance(message, types.ResourceUpdatedNotification):
            self.changed.append(str(message.params.uri))
        elif isinstance(message, types.ProgressNotification) and self.progress:
            await self.progress(message.params.progress, message.params.total)


class PendingCall:
    """A call that somebody may lose interest in."""

    def __init__(self, call, tell_server=None):
        self._task = asyncio.create_task(call)
        self._tell_server = tell_server

    async def cancel(self):
        if self._tell_server:
            await self._tell_server()
        self._task.cancel()
        await asyncio.wait([self._task])


class Client:
    """What all releases share."""

    # Whether every request asks for log messages of every level.
    asks_for_logs = False
    # What there is for the tasks of 2025-11-25.
    tasks = None

    def __init__(self, session, heard, person):
        self.session = session
        self.logs = heard.logs
        self.changed = heard.changed
        self.person = person

    async def list_tools(self):
        return await self._pages("list_tools", "tools")

    async def list_resources(self):
        return await self._pages("list_resources", "resources")

    async def list_templates(self):
        return await self._pages("list_resource_templates", "resourceTemplates")

    async def list_prompts(self):
        return await self._pages("list_prompts", "prompts")

    async def get_prompt(self, name, arguments=None):
        return await self.session.get_prompt(name, arguments)

    async def ping(self):
        return await self.session.send_ping()

    async def set_log_level(self, level):
        return await self.session.set_logging_level(level)

    async def complete(self, prompt, argument, value):
        ref = types.PromptReference(type="ref/prompt", name=prompt)
        return (await self.session.complete(ref, {"name": argument, "value": value})).completion

    async def _pages(self, method, items_name):
        items, cursor = [], None
        for _ in range(100):
            arguments = {} if cursor is None else {"cursor": cursor}
            page = await getattr(self.session, method)(**arguments)
            items.extend(field(page, items_name))
            cursor = field(page, "nextCursor")
            if cursor is None:
                return items
        raise AssertionError(f"{items_name}: more than 100 pages")


class ClientV1(Client):
    """The 1.x line: `ClientSession` over a transport of its own."""

    era = "legacy"

    def __init__(self, session, heard, person, can, initialized):
        super().__init__(session, heard, person)
        self._heard = heard
        self.can = can
        self.version = str(initialized.protocolVersion)
        self.server_name = initialized.serverInfo.name
        # Releases that know 2025-11-25 have something for its tasks.
        self.tasks = getattr(session, "experimental", None)

    async def call_tool(self, name, arguments=None, progress=None):
        if progress is None:
            return await self.session.call_tool(name, arguments)
        if self.version > "2024-11-05":
            return await self.session.call_tool(name, arguments, progress_callback=progress)
        return await self._call_with_token(name, arguments, progress)

    async def _call_with_token(self, name, arguments, progress):
        """Releases before 1.9 have no callback; the token is sent by hand."""
        self._heard.progress = progress
        meta = {"progressToken": name}
        params = types.CallToolRequestParams.model_validate(
            {"name": name, "arguments": arguments, "_meta": meta}
        )
        call = types.ClientRequest(types.CallToolRequest(method="tools/call", params=params))
        return await self.session.send_request(call, types.CallToolResult)

    async def read_resource(self, uri):
        from pydantic import AnyUrl

        return await self.session.read_resource(AnyUrl(uri))

    def cancellable(self, name, arguments, progress):
        """This line cancels nothing by itself; the notification is sent by hand."""
        issued = []

        async def call():
            issued.append(self.session._request_id)
            await self.call_tool(name, arguments, progress)

        async def tell_server():
            params = types.CancelledNotificationParams(requestId=issued[0], reason="changed my mind")
            cancelled = types.CancelledNotification(method="notifications/cancelled", params=params)
            await self.session.send_notification(types.ClientNotification(cancelled))

        return PendingCall(call(), tell_server)

    @asynccontextmanager
    async def watching(self, uri):
        from pydantic import AnyUrl

        await self.session.subscribe_resource(AnyUrl(uri))
        yield
        await self.session.unsubscribe_resource(AnyUrl(uri))


class ClientV2(Client):
    """The 2.x line: `Client(url, mode=…)`, both eras."""

    can = {"form", "url", "sampling", "roots"}

    def __init__(self, client, heard, person):
        super().__init__(client, heard, person)
        self.version = client.protocol_version
        self.era = "modern" if self.version >= "2026-07-28" else "legacy"
        self.server_name = getattr(client.server_info, "name", None)

    async def call_tool(self, name, arguments=None, progress=None, log_level=None):
        meta = {LOG_LEVEL_KEY: log_level} if log_level else None
        return await self.session.call_tool(name, arguments, progress_callback=progress, meta=meta)

    async def read_resource(self, uri):
        return await self.session.read_resource(uri)

    def cancellable(self, name, arguments, progress):
        return PendingCall(self.call_tool(name, arguments, progress))

    @asynccontextmanager
    async def watching(self, uri):
        if self.era == "legacy":
            await self.session.subscribe_resource(uri)
            yield
            await self.session.unsubscribe_resource(uri)
        else:
            async with self._listen(tools_list_changed=True, resource_subscriptions=[uri]):
                yield

    def _listen(self, **wanted):
        return self.session.listen(**wanted)


class ClientFast(ClientV2):
    """The client of fastmcp, above a session of the 2.x line; it stays below in what it does not have."""

    asks_for_logs = True

    async def call_tool(self, name, arguments=None, progress=None, log_level=None):
        meta = {LOG_LEVEL_KEY: log_level} if log_level else None
        return await self.session.call_tool_mcp(name, arguments or {}, progress_handler=progress, meta=meta)

    async def read_resource(self, uri):
        return await self.session.read_resource_mcp(uri)

    async def get_prompt(self, name, arguments=None):
        return await self.session.get_prompt_mcp(name, arguments)

    async def ping(self):
        return await self.session.ping()

    async def complete(self, prompt, argument, value):
        ref = types.PromptReference(type="ref/prompt", name=prompt)
        return await self.session.complete(ref, {"name": argument, "value": value})

    @asynccontextmanager
    async def watching(self, uri):
        if self.era == "legacy":
            await self.session.session.subscribe_resource(uri)
            yield
            await self.session.session.unsubscribe_resource(uri)
        else:
            async with super().watching(uri):
                yield

    def _listen(self, **wanted):
        from mcp.client.subscriptions import listen

        return listen(self.session.session, **wanted)

    async def _pages(self, method, items_name):
        return await super()._pages(f"{method}_mcp", items_name)
