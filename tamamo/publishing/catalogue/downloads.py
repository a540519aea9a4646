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
#: Bytes up to which a file is made before it is sent.
_WHOLE: Final = 4 * 1024 * 1024
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
    pieces = engine.download(None, place.town, identifier, form, version=number)
    return await _streamed(request, pieces, headers, MEDIA_TYPES[form])


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


async def _streamed(
    request: Request, pieces: AsyncIterator[bytes], headers: dict[str, str], media: str
) -> Response:
    """Return an answer once its first pieces are there: until then a problem can still be told.

    A small file comes whole or in the part that is asked for: GDAL, and so QGIS, reads files of the
    web part by part (RFC 9110, 14.2).
    """
    begun: list[bytes] = []
    size = 0
    async for piece in pieces:
        begun.append(piece)
        size += len(piece)
        if size > _WHOLE:
            break
    else:
        return _whole(request, b"".join(begun), headers, media)

    async def every() -> AsyncIterator[bytes]:
        for piece in begun:
            yield piece
        async for piece in pieces:
            yield piece

    return StreamingResponse(every(), 200, headers, media)


def _whole(request: Request, body: bytes, headers: dict[str, str], media: str) -> Response:
    headers = {**headers, "Accept-Ranges": "bytes"}
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
        return Response(body, 200, headers, media)
    first, last = int(asked[1]), min(int(asked[2] or len(body)), len(body) - 1)
    if first > last:
        headers["Content-Range"] = f"bytes */{len(body)}"
        return Response(None, 416, headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
    return Response(body[first : last + 1], 206, headers, media)


addresses.register()


_PATH: Final = f"/data/{{id}}/{{folder:{addresses.FOLDER}}}{{file:{addresses.FILE}}}"

routes = [Route(f"{prefix}{_PATH}", file) for prefix in ("", "/t/{town}")]
