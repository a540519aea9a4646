"""What a picture that a stranger sends may cost, and what is left of it."""

import io

import pytest
from PIL import Image

from tamamo.kernel.uploads import UploadRefused
from tamamo.publishing.facilities import photos


def picture(size: tuple[int, int], kind: str, **said: object) -> io.BytesIO:
    """Return a file of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind, **said)
    file.seek(0)
    return file


@pytest.mark.parametrize(("size", "kind"), [((5_200, 5_200), "PNG"), ((7_400, 7_400), "JPEG")])
def test_more_pixels_than_there_is_memory_for_are_refused_undecoded(size, kind) -> None:
    with pytest.raises(UploadRefused) as caught:
        photos.cleaned(picture(size, kind), "a.png")
    assert caught.value.code == "too_many_pixels"


def test_a_picture_is_made_smaller_upright_and_bare() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8825] = 6, "模擬カメラ", {1: "N", 2: (34.0, 20.0, 1.0)}
    made = photos.cleaned(picture((3_200, 2_400), "JPEG", exif=exif), "a.jpg")
    assert (made.width, made.height) == (1_200, 1_600)
    with Image.open(io.BytesIO(made.body)) as kept:
        assert kept.format == "JPEG" and not kept.getexif() and "exif" not in kept.info
    assert "模擬カメラ".encode() not in made.body


async def test_one_picture_is_decoded_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio
    import time

    now = most = 0

    def slow(file: object, name: str) -> photos.Picture:
        nonlocal now, most
        now += 1
        most = max(most, now)
        time.sleep(0.02)
        now -= 1
        return photos.Picture(b"", 1, 1)

    monkeypatch.setattr(photos, "cleaned", slow)
    await asyncio.gather(*(photos.clean(io.BytesIO(), "a.jpg") for _ in range(4)))
    assert most == 1
