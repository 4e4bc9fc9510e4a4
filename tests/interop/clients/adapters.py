"""One face for the Python clients: each adapter maps the journey's calls to its release's own.

Field names differ (camelCase in 1.x, snake_case in 2.x), so `field` reads either.
"""

from contextlib import asynccontextmanager
from datetime import timedelta

import mcp.types as types
from mcp import ClientSession

REQUEST_TIMEOUT_SECONDS = 20
LOG_LEVEL_KEY = "io.modelcontextprotocol/logLevel"
MISSING = object()


def field(value, camel_name):
    """Reads a field by its wire name, whichever way this release spells it."""
    found = getattr(value, camel_name, MISSING)
    if found is not MISSING:
        return found
    snake_name = "".join(f"_{c.lower()}" if c.isupper() else c for c in camel_name)
    return getattr(value, snake_name)


class Client:
    """What both releases share."""

    def __init__(self, session, logs):
        self.session = session
        self.logs = logs

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
    """The 1.x line: `ClientSession` over `streamablehttp_client`."""

    era = "legacy"

    def __init__(self, session, logs, initialized):
        super().__init__(session, logs)
        self.version = str(initialized.protocolVersion)
        self.server_name = initialized.serverInfo.name

    async def call_tool(self, name, arguments=None, progress=None):
        return await self.session.call_tool(name, arguments, progress_callback=progress)

    async def read_resource(self, uri):
        from pydantic import AnyUrl

        return await self.session.read_resource(AnyUrl(uri))


class ClientV2(Client):
    """The 2.x line: `Client(url, mode=…)`, both eras."""

    def __init__(self, client, logs, era):
        super().__init__(client, logs)
        self.era = era
        self.version = client.protocol_version
        self.server_name = getattr(client.server_info, "name", None)

    async def call_tool(self, name, arguments=None, progress=None, log_level=None):
        meta = {LOG_LEVEL_KEY: log_level} if log_level else None
        return await self.session.call_tool(name, arguments, progress_callback=progress, meta=meta)

    async def read_resource(self, uri):
        return await self.session.read_resource(uri)


@asynccontextmanager
async def connect_v1(url):
    """Connects a 1.x client; leaving the block sends DELETE."""
    from mcp.client.streamable_http import streamablehttp_client

    logs = []

    async def on_log(params):
        logs.append(params)

    timeout = timedelta(seconds=REQUEST_TIMEOUT_SECONDS)
    async with streamablehttp_client(url) as (read, write, _session_id):
        async with ClientSession(read, write, timeout, logging_callback=on_log) as session:
            yield ClientV1(session, logs, await session.initialize())


@asynccontextmanager
async def connect_v2(url, mode, complain):
    """Connects a 2.x client; leaving the block sends DELETE in the legacy era."""
    from mcp import Client as SdkClient

    logs = []

    async def on_log(params):
        logs.append(params)

    async def on_message(message):
        if isinstance(message, Exception):
            complain(f"message handler: {message!r}")

    async with SdkClient(
        url,
        mode=mode,
        read_timeout_seconds=REQUEST_TIMEOUT_SECONDS,
        logging_callback=on_log,
        message_handler=on_message,
    ) as client:
        yield ClientV2(client, logs, "legacy" if mode == "legacy" else "modern")
