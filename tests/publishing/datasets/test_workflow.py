"""From a file to the public: two people, reports, refusals with numbers, roll-back in one act."""

import io

import msgspec
import openpyxl
import pytest
from psycopg.types.json import Jsonb

from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import Role
from tamamo.publishing.datasets import (
    DatasetConflict,
    DatasetRefused,
    Metadata,
    RowsQuery,
    UnknownDataset,
    UnknownVersion,
    Words,
)
from tamamo.registers import intake
from tests.publishing.datasets.conftest import Hall, person, table

HEADER = ("番号", "名称", "座席数", "緯度", "経度")


def halls(first: int = 1, last: int = 8, **changes: str) -> str:
    """Return a department's CSV of invented halls."""
    return table(
        HEADER,
        [
            (f"K{n:03}", changes.get(f"K{n:03}", f"模擬ホール{n}"), n * 10, 34.3 + n / 1000,
             134.0 + n / 1000)
            for n in range(first, last + 1)
        ],
    )  # fmt: skip


async def test_two_people_bring_a_file_to_the_public(hall: Hall) -> None:
    made = await hall.dataset("halls", cycle="monthly", tags=("ホール",))
    assert made.state == "draft" and made.version is None
    with pytest.raises(UnknownDataset):
        await hall.datasets.one(None, hall.tenant, "halls")
    version = await hall.checked("halls", hall.file("halls.csv", halls(), "cp932"))
    assert (version.state, version.number) == ("checked", 1), version.reason
    assert version.counts == {"in": 8, "out": 8, "rejected": 0} and version.reports.added == 8
    assert version.reports.privacy is not None
    assert [field.role for field in version.fields] == ["key", "", "", "latitude", "longitude"]
    draft = await hall.datasets.rows(hall.officer, hall.tenant, "halls", RowsQuery(version=1))
    assert draft.total == 8
    with pytest.raises(UnknownDataset):
        await hall.datasets.rows(None, hall.tenant, "halls", RowsQuery(version=1))

    await hall.datasets.submit(hall.officer, "halls", 1, note="4月分")
    with pytest.raises(Forbidden):
        await hall.datasets.approve(hall.officer, "halls", 1)
    shown = await hall.datasets.approve(
        hall.approver, "halls", 1, seen_privacy=True, privacy_note="模擬"
    )
    assert shown.state == "published" and shown.current
    public = await hall.datasets.one(None, hall.tenant, "halls")
    assert public.version == 1 and public.rows == 8 and public.next_due is not None
    assert "geojson" in public.formats and not public.overdue
    acts = await hall.datasets.acts(hall.officer, "halls")
    assert [act.action.removeprefix("dataset.") for act in acts] == [
        "publish", "submit", "check", "settle", "begin", "create",
    ]  # fmt: skip
    told = await hall.datasets.changes(hall.tenant)
    assert [(one.kind, one.version, one.note) for one in told] == [("published", 1, "4月分")]


async def test_what_was_withdrawn_does_not_come_back_with_the_next_version(hall: Hall) -> None:
    await hall.dataset("halls")
    await hall.published("halls", hall.file("a.csv", halls(K003="まちがえた氏名")))
    await hall.datasets.unpublish(hall.approver, "halls", "氏名が入っていた")
    told = await hall.datasets.changes(hall.tenant)
    assert (told[0].kind, told[0].note) == ("unpublished", ""), "why is not told to everybody"
    await hall.published("halls", hall.file("b.csv", halls()))
    assert [one.number for one in await hall.datasets.versions(None, hall.tenant, "halls")] == [2]
    with pytest.raises(UnknownVersion):
        await hall.datasets.rows(None, hall.tenant, "halls", RowsQuery(version=1))
    with pytest.raises(UnknownVersion):
        await hall.datasets.compare(None, hall.tenant, "halls", 1, 2)
    kept = await hall.datasets.version(hall.officer, hall.tenant, "halls", 1)
    assert kept.reason is not None and kept.reason.code == "withdrawn"
    await hall.datasets.roll_back(hall.approver, "halls", 1)
    assert len(await hall.datasets.versions(None, hall.tenant, "halls")) == 2


async def test_next_months_file_and_back_in_one_act(hall: Hall) -> None:
    await hall.dataset("halls")
    await hall.published("halls", hall.file("a.csv", halls()))
    begun = await hall.datasets.begin(
        hall.officer, "halls", hall.file("b.csv", halls(2, 9, K003="新しい名")), "b.csv"
    )
    assert begun.recipe is not None, "the mapping of the last file is proposed"
    assert await hall.datasets.differences(hall.officer, "halls", 2) == []
    recipe = msgspec.convert(begun.recipe, intake.Recipe)
    await hall.datasets.settle(hall.officer, "halls", 2, recipe)
    checked = await hall.datasets.check(hall.officer, "halls", 2)
    reports = checked.reports
    assert (reports.against, reports.added, reports.removed, reports.changed) == (1, 1, 1, 1)
    await hall.datasets.submit(hall.officer, "halls", 2)
    await hall.datasets.approve(hall.approver, "halls", 2, seen_privacy=True, privacy_note="模擬")
    found = await hall.datasets.compare(None, hall.tenant, "halls", 1, 2)
    assert [(one.kind, one.key) for one in found.rows] == [
        ("added", "K009"), ("removed", "K001"), ("changed", "K003"),
    ]  # fmt: skip
    assert found.rows[2].fields == ("name",) or len(found.rows[2].fields) == 1
    with pytest.raises(Forbidden):
        await hall.datasets.roll_back(hall.officer, "halls", 1)
    back = await hall.datasets.roll_back(hall.approver, "halls", 1, note="誤り")
    assert back.version == 1 and back.rows == 8
    gone = await hall.datasets.unpublish(hall.officer, "halls", "確認のため")
    assert gone.state == "unpublished"
    with pytest.raises(UnknownDataset):
        await hall.datasets.rows(None, hall.tenant, "halls")
    again = await hall.datasets.roll_back(hall.approver, "halls", 2)
    assert (again.state, again.version) == ("published", 2)
    kinds = [one.kind for one in await hall.datasets.changes(hall.tenant)]
    assert kinds == ["rolled_back", "unpublished", "rolled_back", "published", "published"]


async def test_a_file_that_fits_goes_through_by_itself(hall: Hall) -> None:
    await hall.dataset("halls")
    first = await hall.datasets.take(hall.officer, "halls", hall.file("a.csv", halls()), "a.csv")
    assert first.state == "new", "nobody has settled how it is read"
    await hall.datasets.discard(hall.officer, "halls", 1)
    await hall.published("halls", hall.file("a.csv", halls()))
    fits = await hall.datasets.take(hall.officer, "halls", hall.file("b.csv", halls(1, 9)), "b.csv")
    assert (fits.state, fits.rows, fits.reports.added) == ("checked", 9, 1)
    await hall.datasets.discard(hall.officer, "halls", fits.number)
    other = halls(1, 9).replace("座席数", "定員数")
    odd = await hall.datasets.take(hall.officer, "halls", hall.file("c.csv", other), "c.csv")
    assert odd.state == "new"
    found = await hall.datasets.differences(hall.officer, "halls", odd.number)
    assert any(one.blocking for one in found) and all(one.ja and one.en for one in found)


async def test_refusals_say_the_numbers_and_change_nothing(hall: Hall) -> None:
    await hall.dataset("halls")
    await hall.published("halls", hall.file("a.csv", halls()))
    with pytest.raises(DatasetRefused) as refused:
        await hall.datasets.begin(
            hall.officer, "halls", hall.file("x.xlsx", "%PDF-1.7 nothing"), "x.xlsx"
        )
    assert refused.value.ja and refused.value.en
    with pytest.raises(DatasetRefused):
        await hall.datasets.begin(hall.officer, "halls", hall.file("0.csv", ""), "0.csv")
    few = await hall.checked("halls", hall.file("few.csv", halls(1, 3)))
    with pytest.raises(DatasetConflict) as conflict:
        await hall.datasets.begin(hall.officer, "halls", hall.file("c.csv", halls()), "c.csv")
    assert conflict.value.numbers == {"version": few.number}
    with pytest.raises(DatasetRefused) as lost:
        await hall.datasets.submit(hall.officer, "halls", few.number)
    assert lost.value.code == "lost_rows"
    assert lost.value.numbers == {"removed": 5, "before": 8, "rows": 3}
    await hall.datasets.submit(hall.officer, "halls", few.number, accept_loss=True)
    declined = await hall.datasets.decline(hall.approver, "halls", few.number, "5件足りない")
    assert declined.state == "declined" and declined.reason is not None
    assert declined.reason.ja == "5件足りない"
    assert (await hall.datasets.rows(None, hall.tenant, "halls")).total == 8
    with pytest.raises(DatasetConflict):
        await hall.datasets.submit(hall.officer, "halls", few.number)
    with pytest.raises(UnknownVersion):
        await hall.datasets.roll_back(hall.approver, "halls", few.number)
    assert await hall.all(
        "select count(*) from dataset_file f where not exists (select from dataset_version v"
        " where v.id = f.version)"
    ) == [(0,)]


async def test_rows_that_are_lost_are_counted_and_named(hall: Hall) -> None:
    await hall.dataset("halls")
    body = halls().partition("\n")[2]
    await hall.dataset("twice")
    half = await hall.checked("twice", hall.file("twice.csv", halls() + body), key="番号")
    assert half.reason is not None and half.reason.code == "half_lost"
    assert (half.counts["rejected"], half.counts["out"]) == (8, 8)
    thrice = hall.file("thrice.csv", halls() + body + body)
    failed = await hall.checked("halls", thrice, key="番号")
    assert failed.state == "failed" and failed.reason is not None
    assert (failed.reason.code, failed.counts["rejected"], failed.counts["out"]) == (
        "half_lost", 16, 8,
    )  # fmt: skip
    with pytest.raises(DatasetConflict):
        await hall.datasets.submit(hall.officer, "halls", 1)
    await hall.datasets.discard(hall.officer, "halls", 1)
    once_more = hall.file("twice.csv", halls() + body.splitlines()[0] + "\n")
    checked = await hall.checked("halls", once_more, key="番号")
    assert checked.state == "checked" and checked.counts == {"in": 9, "out": 8, "rejected": 1}
    (reject,) = checked.reports.rejects
    assert reject["number"] == 10 and reject["ja"] and reject["en"]
    assert checked.reports.reasons == {"double_key": 1}
    book = b"".join([one async for one in hall.datasets.rejects(hall.officer, "halls", 2)])
    sheet = openpyxl.load_workbook(io.BytesIO(book)).active
    assert sheet is not None and sheet.max_row == 2
    kept = b"".join([one async for one in hall.datasets.original(hall.officer, "halls", 2)])
    assert kept == once_more.read_bytes()
    recipe = msgspec.convert(checked.recipe, intake.Recipe)
    columns = [
        msgspec.structs.replace(one, kind="integer") if one.source == "名称" else one
        for one in recipe.columns
    ]
    with pytest.raises(DatasetRefused) as refused:
        await hall.datasets.settle(
            hall.officer, "halls", 2, msgspec.structs.replace(recipe, columns=columns)
        )
    assert refused.value.code == "drops_half" and refused.value.numbers["findings"]
    assert (await hall.datasets.version(hall.officer, hall.tenant, "halls", 2)).state == "checked"


async def test_an_approval_is_of_what_was_compared(hall: Hall) -> None:
    """Somebody rolls back between the check and the signature."""
    await hall.dataset("halls")
    await hall.published("halls", hall.file("a.csv", halls()))
    await hall.published("halls", hall.file("b.csv", halls(1, 9)))
    await hall.checked("halls", hall.file("c.csv", halls(1, 10)))
    await hall.datasets.submit(hall.officer, "halls", 3)
    await hall.datasets.roll_back(hall.approver, "halls", 1)
    with pytest.raises(DatasetConflict) as conflict:
        await hall.datasets.approve(
            hall.approver, "halls", 3, seen_privacy=True, privacy_note="模擬"
        )
    assert conflict.value.code == "stale"
    await hall.datasets.take_back(hall.officer, "halls", 3)
    assert (await hall.datasets.check(hall.officer, "halls", 3)).reports.against == 1


async def test_who_may_what(hall: Hall) -> None:
    other = person(3, Role.EDITOR, hall.tenant, "建設課")
    machine = person(4, Role.OPERATOR, hall.tenant)
    elsewhere = person(5, Role.APPROVER, "another")
    await hall.all(
        "insert into org_unit (tenant, id, name, position, valid_from)"
        " values (%s, '総務課', '総務課', 0, '2020-01-01') returning 1",
        hall.tenant,
    )
    await hall.dataset("halls", unit="総務課")
    for somebody in (other, machine, elsewhere):
        assert not hall.datasets.rights(somebody, await hall.datasets.one(
            hall.officer, hall.tenant, "halls")).write  # fmt: skip
    with pytest.raises(Forbidden):
        await hall.datasets.describe(other, "halls", Metadata(title=Words("別の題")))
    with pytest.raises(DatasetRefused) as refused:
        await hall.datasets.create(hall.officer, "other", Metadata(title=Words(""), unit="ない課"))
    assert set(refused.value.numbers["members"]) == {"title", "unit"}
    with pytest.raises(DatasetRefused):
        await hall.dataset("Bad Id")
    with pytest.raises(DatasetRefused):
        await hall.dataset("halls")
    told = await hall.datasets.describe(
        hall.officer, "halls", Metadata(title=Words("模擬のホール", "Halls"), unit="総務課")
    )
    assert told.title.en == "Halls"
    assert await hall.datasets.open_versions(elsewhere) == []


async def test_a_place_that_the_towns_map_does_not_show_is_said(hall: Hall) -> None:
    async with transaction(hall.broker.pool) as connection:
        view = Jsonb({"longitude": 134.0, "latitude": 34.3, "zoom": 10})
        told = "update tenant set map_view = %s where name = %s"
        await connection.execute(told, [view, hall.tenant])
        await connection.execute("update town_generation set generation = generation + 1")
    await hall.broker.towns.refresh()
    await hall.dataset("far")
    far = halls().replace("34.302,134.002", "35.68,139.76")
    version = await hall.checked("far", hall.file("far.csv", far))
    profile = await hall.datasets.profile(hall.officer, "far", version.number)
    (doubt,) = [one for one in profile.every_doubt() if one.code == "outside_area"]
    assert doubt.rows == [3]
    assert version.counts["out"] == 8 and version.reports.tally["reasons"]["outside_area"] == 1
