"""Organisation lists: the real one of Takamatsu, reorganisations, what hangs on a unit."""

from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest

from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.errors import Forbidden, SetupError
from tamamo.kernel.identity import ANONYMOUS, Actor, Identity, Role, lists, organisation
from tamamo.kernel.identity.errors import InvalidInput, NotThere
from tamamo.kernel.identity.organisation import Change, Listed
from tamamo.kernel.time import JST, now
from tests.kernel.identity.conftest import GAUGE, KEEPER, SHELTER, Accounts, Run

TODAY = now().astimezone(JST).date()
PAST = TODAY - timedelta(days=200)
CRISIS = "総務局/危機管理課"


def listed(*paths: str) -> list[Listed]:
    return [Listed(tuple(path.split("/"))) for path in paths]


async def install(
    pool: Pool, units: list[Listed], on: date = PAST, by: Actor = KEEPER, **moved: str
) -> Change:
    async with transaction(pool) as connection:
        return await organisation.install(connection, by, "ayagawa", units, on=on, moved=moved)


async def valid(pool: Pool, on: date) -> list[str]:
    async with transaction(pool) as connection:
        return [unit.id for unit in await organisation.units(connection, "ayagawa", on)]


def test_the_real_list_of_takamatsu_is_read_whole(shared_data: Path) -> None:
    path = shared_data / "opendata" / "0083_202604.xlsx"
    sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
    lines = [row for row in sheet.iter_rows(min_row=2, values_only=True) if any(row)]
    found = lists.read(path)
    distinct = {tuple(cell for cell in row[:5] if cell) for row in lines}
    assert {unit.path for unit in found.units} == distinct
    assert len(found.units) + len(found.notes) == len(lines)
    assert {note for _, note in found.notes} == {
        note for _, note in found.notes if "stands in line" in note
    }
    kinds = {unit.id: unit.kind for unit in found.units}
    assert kinds[CRISIS] == "課" and kinds["総務局"] == "局"
    organisation.check(found.units)


async def test_the_real_list_becomes_the_organisation_and_stays_when_read_again(
    pool: Pool, run: Run, shared_data: Path
) -> None:
    found = lists.read(shared_data / "opendata" / "0083_202604.xlsx").units
    first = await install(pool, found)
    assert len(first.added) == len(found) and not first.ended
    assert await valid(pool, PAST) == [unit.id for unit in found]
    assert await valid(pool, PAST - timedelta(days=1)) == []
    again = await install(pool, found, TODAY)
    assert (again.added, again.ended, len(again.kept)) == ((), (), len(found))


async def test_a_new_list_ends_what_it_does_not_name(pool: Pool, run: Run) -> None:
    await install(pool, listed("a", "a/b", "a/c"))
    change = await install(pool, listed("d", "a", "a/c"), TODAY)
    assert (change.added, change.ended, change.kept) == (("d",), ("a/b",), ("a", "a/c"))
    assert await valid(pool, TODAY - timedelta(days=1)) == ["a", "a/b", "a/c"]
    assert await valid(pool, TODAY) == ["d", "a", "a/c"]
    event = await run("select action, actor, after->>'added' from audit_event order by seq desc")
    assert event == ("organisation.import", "system:test", '["d"]')


async def test_a_list_of_the_same_day_corrects_the_one_before(pool: Pool, run: Run) -> None:
    await install(pool, listed("a", "mistyped"))
    await install(pool, listed("a", "typed"))
    assert await valid(pool, PAST) == ["a", "typed"]
    assert (await run("select count(*) from org_unit"))[0] == 2


async def test_a_unit_that_comes_back_has_two_lives(pool: Pool, run: Run) -> None:
    await install(pool, listed("a", "b"))
    await install(pool, listed("a"), PAST + timedelta(days=50))
    await install(pool, listed("a", "b"), PAST + timedelta(days=100))
    lives = [await valid(pool, PAST + timedelta(days=days)) for days in (0, 50, 100)]
    assert lives == [["a", "b"], ["a"], ["a", "b"]]


async def test_an_older_list_is_refused(pool: Pool, run: Run) -> None:
    await install(pool, listed("a"), TODAY)
    with pytest.raises(InvalidInput, match="already"):
        await install(pool, listed("b"), PAST)


@pytest.mark.parametrize(
    "units", [[], ["a", "a"], ["a/b"], ["a", " b"], ["a", "b\n"], ["a", "a//b"], [""]]
)
async def test_what_is_no_organisation_is_refused_and_changes_nothing(
    pool: Pool, run: Run, units: list[str]
) -> None:
    await install(pool, listed("a", "a/b"))
    with pytest.raises(InvalidInput):
        await install(pool, listed(*units), TODAY)
    assert await valid(pool, TODAY) == ["a", "a/b"]


async def test_only_an_operator_of_the_tenant_imports(
    pool: Pool, run: Run, identity: Identity, accounts: Accounts
) -> None:
    await accounts.grant("user:1", "kanonji", Role.OPERATOR)
    await accounts.grant("user:1", "ayagawa", Role.APPROVER)
    user = Actor("user:1", grants=(await identity.actor_of("user:1")).grants)
    for by in (ANONYMOUS, user):
        with pytest.raises(Forbidden):
            await install(pool, listed("a"), by=by)
    async with transaction(pool) as connection:
        with pytest.raises(NotThere):
            await organisation.install(connection, KEEPER, "nowhere", listed("a"), on=TODAY)


async def test_a_grant_for_a_unit_reaches_what_it_and_those_under_it_answer_for(
    pool: Pool, identity: Identity, accounts: Accounts
) -> None:
    await install(pool, listed("総務局", CRISIS, "総務局/危機", "財政局"))
    async with transaction(pool) as connection:
        await organisation.declare(connection, "ayagawa", GAUGE, CRISIS)
        await organisation.declare(connection, "ayagawa", SHELTER, "総務局/危機")
    user = await accounts.user()
    for unit, writes in (
        ("総務局", {GAUGE, SHELTER}),
        ("総務局/危機", {SHELTER}),
        ("財政局", set[str]()),
    ):
        await accounts.run("delete from role_grant")
        await accounts.grant(f"user:{user}", "ayagawa", Role.EDITOR, unit=unit)
        access = await identity.access(await identity.user(user), "ayagawa")
        assert access.write.types == writes
        assert access.read.allows([GAUGE])
        identity.forget()


async def test_a_grant_ends_with_its_unit_and_goes_on_with_the_one_in_its_place(
    pool: Pool, identity: Identity, accounts: Accounts
) -> None:
    await install(pool, listed("a", "a/b", "a/b/c", "x"))
    user = await accounts.user()
    await accounts.grant(f"user:{user}", "ayagawa", Role.EDITOR, unit="a/b/c")
    await accounts.grant(f"user:{user}", "ayagawa", Role.APPROVER, unit="x")
    async with transaction(pool) as connection:
        await organisation.declare(connection, "ayagawa", GAUGE, "a/b/c")
    renewed = listed("a", "a/B", "a/B/c")
    for wrong in ({"a": "a/B"}, {"a/b": "nowhere"}):
        with pytest.raises(InvalidInput):
            await install(pool, renewed, TODAY, **wrong)
    change = await install(pool, renewed, TODAY, **{"a/b": "a/B"})
    assert (change.bound_grants, change.bound_types) == (1, 0)
    actor = await identity.user(user)
    assert [(grant.role, grant.unit) for grant in actor.grants] == [(Role.EDITOR, "a/B/c")]
    assert (await identity.access(actor, "ayagawa")).write.types == {GAUGE}


def test_lists_as_towns_write_them(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(
        "綾川町の組織,,\n部,課,所属名称\n総務部,,総務部\n総務部,財政/税務課,総務部財政/税務課\n"
        ",,\n,,だれ\n総務部,,総務部\n建設部,,建設課\n".encode("cp932")
    )
    found = lists.read(path)
    assert [unit.id for unit in found.units] == ["総務部", "総務部/財政／税務課", "建設部"]
    assert [number for number, _ in found.notes] == [6, 7, 8]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.xlsx", b"PK\x03\x04 no"), ("b.xlsx", b""), ("c.csv", b"\xff\xfe\x81"), ("d.csv", b"a\n")],
)
def test_what_is_no_list_says_so(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SetupError, match=name[0]):
        lists.read(path)
    with pytest.raises(SetupError):
        lists.read(tmp_path / "missing.csv")
