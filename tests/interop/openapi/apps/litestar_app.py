"""A litestar app: handlers with paths, queries, bodies and an error of its own."""

from dataclasses import dataclass, field

from litestar import Litestar, get, post
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig


@dataclass
class Note:
    """A note."""

    text: str
    stars: int = 0
    tags: list[str] = field(default_factory=list)


notes: list[Note] = []


@post("/notes", operation_id="add_note")
async def add_note(data: Note) -> Note:
    notes.append(data)
    return data


@get("/notes", operation_id="list_notes")
async def list_notes(tag: str | None = None) -> list[Note]:
    return [it for it in notes if tag is None or tag in it.tags]


@get("/notes/{number:int}", operation_id="get_note")
async def get_note(number: int) -> Note:
    if not 1 <= number <= len(notes):
        raise NotFoundException("no such note")
    return notes[number - 1]


app = Litestar(
    [add_note, list_notes, get_note], openapi_config=OpenAPIConfig(title="Notes", version="2.0.0")
)
