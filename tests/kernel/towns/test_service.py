"""Tenants are made, changed and suspended by those who may, and every act is noted."""

from dataclasses import replace

import pytest

from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity.model import ANONYMOUS, Role
from tamamo.kernel.towns import InvalidTown, Limits, MapView, Town, Towns
from tamamo.kernel.towns.errors import NoSuchTown, TownExists
from tests.kernel.towns.conftest import ADMIN, Office, person, titled

AYAGAWA = Town(
    "ayagawa",
    {"ja": "綾川町", "en": "Ayagawa"},
    "373877",
    ("ja",),
    MapView(133.923, 34.25, 11.5),
    Limits(entities=500, requests=600, storage=10**9),
    frozenset({"https://example.org/Shelter"}),
)


def test_a_map_shows_a_square_of_ground() -> None:
    west, south, east, north = MapView(134.0, 34.3, 10).box
    assert (west, east) == pytest.approx((133.725, 134.275), abs=0.001)
    # A degree of longitude is shorter on the ground than one of latitude.
    assert (south, north) == pytest.approx((34.073, 34.527), abs=0.001)


async def test_a_town_is_made_as_it_was_described(office: Office) -> None:
    await office.service.create(ADMIN, AYAGAWA)
    assert office.towns.get("ayagawa") == AYAGAWA
    elsewhere = Towns(office.pool)
    await elsewhere.refresh()
    assert elsewhere.get("ayagawa") == AYAGAWA
    assert await office.audited("ayagawa") == [("user:1", "tenant.create", "tenant:ayagawa")]
    entry = await office.service.entry("ayagawa")
    assert entry.created_by == "user:1"
    assert [(use.quota, use.used, use.limit) for use in entry.uses] == [
        ("entities", 0, 500),
        ("requests", 0, 600),
        ("storage", 0, 10**9),
    ]


async def test_the_default_tenant_is_there_and_open_to_everybody(office: Office) -> None:
    default = office.towns.get("default")
    assert default is not None
    assert default.everything_public
    assert default.title("ja") == "default"
    assert office.towns.get("kanonji") is None


async def test_a_new_town_shows_nothing_unless_its_maker_says_so(office: Office) -> None:
    made = await office.service.create(ADMIN, titled("kanonji"))
    assert made.public_types == frozenset()
    assert not made.everything_public


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"name": "Ayagawa"}, {"name"}),
        ({"name": "a b"}, {"name"}),
        ({"name": "a" * 64}, {"name"}),
        ({"name": "../x"}, {"name"}),
        ({"titles": {}}, {"title_ja", "title_en"}),
        ({"titles": {"ja": "綾川町", "en": " "}}, {"title_en"}),
        ({"titles": {"ja": "綾川町\n", "en": "Ayagawa"}}, {"title_ja"}),
        ({"code": "373878"}, {"code"}),
        ({"languages": ()}, {"languages"}),
        ({"languages": ("ja", "fr")}, {"languages"}),
        ({"languages": ("ja", "ja")}, {"languages"}),
        ({"map_view": MapView(200, 34, 10)}, {"map_view"}),
        ({"map_view": MapView(133, 34, 1)}, {"map_view"}),
        ({"limits": Limits(-1, 0, -1)}, {"max_entities", "max_requests", "max_storage"}),
        ({"limits": Limits(requests=2**31)}, {"max_requests"}),
        ({"public_types": frozenset({"Shelter"})}, {"public_types"}),
        ({"public_types": frozenset({"urn:x y"})}, {"public_types"}),
        ({"name": "A", "code": "1"}, {"name", "code"}),
    ],
)
async def test_every_wrong_field_is_named_and_nothing_made(
    office: Office, wrong: dict[str, object], fields: set[str]
) -> None:
    with pytest.raises(InvalidTown) as caught:
        await office.service.create(ADMIN, replace(AYAGAWA, **wrong))  # type: ignore[arg-type]
    assert {fault.field for fault in caught.value.faults} == fields
    assert caught.value.status == 422
    assert len(await office.service.listed()) == 1


async def test_a_name_and_a_code_are_had_once(office: Office) -> None:
    await office.service.create(ADMIN, AYAGAWA)
    with pytest.raises(TownExists) as caught:
        await office.service.create(ADMIN, AYAGAWA)
    assert caught.value.extra["field"] == "name"
    with pytest.raises(TownExists) as caught:
        await office.service.create(ADMIN, replace(AYAGAWA, name="other"))
    assert caught.value.extra["field"] == "code"
    with pytest.raises(TownExists):
        await office.service.change(ADMIN, "default", code="373877", titles=AYAGAWA.titles)


async def test_only_operators_of_the_installation_make_and_limit_towns(office: Office) -> None:
    await office.service.create(ADMIN, AYAGAWA)
    own = person(2, "ayagawa", Role.OPERATOR)
    for actor in (own, person(3, "default", Role.OPERATOR), ANONYMOUS):
        with pytest.raises(Forbidden):
            await office.service.create(actor, titled("x"))
        with pytest.raises(Forbidden):
            await office.service.change(actor, "ayagawa", limits=Limits())
        with pytest.raises(Forbidden):
            await office.service.suspend(actor, "ayagawa", "why")
        with pytest.raises(Forbidden):
            await office.service.resume(actor, "ayagawa")
    changed = await office.service.change(own, "ayagawa", titles={"ja": "綾川", "en": "Aya"})
    assert changed.title("ja") == "綾川"
    with pytest.raises(Forbidden):
        await office.service.change(person(3, "default", Role.OPERATOR), "ayagawa", titles={})


async def test_a_change_is_noted_with_what_was_before(office: Office) -> None:
    await office.service.create(ADMIN, AYAGAWA)
    await office.service.change(ADMIN, "ayagawa", limits=Limits(entities=7))
    await office.service.change(ADMIN, "ayagawa", limits=Limits(entities=7))  # nothing to do
    async with office.pool.connection() as connection:
        cursor = await connection.execute(
            "select before, after from audit_event where tenant = 'ayagawa' and seq > 1"
        )
        rows = await cursor.fetchall()
    assert rows == [
        (
            {"max_entities": 500, "max_requests": 600, "max_storage": 10**9},
            {"max_entities": 7, "max_requests": None, "max_storage": None},
        )
    ]


async def test_a_suspended_town_is_known_as_such_and_goes_on_later(office: Office) -> None:
    await office.service.create(ADMIN, AYAGAWA)
    with pytest.raises(InvalidTown):
        await office.service.suspend(ADMIN, "ayagawa", "  ")
    with pytest.raises(InvalidTown):
        await office.service.suspend(ADMIN, "default", "no")
    await office.service.suspend(ADMIN, "ayagawa", "unpaid")
    town = office.towns.get("ayagawa")
    assert town is not None
    assert town.suspended
    await office.service.resume(ADMIN, "ayagawa")
    assert office.towns.get("ayagawa") == AYAGAWA
    actions = [action for _, action, _ in await office.audited("ayagawa")]
    assert actions == ["tenant.create", "tenant.suspend", "tenant.resume"]


async def test_what_there_is_not_cannot_be_changed(office: Office) -> None:
    with pytest.raises(NoSuchTown):
        await office.service.change(ADMIN, "nowhere", titles={"ja": "x", "en": "x"})
    with pytest.raises(NoSuchTown):
        await office.service.usage("nowhere")
    with pytest.raises(TypeError):
        await office.service.change(ADMIN, "default", name="other")
    with pytest.raises(TypeError):
        await office.service.change(ADMIN, "default", suspended=True)


async def test_a_tenant_that_a_write_made_keeps_its_name(office: Office) -> None:
    async with office.pool.connection() as connection:
        await connection.execute("insert into tenant (name) values ('Über uns')")
    changed = await office.service.change(ADMIN, "Über uns", public_types=frozenset({"*"}))
    assert changed.everything_public
    with pytest.raises(InvalidTown):
        await office.service.change(ADMIN, "Über uns", code="1")
