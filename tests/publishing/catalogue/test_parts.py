"""Parts of a file are parts of one and the same file."""

import asyncio

import pytest

from tamamo.publishing.catalogue import parts
from tamamo.publishing.catalogue.parts import Parts, Whole


async def test_a_file_is_kept_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, fixed, live = Parts(), Whole('"v1-csv"', b"a"), Whole('W/"x-100-csv"', b"b")
    kept.keep("fixed", fixed)
    kept.keep("live", live)
    assert kept.find("fixed", '"v1-csv"') is fixed
    assert kept.find("fixed", '"v2-csv"') is None, "another version is public by now"
    assert kept.find("live", 'W/"x-105-csv"') is live, "later data would not fit its first part"
    monkeypatch.setattr(parts, "_SECONDS", 0.0)
    kept.keep("third", fixed)
    assert kept.find("fixed", '"v1-csv"') is None, "memory is bounded"
    await asyncio.sleep(0.01)
    assert kept.find("third", '"v1-csv"') is None
    assert kept.find("live", live.tag) is live
