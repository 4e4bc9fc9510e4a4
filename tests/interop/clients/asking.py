"""Questions of the server to its client, from the table that the TypeScript clients use too.

The same handlers must ask and answer the same through every client, whatever its revision.
"""

import asyncio
import json
import uuid
from pathlib import Path

from adapters import field
from checks import equal, ok

CASES = json.loads(Path(__file__).with_name("asking.json").read_text(encoding="utf-8"))
AT_ONCE_SECONDS = 2
CANNOT_BE_ASKED = ("cannot be asked", "not declare")


async def asking(client, report):
    """Walks through the table."""
    for entry in CASES:
        expected = {**entry, **entry.get(client.version, {})}
        able = set(entry["needs"]) <= client.can
        name = entry["name"] if able else f"{entry['name']}: not by this client, which is told at once"
        body = answered if able else refused_at_once
        await report.check(name, lambda body=body, expected=expected: body(client, expected))


async def answered(client, expected):
    """The call asks what it should and ends as it should."""
    client.person.expect(expected["answers"])
    text, failure = await outcome_of(client, expected["call"])
    if expected.get("failure"):
        ok(expected["failure"] in (failure or ""), f"expected a failure, got {text!r}, {failure!r}")
    else:
        equal((text, failure), (expected["text"], None), "outcome")
    equal(seen(client.person.asked, expected["asked"]), expected["asked"], "asked")
    equal(client.person.answers, [], "answers that nobody wanted")


async def refused_at_once(client, expected):
    """A client that cannot be asked is told why."""
    client.person.expect([])
    outcome = outcome_of(client, expected["call"])
    text, failure = await asyncio.wait_for(outcome, AT_ONCE_SECONDS)
    ok(any(reason in (failure or "") for reason in CANNOT_BE_ASKED), f"got {text!r}, {failure!r}")
    equal(client.person.asked, [], "asked")


async def outcome_of(client, call):
    """The text a call ended with, and what it failed with: a result that is an error, or an error."""
    given = call.get("arguments", {})
    arguments = {name: str(uuid.uuid4()) if value == "UNIQUE" else value for name, value in given.items()}
    try:
        if "prompt" in call:
            return (await client.get_prompt(call["prompt"])).messages[0].content.text, None
        if "resource" in call:
            return (await client.read_resource(call["resource"])).contents[0].text, None
        result = await client.call_tool(call["tool"], arguments)
    except Exception as error:  # each release has its own error class
        return None, str(error)
    text = result.content[0].text
    return (None, text) if field(result, "isError") else (text, None)


def seen(asked, expected):
    """Of each question what the table says of it; those asked at once may come in any order."""
    in_order = sorted(asked, key=lambda question: question["kind"])
    return [
        {key: question.get(key) for key in (expected[index] if index < len(expected) else question)}
        for index, question in enumerate(in_order)
    ]
