"""Photos of facilities: decoded and encoded anew, so that nothing of a file but its pixels stays.

What a camera writes beside them (place, time, model, a thumbnail of the uncut picture) is gone,
and with it whatever else the file might have carried.
"""

import asyncio
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO, Final
from uuid import UUID

from tamamo.kernel import sql, uploads
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import Problem
from tamamo.kernel.uploads import UploadRefused
from tamamo.publishing.facilities.texts import tidy

_SQL: Final = sql.load("tamamo.publishing.facilities")
#: Longer side of what is kept, in pixels, and what a file may unpack to: a JPEG is made smaller
#: while it is decoded, any other has four bytes of memory for each pixel.
LONGEST_SIDE: Final = 1600
MOST_PIXELS: Final = 50_000_000
MOST_PLAIN_PIXELS: Final = 25_000_000
LEAST_SIDE: Final = 200
QUALITY: Final = 82
#: Of one facility, and of one correction.
MOST: Final = 20
MOST_SENT: Final = 3
LONGEST_ALT: Final = 200
#: Of what is decoded there is one in the memory of a process, however many send one.
_one_at_a_time: Final = asyncio.Semaphore(1)


class TooManyPhotos(Problem):
    """The facility or the correction has as many photos as it may have (409)."""

    status = 409
    type = "https://tamamo.example/problems/too-many-photos"
    title = "Too many photos"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept: JPEG without any metadata."""

    body: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """What it is known by."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo without its body. alt_ja, alt_en: what it shows, in words."""

    id: UUID
    entity_id: str
    correction: UUID | None
    state: str
    alt_ja: str
    alt_en: str
    taken_on: date | None
    width: int
    height: int
    created_at: datetime

    def alt(self, language: str) -> str:
        """Return what it shows in a language, in the other one where that is all there is."""
        return (self.alt_en or self.alt_ja) if language == "en" else (self.alt_ja or self.alt_en)


async def clean(file: BinaryIO, name: str) -> Picture:
    """Return a sent file as a picture, one after the other. Raises UploadRefused."""
    async with _one_at_a_time:
        return await asyncio.to_thread(cleaned, file, name)


def cleaned(file: BinaryIO, name: str) -> Picture:
    """Decode a JPEG, PNG or WebP, turn it upright, make it smaller, encode it anew.

    Raises UploadRefused: of another kind, too large, broken, or too small to show anything.
    """
    uploads.inspect(file, name, uploads.IMAGE)
    from PIL import Image, ImageOps  # noqa: PLC0415 - several MB, for those who send a photo

    try:
        with Image.open(file, formats=("JPEG", "PNG", "WEBP")) as opened:
            most = MOST_PIXELS if opened.format == "JPEG" else MOST_PLAIN_PIXELS
            if opened.width * opened.height > most:
                raise _refused("too_many_pixels", most // 1_000_000)
            if min(opened.size) < LEAST_SIDE:
                raise _refused("too_small", LEAST_SIDE)
            # Smaller first: each further step would be a copy of all pixels.
            opened.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(opened)
            flat = Image.new("RGB", upright.size, "white")
            seen = upright.convert("RGBA")
            flat.paste(seen, mask=seen.getchannel("A"))
    except UploadRefused:
        raise
    # Decoders of foreign bytes fail in their own ways; each of them means "not this file".
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise _refused("broken", 0) from error
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return Picture(out.getvalue(), flat.width, flat.height)


def _refused(code: str, limit: int) -> UploadRefused:
    ja, en = {
        "broken": ("写真として読めません。", "It cannot be read as a photo."),
        "too_many_pixels": (
            f"写真が大きすぎます。{limit}メガピクセルまでです。",
            f"The photo has too many pixels: at most {limit} megapixels.",
        ),
        "too_small": (
            f"写真が小さすぎます。縦横とも{limit}ピクセル以上にしてください。",
            f"The photo is too small: at least {limit} pixels each way.",
        ),
    }[code]
    return UploadRefused(422, code, ja, en)


async def add(
    connection: Connection,
    tenant: str,
    entity_id: str,
    picture: Picture,
    *,
    by: str,
    correction: UUID | None = None,
    alt: tuple[str, str] = ("", ""),
    taken_on: date | None = None,
) -> UUID:
    """Keep a photo: of a correction until somebody has looked at it, of staff shown at once.

    alt: Japanese, English. Raises TooManyPhotos.
    """
    values = {"tenant": tenant, "entity": entity_id}
    row = await (await connection.execute(_SQL["photo_count"], values)).fetchone()
    sent = [] if correction is None else await listed(connection, tenant, correction=correction)
    if (row is not None and row[0] >= MOST) or len(sent) >= MOST_SENT:
        raise TooManyPhotos(f"{entity_id} has as many photos as it may have")
    cursor = await connection.execute(
        _SQL["add_photo"],
        {
            **values,
            "correction": correction,
            "state": "shown" if correction is None else "waiting",
            "alt_ja": tidy(alt[0], LONGEST_ALT),
            "alt_en": tidy(alt[1], LONGEST_ALT),
            "taken_on": taken_on,
            "width": picture.width,
            "height": picture.height,
            "body": picture.body,
            "sha256": picture.sha256,
            "by": by,
        },
    )
    made = await cursor.fetchone()
    assert made is not None
    told = {"photo": str(made[0]), "sha256": picture.sha256}
    await append(connection, Event(tenant, by, "facility.photo.add", entity_id, after=told))
    return UUID(str(made[0]))


async def listed(
    connection: Connection,
    tenant: str,
    *,
    entity_id: str | None = None,
    correction: UUID | None = None,
    states: Sequence[str] = ("waiting", "shown"),
) -> list[Photo]:
    """Return photos of a facility or of a correction, or of the whole town."""
    cursor = await connection.execute(
        _SQL["photos"],
        {
            "tenant": tenant,
            "entity": entity_id,
            "correction": correction,
            "states": list(states),
            "limit": 200,
        },
    )
    return [Photo(*row) for row in await cursor.fetchall()]


async def body(connection: Connection, tenant: str, photo: UUID) -> tuple[str, str, bytes] | None:
    """Return facility, state and JPEG of a photo; None where there is none (any more)."""
    cursor = await connection.execute(_SQL["photo_body"], {"tenant": tenant, "id": photo})
    row = await cursor.fetchone()
    return None if row is None else (row[0], row[1], bytes(row[2]))


async def show(
    connection: Connection, tenant: str, photo: UUID, alt: tuple[str, str], *, by: str
) -> bool:
    """Show a photo to everybody, with what it shows in words; False where there is none."""
    told = {"alt_ja": tidy(alt[0], LONGEST_ALT), "alt_en": tidy(alt[1], LONGEST_ALT)}
    return await _decide(connection, "show", {"tenant": tenant, "id": photo, "by": by, **told})


async def remove(connection: Connection, tenant: str, photo: UUID, *, by: str) -> bool:
    """Take a photo away for good; False where there is none."""
    return await _decide(connection, "remove", {"tenant": tenant, "id": photo, "by": by})


async def _decide(connection: Connection, act: str, values: dict[str, Any]) -> bool:
    row = await (await connection.execute(_SQL[f"{act}_photo"], values)).fetchone()
    if row is None:
        return False
    told = {"photo": str(values["id"])}
    event = Event(values["tenant"], values["by"], f"facility.photo.{act}", row[0], after=told)
    await append(connection, event)
    return True
