"""Rows of a kept version: pages, filters, words, order, boxes; and what is copied in."""

import random

import pytest

from tamamo.publishing.datasets import BadDatasetQuery, RowsQuery, UnknownDataset, UnknownVersion
from tamamo.publishing.datasets import rows as stored
from tamamo.publishing.datasets.folding import fold
from tamamo.publishing.datasets.model import RowPage
from tests.publishing.datasets.conftest import Hall, row


def names(page: RowPage) -> list[str]:
    """Return the keys of a page's rows."""
    return [str(one.values["id"]) for one in page.rows]


async def shown(hall: Hall, number: int = 30) -> None:
    rows = [row(n) for n in range(1, number + 1)]
    rows[4] |= {"name": "サンポート　ホール", "seats": None}
    rows[7] |= {"latitude": None, "longitude": None}
    rows[9] |= {"name": 'tab\t "quoted" \\ back\nline', "seats": 7}
    await hall.dataset("halls")
    await hall.shown("halls", rows)


async def test_pages(hall: Hall) -> None:
    await shown(hall)

    async def page(**asked: object) -> RowPage:
        return await hall.datasets.rows(None, hall.tenant, "halls", RowsQuery(**asked))  # type: ignore[arg-type]

    first = await page(limit=2)
    assert (names(first), first.total, first.more) == (["K001", "K002"], 30, True)
    assert names(await page(limit=2, offset=28)) == ["K029", "K030"]
    assert names(await page(limit=2, after=28)) == ["K029", "K030"]
    assert (await page(limit=2, offset=28)).more is False
    assert (await page(offset=4, limit=1)).rows[0].values["seats"] is None
    odd = (await page(filters={"seats": "7"})).rows[0]
    assert odd.values["name"] == 'tab\t "quoted" \\ back\nline' and odd.number == 10
    assert names(await page(filters={"seats": [20, 30]})) == ["K002", "K003"]
    assert names(await page(q="さんぽーと ﾎｰﾙ")) == ["K005"]
    assert names(await page(sort=("-seats",), limit=2)) == ["K030", "K029"]
    assert names(await page(sort=("-seats",), offset=29)) == ["K005"], "without value comes last"
    assert names(await page(sort=("seats",), limit=1)) == ["K010"] and first.version == 1
    some = await page(fields=("name",), limit=1)
    assert list(some.rows[0].values) == ["name"] and some.rows[0].longitude == 134.001
    with pytest.raises(BadDatasetQuery):
        await page(filters={"nothing": 1})
    with pytest.raises(BadDatasetQuery):
        await page(sort=("nothing",))


async def test_a_box_takes_what_is_in_it(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    await shown(hall)
    box = (134.0045, 34.3, 134.0095, 34.4)
    page = await hall.datasets.rows(None, hall.tenant, "halls", RowsQuery(bbox=box))
    assert names(page) == ["K005", "K006", "K007", "K009"] and page.total == 4
    found = await hall.datasets.points(None, hall.tenant, "halls", box)
    assert sorted(one.number for one in found) == [5, 6, 7, 9]
    monkeypatch.setattr(stored, "_DENSE", 3)
    again = await hall.datasets.rows(None, hall.tenant, "halls", RowsQuery(bbox=box))
    assert again == page, "found the other way round"
    dataset = await hall.datasets.one(None, hall.tenant, "halls")
    assert dataset.bbox == pytest.approx((134.001, 34.301, 134.03, 34.33)) and dataset.located


async def test_what_is_not_there(hall: Hall) -> None:
    await hall.dataset("empty-one")
    with pytest.raises(UnknownDataset):
        await hall.datasets.rows(None, hall.tenant, "empty-one")
    with pytest.raises(UnknownVersion):
        await hall.datasets.rows(hall.officer, hall.tenant, "empty-one")
    with pytest.raises(UnknownDataset):
        await hall.datasets.rows(None, hall.tenant, "never-heard-of")
    await shown(hall)
    with pytest.raises(UnknownDataset):
        await hall.datasets.one(None, "another", "halls")
    assert (await hall.datasets.row(None, hall.tenant, "halls", 3)).values["id"] == "K003"
    with pytest.raises(UnknownVersion):
        await hall.datasets.row(None, hall.tenant, "halls", 31)
    with pytest.raises(UnknownVersion):
        await hall.datasets.version(None, hall.tenant, "halls", 2)


async def test_texts_are_folded_as_the_database_folds_them(hall: Hall) -> None:
    chance = random.Random(7)
    blocks = [(0x20, 0x7E), (0xA1, 0x17F), (0x3041, 0x30FE), (0x4E00, 0x4F00), (0xFF01, 0xFF9F)]
    texts = [
        "".join(chr(chance.randint(*chance.choice(blocks))) for _ in range(12)) for _ in range(300)
    ]
    found = await hall.all(
        "select array(select register_fold(t) from unnest(%s::text[]) with ordinality as x (t, n)"
        " order by n)",
        texts,
    )
    assert found[0][0] == [fold(text) for text in texts]
