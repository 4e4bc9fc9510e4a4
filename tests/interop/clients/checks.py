"""Reports checks, one line each, and collects every complaint a client makes.

A complaint is a log record of WARNING or above from any library, or a Python
warning: a client that had to complain met something it did not like.
"""

import asyncio
import json
import logging
import sys
import warnings

CHECK_DEADLINE_SECONDS = 30


class Report:
    """Counts checks of one client against one server."""

    def __init__(self, client):
        self.client = client
        self.passed = 0
        self.failed = 0
        self.complaints = []
        handler = logging.Handler(logging.WARNING)
        handler.emit = lambda record: self.complaints.append(f"{record.name}: {record.getMessage()}")
        logging.getLogger().addHandler(handler)
        warnings.showwarning = self._warning

    def _warning(self, message, category, filename, lineno, file=None, line=None):
        # A deprecated call of the client library is ours to answer for, not the server's.
        if not category.__name__.endswith("DeprecationWarning"):
            self.complaints.append(f"{category.__name__}: {message}")

    async def check(self, name, body):
        """Runs one named check; a failure is printed and the next check goes on."""
        try:
            value = await asyncio.wait_for(body(), CHECK_DEADLINE_SECONDS)
        except Exception as error:  # a check may fail in any way; the line says how
            self.failed += 1
            text = " ".join(f"{type(error).__name__}: {error}".split())[:600]
            print(f"FAIL  {self.client}: {name}: {text}", flush=True)
            return None
        self.passed += 1
        print(f"ok    {self.client}: {name}", flush=True)
        return value

    async def finish(self):
        """Prints the verdict and gives the exit code."""

        async def silent():
            ok(not self.complaints, " | ".join(self.complaints))

        await self.check("no client-side complaint", silent)
        print(f"{self.client}: {self.passed} passed, {self.failed} failed", flush=True)
        return 0 if self.failed == 0 else 1


def ok(condition, what):
    """Fails the check unless the condition holds."""
    if not condition:
        raise AssertionError(what)


def equal(actual, expected, what):
    """Fails the check unless both values are equal."""
    ok(actual == expected, f"{what}: expected {expected!r}, got {actual!r}")


async def refused(awaitable, code, what):
    """Expects a JSON-RPC error with this code."""
    try:
        value = await awaitable
    except Exception as error:  # each release has its own error class; all carry `.error.code`
        detail = getattr(error, "error", None)
        equal(getattr(detail, "code", None), code, f"{what}: error code ({error})")
        return
    raise AssertionError(f"{what}: expected error {code}, got {value!r}")


def parsed(text):
    """The JSON value in a text block."""
    return json.loads(text)


def main(coroutine):
    """Runs the coroutine and exits with the code it gives."""
    sys.exit(asyncio.run(coroutine))
