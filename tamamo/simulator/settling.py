"""The demo's towns before anything happens in them: tenants, departments, people, agreements.

What is there already stays as it is: whoever tries the demo may change all of it.
"""

import asyncio
from datetime import date
from pathlib import Path
from typing import Final

import structlog

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.kernel import jobs, sql, time
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.errors import Problem
from tamamo.kernel.identity import Actor, Role, grants, organisation, system
from tamamo.kernel.identity.organisation import Listed
from tamamo.kernel.towns import ALL_TYPES, DEFAULT, Limits, MapView, Town
from tamamo.kernel.towns.agreement import State, Terms
from tamamo.kernel.towns.share import ACTIONS
from tamamo.simulator import calls, people
from tamamo.simulator.people import DEPARTMENTS, IN_CHARGE, PEOPLE, Person

_SQL = sql.load("tamamo.simulator")
_logger = structlog.get_logger()

_BY: Final = system("demo")
GAUGES, RAIN, TIDE, SHELTERS = (
    DEFAULT_VOCABULARY + name
    for name in ("FloodMonitoring", "WeatherObserved", "SeaConditions", "EvacuationShelter")
)
_OPEN: Final = frozenset({GAUGES, RAIN, TIDE, SHELTERS})
#: From when the invented departments are.
_SINCE: Final = date(2026, 4, 1)
_LIMITS: Final = Limits(entities=50_000, requests=60_000, storage=20 * 10**9)

TOWNS: Final = (
    Town(
        DEFAULT, {"ja": "高松市", "en": "Takamatsu"}, "372013",
        map_view=MapView(134.045, 34.29, 9.6), public_types=frozenset({ALL_TYPES}),
    ),
    Town(
        "ayagawa", {"ja": "綾川町", "en": "Ayagawa"}, "373877",
        map_view=MapView(133.935, 34.235, 11.2), limits=_LIMITS, public_types=_OPEN,
    ),
    Town(
        "kanonji", {"ja": "観音寺市", "en": "Kan-onji"}, "372056",
        map_view=MapView(133.675, 34.120, 11.2), limits=_LIMITS, public_types=_OPEN,
    ),
)  # fmt: skip

#: Owner, reader, types, purpose: neighbours on one plain, and a city down the coast.
_SHARED: Final = (
    ("ayagawa", DEFAULT, {GAUGES, RAIN}, "上流の水位を高松市民の避難判断に使う"),
    (DEFAULT, "ayagawa", {GAUGES, RAIN}, "隣接する市の水位を綾川町民に知らせる"),
    ("kanonji", DEFAULT, {GAUGES}, "香川県西部の水位を広域で見る"),
)


async def settle(broker: Broker) -> None:
    """Make what is missing of the demo's towns and people.

    Somebody may have changed them so that not all of it can be: then the rest is left.
    """
    try:
        await _settle(broker)
    except Problem as problem:
        _logger.warning("demo_not_settled", why=problem.detail)


async def _settle(broker: Broker) -> None:
    await _make_towns(broker)
    for person in PEOPLE:
        await _make_account(broker, person)
    async with transaction(broker.pool) as connection:
        await _make_departments(connection)
        for person in PEOPLE:
            await _grant(connection, person)
        await _make_duty(connection)
        await _warn_once(connection)
        await jobs.defer(connection, "dataset.demo", tenant=DEFAULT, actor=_BY.subject, once=True)
        await jobs.defer(
            connection, "data_requests.demo", tenant=DEFAULT, actor=_BY.subject, once=True
        )
        await jobs.defer(connection, "plan.demo", tenant=DEFAULT, actor=_BY.subject, once=True)
        await _map_once(connection)
    broker.identity.forget()
    await _agree(broker)
    _logger.info("demo_settled", towns=len(TOWNS), people=len(PEOPLE))


async def _warn_once(connection: Connection) -> None:
    """Have an example of a warning made (tamamo.publishing), where there never was one."""
    cursor = await connection.execute(_SQL["never_warned"], {"tenant": DEFAULT})
    if await cursor.fetchone() is not None:
        await jobs.defer(connection, "warnings.demo", tenant=DEFAULT, actor=_BY.subject, once=True)


async def _map_once(connection: Connection) -> None:
    """Have facilities of the universal design map made, where there never was one."""
    cursor = await connection.execute(_SQL["never_mapped"], {"tenant": DEFAULT})
    if await cursor.fetchone() is not None:
        await jobs.defer(
            connection, "facilities.demo", tenant=DEFAULT, actor=_BY.subject, once=True
        )


async def _make_towns(broker: Broker) -> None:
    for town in TOWNS:
        known = broker.towns.get(town.name)
        if known is None:
            await broker.town_service.create(_BY, town)
        elif not known.titles:
            await broker.town_service.change(
                _BY,
                town.name,
                titles=town.titles,
                code=town.code,
                map_view=town.map_view,
                limits=known.limits if town.name == DEFAULT else town.limits,
                public_types=known.public_types or town.public_types,
            )


async def _make_departments(connection: Connection) -> None:
    for tenant, paths in DEPARTMENTS.items():
        if not await organisation.units(connection, tenant):
            units = [Listed(path) for path in paths]
            await organisation.install(connection, _BY, tenant, units, on=_SINCE)
            for kind in sorted(_OPEN):
                await organisation.declare(connection, tenant, kind, IN_CHARGE[tenant])


async def _make_duty(connection: Connection) -> None:
    for tenant in IN_CHARGE:
        approver = next(p for p in PEOPLE if p.role == Role.APPROVER and p.tenant == tenant)
        number = await _user_id(connection, approver)
        subject = None if number is None else f"user:{number}"
        await calls.settle(connection, tenant, subject, by=_BY.subject)


async def _make_account(broker: Broker, person: Person) -> None:
    async with transaction(broker.pool) as connection:
        if await _user_id(connection, person) is not None:
            return
    hashed = await asyncio.to_thread(_hashed, broker.settings.home, person)
    async with transaction(broker.pool) as connection:
        if await _user_id(connection, person) is not None:
            return
        cursor = await connection.execute(
            _SQL["create_account"],
            {
                "email": person.email,
                "name": person.name,
                "password": hashed,
                "language": person.language,
                "home": person.home,
            },
        )
        row = await cursor.fetchone()
        assert row is not None
        told = {"email": person.email, "name": person.name, "simulated": True}
        event = Event(person.home, _BY.subject, "user.create", f"user:{row[0]}", None, told)
        await append(connection, event)


def _hashed(home: Path, person: Person) -> str:
    from argon2 import PasswordHasher  # noqa: PLC0415 - once in the life of a home

    # As tamamo.accounts.hashers.Argon2 does, so that nothing is hashed anew at the first sign-in.
    hasher = PasswordHasher(time_cost=3, memory_cost=19 * 1024, parallelism=1)
    return "argon2" + hasher.hash(people.password(home, person))


async def _user_id(connection: Connection, person: Person) -> int | None:
    cursor = await connection.execute(_SQL["find_account"], {"email": person.email})
    row = await cursor.fetchone()
    return None if row is None else int(row[0])


async def _grant(connection: Connection, person: Person) -> None:
    """Give somebody the role, unless they were ever given one."""
    number = await _user_id(connection, person)
    if number is None:
        return
    subject = f"user:{number}"
    if await grants.listing(connection, subject=subject, ended=True):
        return
    role = Role(person.role)
    kinds = sorted(_OPEN) if role is Role.DEVELOPER else None
    await grants.give(connection, _BY, subject, person.tenant, role, unit=person.unit, types=kinds)


async def _agree(broker: Broker) -> None:
    """Have the approvers of both sides sign what is shared, where nobody ever agreed on it."""
    signers = await _approvers(broker)
    known = await broker.agreements.listed()
    for owner, reader, types, purpose in _SHARED:
        if any((one.terms.owner, one.terms.reader) == (owner, reader) for one in known):
            continue
        terms = Terms(
            owner,
            reader,
            frozenset(types),
            frozenset(ACTIONS),
            time.now(),
            purpose=f"{purpose}（模擬）",
        )
        made = await broker.agreements.propose(signers[reader], reader, terms)
        for side in (owner, reader):
            made = await broker.agreements.sign(signers[side], side, made.id, via=_BY.subject)
        assert made.state(time.now()) is State.IN_FORCE


async def _approvers(broker: Broker) -> dict[str, Actor]:
    """Return town → its approver, who here answers for all that the town shares."""
    found = {}
    for person in PEOPLE:
        if person.role != Role.APPROVER:
            continue
        async with transaction(broker.pool) as connection:
            number = await _user_id(connection, person)
        if number is not None:
            found[person.tenant] = await broker.identity.user(number)
    return found
