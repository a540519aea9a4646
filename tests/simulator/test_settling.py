"""The demo's three towns: tenants, departments, people who can sign in, signed agreements."""

import stat

import pytest
from argon2 import PasswordHasher

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import GRANTABLE, Role, resident_of
from tamamo.kernel.identity.model import INSTALLATION
from tamamo.kernel.settings import Settings
from tamamo.kernel.towns.agreement import State
from tamamo.kernel.towns.code import is_code
from tamamo.simulator import people, settling
from tamamo.simulator.city import TOWNS
from tamamo.simulator.commands import _logins


@pytest.fixture
async def broker(settings: Settings):
    settings.home.mkdir()
    async with open_broker(settings) as opened:
        yield opened


async def rows(broker: Broker, statement: str) -> list[tuple]:
    async with transaction(broker.pool) as connection:
        return await (await connection.execute(statement)).fetchall()


async def test_the_towns_are_there_with_their_codes_and_share_by_signed_agreements(broker):
    await settling.settle(broker)
    towns = {town.name: town for town in broker.towns.all()}
    assert {town.tenant for town in TOWNS} == towns.keys()
    assert [towns[name].title("ja") for name in sorted(towns)] == ["綾川町", "高松市", "観音寺市"]
    assert all(is_code(town.code) for town in towns.values())
    assert {share.owner for share in broker.towns.shares("default")} == {"ayagawa", "kanonji"}
    for agreement in await broker.agreements.listed():
        assert agreement.state(time.now()) is State.IN_FORCE
        assert agreement.owner_signature.by != agreement.reader_signature.by
    access = await broker.identity.access(resident_of("default"), "ayagawa")
    assert access.read.allows([settling.GAUGES])


async def test_there_is_somebody_of_every_role_and_passwords_fit(broker):
    await settling.settle(broker)
    assert {person.role for person in people.PEOPLE} == {role.value for role in GRANTABLE}
    kept = dict(await rows(broker, "select email, password from accounts_user"))
    assert kept.keys() == {person.email for person in people.PEOPLE}
    for person in people.PEOPLE[:2]:
        hashed = kept[person.email].removeprefix("argon2")
        assert PasswordHasher().verify(hashed, people.password(broker.settings.home, person))
    passwords = {people.password(broker.settings.home, person) for person in people.PEOPLE}
    assert len(passwords) == len(people.PEOPLE)


async def test_roles_are_held_where_they_should_be(broker):
    await settling.settle(broker)
    held = {
        (email, tenant, role)
        for email, tenant, role in await rows(
            broker,
            "select u.email, g.tenant, g.role from role_grant g"
            " join accounts_user u on g.subject = 'user:' || u.id",
        )
    }
    assert held == {(person.email, person.tenant, person.role) for person in people.PEOPLE}
    editor = next(p for p in people.PEOPLE if p.login == "editor.ayagawa")
    number = (await rows(broker, f"select id from accounts_user where email = '{editor.email}'"))[
        0
    ][0]
    actor = await broker.identity.user(number)
    access = await broker.identity.access(actor, "ayagawa")
    assert access.roles == {Role.EDITOR}
    assert access.write.allows([settling.GAUGES])
    assert not access.write.allows(["https://example.org/Person"])
    elsewhere = await broker.identity.access(actor, "kanonji")
    assert not elsewhere.write


async def test_a_second_start_changes_nothing_that_somebody_changed(broker):
    await settling.settle(broker)
    await broker.town_service.change(
        INSTALLATION, "ayagawa", titles={"ja": "あやがわ", "en": "Aya"}
    )
    (agreement,) = [one for one in await broker.agreements.listed() if one.terms.owner == "kanonji"]
    approver = await broker.identity.actor_of(agreement.owner_signature.by)
    await broker.agreements.revoke(approver, "kanonji", agreement.id, "no longer")
    before = await rows(broker, "select count(*) from audit_event")
    await settling.settle(broker)
    assert await rows(broker, "select count(*) from audit_event") == before
    assert broker.towns.get("ayagawa").title("ja") == "あやがわ"
    assert {share.owner for share in broker.towns.shares("default")} == {"ayagawa"}


async def test_what_cannot_be_settled_does_not_stop_the_demo(broker):
    await settling.settle(broker)
    async with transaction(broker.pool) as connection:
        await connection.execute("delete from sharing_agreement")
        await connection.execute("update accounts_user set is_active = false")
    await settling.settle(broker)
    assert await broker.agreements.listed() == []


def test_logins_are_said_once_and_kept_for_their_owner(tmp_path):
    (tmp_path / "secrets").mkdir()
    first = _logins(tmp_path, known=people.are_known(tmp_path))
    admin = people.PEOPLE[0]
    assert people.password(tmp_path, admin) in first
    again = _logins(tmp_path, known=people.are_known(tmp_path))
    assert people.password(tmp_path, admin) not in again
    file = tmp_path / "secrets" / "demo-logins.txt"
    assert str(file) in again
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert people.password(tmp_path, admin) in file.read_text("utf-8")
