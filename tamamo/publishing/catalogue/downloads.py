"""`/data/<id>/<id>.<ext>` and `/data/<id>/v<version>/<id>.<ext>`: datasets as files, streamed."""

import re
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tamamo.publishing.catalogue import addresses
from tamamo.publishing.catalogue.forms import split_name
from tamamo.publishing.catalogue.parts import MOST, Parts, Whole
from tamamo.publishing.catalogue.towns import REFUSED, asked_place, refusal
from tamamo.publishing.datasets import (
    MEDIA_TYPES,
    Datasets,
    Format,
    UnknownDataset,
    Version,
    etag,
    file_name,
)

_OPEN: Final = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
#: A version never changes, but it may be withdrawn: nobody keeps it without asking again (ETag).
_FRESH: Final = "no-cache"
#: Never the same twice, to the byte: they come whole.
_NO_PARTS: Final = frozenset({"xlsx"})
_RANGE: Final = re.compile(r"bytes=(\d{1,12})-(\d{1,12})?")


async def file(request: Request) -> Response:
    """Answer a dataset as a file; of a version, or of what is public now."""
    try:
        return await _file(request)
    except REFUSED as problem:
        return refusal(problem, request)


async def _file(request: Request) -> Response:
    place, engine = asked_place(request), Datasets(request.state.broker)
    identifier, named = request.path_params["id"], split_name(request.path_params["file"])
    folder = request.path_params["folder"]
    number = int(folder[1:-1]) if folder else None
    if named is None or named[0] != identifier:
        raise UnknownDataset(f"There is no file {request.path_params['file']!r}")
    dataset = await engine.one(None, place.town, identifier)
    form: Format = named[1].id  # type: ignore[assignment]  # FORMS are those of the engine
    if form not in dataset.formats:
        raise UnknownDataset(f"The dataset {identifier} is not had as {named[1].name}")
    chosen: Version | None = None
    if number is not None:
        chosen = await engine.version(None, place.town, identifier, number)
    name = file_name(dataset.id if number is None else f"{dataset.id}-v{number}", form)
    simulated = "simulated-" if dataset.metadata.simulated else ""
    headers = {
        **_OPEN,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(simulated + name)}",
        "Cache-Control": _FRESH,
        "Link": f'<{place.page(dataset.id)}>; rel="describedby"',
    }
    headers["ETag"] = tag = etag(chosen or dataset, form)
    if tag in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    if request.method == "HEAD":
        # How long it is nobody knows before it is made: a length of 0 would say "empty" (GDAL).
        return StreamingResponse(_nothing(), 200, headers, MEDIA_TYPES[form])
    in_parts = "range" in request.headers and form not in _NO_PARTS
    key = place.town, identifier, number, form
    held = _parts.find(key, tag) if in_parts else None
    if held is not None:
        return _part(request, held, headers, MEDIA_TYPES[form])
    pieces = engine.download(None, place.town, identifier, form, version=number)
    begun, is_whole = await _begin(pieces)
    if not is_whole:
        return StreamingResponse(_every(begun, pieces), 200, headers, MEDIA_TYPES[form])
    whole = Whole(tag, b"".join(begun))
    if form in _NO_PARTS:
        return Response(whole.body, 200, headers, MEDIA_TYPES[form])
    if in_parts:
        _parts.keep(key, whole)
    return _part(request, whole, headers, MEDIA_TYPES[form])


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


async def _begin(pieces: AsyncIterator[bytes]) -> tuple[list[bytes], bool]:
    """Return a file's first pieces, and whether they are all: until then a problem can be told."""
    begun: list[bytes] = []
    size = 0
    async for piece in pieces:
        begun.append(piece)
        size += len(piece)
        if size > MOST:
            return begun, False
    return begun, True


async def _every(begun: list[bytes], pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for piece in begun:
        yield piece
    async for piece in pieces:
        yield piece


def _part(request: Request, whole: Whole, headers: dict[str, str], media: str) -> Response:
    """Return a file, or the part that is asked for: so GDAL, and QGIS, read files of the web."""
    body = whole.body
    headers = {**headers, "Accept-Ranges": "bytes", "ETag": whole.tag}
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", whole.tag) != whole.tag:
        return Response(body, 200, headers, media)
    first, last = int(asked[1]), min(int(asked[2] or len(body)), len(body) - 1)
    if first > last:
        headers["Content-Range"] = f"bytes */{len(body)}"
        return Response(None, 416, headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
    return Response(body[first : last + 1], 206, headers, media)


_parts: Final = Parts()
addresses.register()


_PATH: Final = f"/data/{{id}}/{{folder:{addresses.FOLDER}}}{{file:{addresses.FILE}}}"

routes = [Route(f"{prefix}{_PATH}", file) for prefix in ("", "/t/{town}")]
