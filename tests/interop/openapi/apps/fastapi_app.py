"""A FastAPI app as people write them: models, an enum, a header, a file, a form, credentials, errors of its own."""

from enum import Enum
from typing import Annotated

from fastapi import Depends, FastAPI, File, Form, Header, HTTPException, Query, UploadFile
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, Field

app = FastAPI(title="Shelf", version="1.2.3")
key = APIKeyHeader(name="X-Key")


class Kind(str, Enum):
    """What it is."""

    book = "book"
    map = "map"


class Item(BaseModel):
    """One thing on the shelf."""

    title: str = Field(min_length=1, max_length=40)
    kind: Kind = Kind.book
    pages: int | None = Field(default=None, ge=1)
    tags: list[str] = []


class Kept(Item):
    """With its id."""

    id: int


shelf: dict[int, Kept] = {}


def checked(given: Annotated[str, Depends(key)]):
    if given != "letmein":
        raise HTTPException(403, "another key")


@app.get("/items", operation_id="list_items")
def list_items(kind: Kind | None = None, tag: Annotated[list[str], Query()] = []) -> list[Kept]:
    wanted = (it for it in shelf.values() if kind in (None, it.kind))
    return [it for it in wanted if set(tag) <= set(it.tags)]


@app.post("/items", status_code=201, operation_id="add_item", dependencies=[Depends(checked)])
def add_item(item: Item) -> Kept:
    kept = Kept(id=len(shelf) + 1, **item.model_dump())
    shelf[kept.id] = kept
    return kept


@app.get("/items/{item_id}", operation_id="get_item")
def get_item(item_id: int) -> Kept:
    if item_id not in shelf:
        raise HTTPException(404, "no such item")
    return shelf[item_id]


@app.post("/covers", operation_id="add_cover")
def add_cover(file: Annotated[UploadFile, File()], title: Annotated[str, Form()]) -> dict[str, int]:
    return {title: len(file.file.read())}


@app.get("/echo/{text}", operation_id="echo")
def echo(text: str, x_trace: Annotated[str, Header()]) -> dict[str, str]:
    return {"text": text, "trace": x_trace}
