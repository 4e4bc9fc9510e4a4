"""Whoever sits at the client: answers what the server asks, and keeps what was asked."""

import mcp.types as types

ROOT = {"uri": "file:///home/ada", "name": "home"}
SAMPLED = {
    "role": "assistant",
    "model": "interop",
    "content": {"type": "text", "text": "Paris"},
}


class Person:
    """Callbacks for a session, in the form that every release calls them."""

    def __init__(self):
        self.asked = []
        self.answers = []

    def expect(self, answers):
        """Gets ready for a call that will ask this often."""
        self.asked = []
        self.answers = list(answers)

    async def elicit(self, _context, params):
        """`elicitation/create`: the next answer; `defaults` takes what the form proposes."""
        asked = params.model_dump(by_alias=True, mode="json", exclude_none=True)
        message = asked["message"]
        if asked.get("mode") == "url":
            known = "elicitationId" in asked
            self.asked.append({"kind": "url", "message": message, "url": asked["url"], "id": known})
        else:
            schema = asked["requestedSchema"]
            self.asked.append({"kind": "form", "message": message, "schema": schema})
        if not self.answers:
            raise AssertionError(f"asked once too often: {message}")
        answer = self.answers.pop(0)
        if answer == "defaults":
            answer = {"action": "accept", "content": defaults(schema)}
        return types.ElicitResult.model_validate(answer)

    async def sample(self, _context, params):
        """`sampling/createMessage`."""
        asked = params.model_dump(by_alias=True, mode="json", exclude_none=True)
        content = asked["messages"][0]["content"]
        # From 2025-11-25 on, content may be a list of blocks.
        block = content[0] if isinstance(content, list) else content
        self.asked.append(
            {"kind": "sampling", "prompt": block["text"], "maxTokens": asked["maxTokens"]}
        )
        return types.CreateMessageResult.model_validate(SAMPLED)

    async def roots(self, _context):
        """`roots/list`."""
        self.asked.append({"kind": "roots"})
        return types.ListRootsResult.model_validate({"roots": [ROOT]})


def defaults(schema):
    """The fields that a form proposes a value for."""
    fields = schema["properties"].items()
    return {name: field["default"] for name, field in fields if "default" in field}
