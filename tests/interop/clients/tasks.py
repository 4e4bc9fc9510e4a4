"""Calls that become tasks, by what a client has for the tasks of 2025-11-25."""

import re

import mcp.types as types

from checks import equal, ok

TTL_MS = 60_000


async def tasks(client, report):
    """Made, looked at, asked by, listed and cancelled."""
    await report.check("a task is made, looked at, and its result taken", lambda: watched(client))
    await report.check("a task asks its client", lambda: asks(client))
    await report.check("a task is listed, and cancelled for good", lambda: cancelled(client))


async def watched(client):
    """Follows a task to its end."""
    task = await begin(client, "slow_compute", {"seconds": 2, "label": "interop"})
    equal((task.status, task.ttl), ("working", TTL_MS), "the new task")
    said = [status.statusMessage async for status in client.tasks.poll_task(task.taskId)]
    seconds = re.compile(r"\d of 2 seconds")
    ok(any(seconds.fullmatch(message or "") for message in said), f"where it is: {said}")
    equal(await result(client, task), "interop: computed for 2 seconds", "result")


async def asks(client):
    """The question comes where the result is waited for."""
    client.person.expect([{"action": "accept", "content": {"confirm": True}}])
    task = await begin(client, "confirm_delete", {"filename": "a.txt"})
    equal(await result(client, task), "a.txt would be deleted", "result")
    asked = [(question["kind"], question["message"]) for question in client.person.asked]
    equal(asked, [("form", "Delete a.txt?")], "asked")


async def cancelled(client):
    """A task that nobody wants any more."""
    task = await begin(client, "slow_compute", {"seconds": 60})
    listed = await client.tasks.list_tasks()
    ok(any(one.taskId == task.taskId for one in listed.tasks), "it is listed")
    equal((await client.tasks.cancel_task(task.taskId)).status, "cancelled", "the answer")
    found = await client.tasks.get_task(task.taskId)
    equal(found.status, "cancelled", "what is found afterwards")


async def begin(client, name, arguments):
    """Calls a tool as a task."""
    created = await client.tasks.call_tool_as_task(name, arguments, ttl=TTL_MS)
    return created.task


async def result(client, task):
    """The text of the result, once there is one."""
    answer = await client.tasks.get_task_result(task.taskId, types.CallToolResult)
    return answer.content[0].text
