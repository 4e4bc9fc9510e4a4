"""Walks one Python client through one server: `journey.py SERVER CLIENT VERSION URL [OTHER]`.

SERVER is `everything` or `bookshop`; CLIENT is explained in connections.py; VERSION is the protocol
revision the two must agree on; OTHER is another node of the same server.
"""

import importlib.metadata
import sys

from bookshop import bookshop
from checks import Report, equal, main, ok
from connections import connection, reconnect_v1
from everything import everything

SERVERS = {"everything": everything, "bookshop": bookshop}


async def journey(server, name, version, url, other=None):
    """Connect, look at everything, leave."""
    package = "fastmcp-slim" if name.startswith("fastmcp:") else "mcp"
    report = Report(f"{package} {importlib.metadata.version(package)} {name} -> {server}")

    async def agreed():
        equal(client.version, version, "version")
        # A client that is pinned to a modern revision asks nothing at connect.
        ok(client.server_name or name == version, "the server gave its name")

    def reconnect_there(*session):
        return reconnect_v1(other if other and session else url, *session)

    reconnect = reconnect_there if name == "v1" else None
    # Entering and leaving must happen in one task, outside the deadline wrapper of `check`.
    try:
        async with connection(name, url, report.complaints.append) as client:
            await report.check(f"negotiated {version}", agreed)
            await SERVERS[server](client, report, reconnect)
        print(f"ok    {report.client}: connect and close")
    except Exception as error:  # whatever it is, connecting or closing failed
        report.complaints.append(f"connect or close: {error!r}")
    return await report.finish()


if __name__ == "__main__":
    main(journey(*sys.argv[1:]))
