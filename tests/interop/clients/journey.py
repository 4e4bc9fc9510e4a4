"""Walks one Python client through one server: `journey.py SERVER MODE VERSION URL`.

SERVER is `everything` or `bookshop`. MODE is `v1` for the 1.x line, else the mode of the 2.x
`Client`. VERSION is the protocol revision the two must agree on.
"""

import importlib.metadata
import sys

from adapters import connect_v1, connect_v2
from bookshop import bookshop
from checks import Report, equal, main, ok
from everything import everything

SERVERS = {"everything": everything, "bookshop": bookshop}


async def journey(server, mode, version, url):
    """Connect, look at everything, leave."""
    release = importlib.metadata.version("mcp")
    report = Report(f"mcp {release} {mode} -> {server}")
    connection = connect_v1(url) if mode == "v1" else connect_v2(url, mode, report.complaints.append)

    async def agreed():
        equal(client.version, version, "version")
        # A client that is pinned to a modern revision asks nothing at connect.
        ok(client.server_name or mode == version, "the server gave its name")

    # Entering and leaving must happen in one task, outside the deadline wrapper of `check`.
    try:
        async with connection as client:
            await report.check(f"negotiated {version}", agreed)
            await SERVERS[server](client, report)
        print(f"ok    {report.client}: connect and close")
    except Exception as error:  # whatever it is, connecting or closing failed
        report.complaints.append(f"connect or close: {error!r}")
    return await report.finish()


if __name__ == "__main__":
    main(journey(*sys.argv[1:5]))
