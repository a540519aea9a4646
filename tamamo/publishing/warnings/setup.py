"""A town's setup: who issues, its list of places, its templates; one TOML document a town.

What a town has not written is that of `default.toml`. Every change is a further version.
"""

import re
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import Problem
from tamamo.kernel.identity import Actor
from tamamo.publishing.warnings import content as words_of
from tamamo.publishing.warnings.content import Area, Content, Point, Words

_SQL = sql.load("tamamo.publishing.warnings")
LONGEST: Final = 200_000
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*)){2,}\Z")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")
_GAP: Final = re.compile(r"\{(place|area|value|threshold|time|town)\}")


class InvalidSetup(Problem):
    """The document cannot be read, or something in it cannot be so (422)."""

    status = 422
    type = "https://tamamo.example/problems/invalid-warning-setup"
    title = "Invalid setup of warnings"


class SetupChanged(Problem):
    """Somebody else saved another version meanwhile (409)."""

    status = 409
    type = "https://tamamo.example/problems/warning-setup-changed"
    title = "The setup was changed meanwhile"


class Issuer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who issues. oid: an arc that was given to the town, such as below 2.49.0.0.392; "": ours.

    contact: said in each message. units: the departments that warn, by their paths; (): any.
    """

    oid: str = ""
    contact: str = ""
    units: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place residents know: a district or a school's area. polygon: longitude, latitude."""

    id: str
    name: Words
    polygon: tuple[Point, ...] = ()


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a draft begins with. hours: how long it holds. suits: types of what alerts are about."""

    id: str
    name: Words
    event: Words
    level: int = 0
    hours: float = 6
    headline: Words = Words()
    description: Words = Words()
    instruction: Words = Words()
    category: str = "Met"
    response: str = "Monitor"
    urgency: str = "Expected"
    severity: str = "Moderate"
    certainty: str = "Likely"
    suits: tuple[str, ...] = ()


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A town's whole document."""

    issuer: Issuer = Issuer()
    places: tuple[Place, ...] = ()
    templates: tuple[Template, ...] = ()

    def template(self, name: str) -> Template | None:
        """Return the template of an id."""
        return next((one for one in self.templates if one.id == name), None)

    def place(self, name: str) -> Place | None:
        """Return the place of an id."""
        return next((one for one in self.places if one.id == name), None)


@dataclass(frozen=True, slots=True)
class Kept:
    """A town's document as it stands. version 0: the one every town begins with."""

    version: int
    body: str
    setup: Setup
    by: str = ""
    at: datetime | None = None


@cache
def shipped() -> Kept:
    """Return the document every town begins with."""
    body = files("tamamo.publishing.warnings").joinpath("default.toml").read_text("utf-8")
    return Kept(0, body, parse(body))


def parse(body: str) -> Setup:
    """Return what a document says. Raises InvalidSetup with one sentence."""
    if len(body) > LONGEST:
        raise InvalidSetup(f"At most {LONGEST} characters")
    try:
        setup = msgspec.convert(tomllib.loads(body), Setup)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise InvalidSetup(str(error)) from error
    _check(setup)
    return setup


def _check(setup: Setup) -> None:
    if setup.issuer.oid and not _OID.match(setup.issuer.oid):
        raise InvalidSetup(f"issuer.oid: {setup.issuer.oid!r} is no object identifier")
    if not all(unit.strip("/") == unit != "" for unit in setup.issuer.units):
        raise InvalidSetup("issuer.units: a unit is its path, such as 総務局/危機管理課")
    if not setup.templates:
        raise InvalidSetup("There is no template")
    for kind, listed in (("templates", setup.templates), ("places", setup.places)):
        names = [one.id for one in listed]
        for name in names:
            if not _ID.match(name):
                raise InvalidSetup(f"{kind}: {name!r} is no id (small letters, digits, - and _)")
            if names.count(name) > 1:
                raise InvalidSetup(f"{kind}: {name!r} stands twice")
    for template in setup.templates:
        _check_template(template)
    for place in setup.places:
        if not (place.name.ja and place.name.en):
            raise InvalidSetup(f"places: {place.id!r} needs a name in ja and en")


def _check_places(setup: Setup) -> None:
    """Raise InvalidSetup for a polygon that no CAP document could hold."""
    for place in setup.places:
        if len(place.polygon) > words_of.MOST_POINTS:
            raise InvalidSetup(f"places: {place.id!r}: at most {words_of.MOST_POINTS} corners")
        if place.polygon and not words_of.is_ring(place.polygon):
            raise InvalidSetup(
                f"places: {place.id!r}: polygon is a ring of longitude and latitude, four positions"
                " at least, and the last is the first"
            )


def _check_template(template: Template) -> None:
    kinds: dict[str, tuple[Any, ...]] = {
        "level": words_of.LEVELS,
        "category": words_of.CATEGORIES,
        "response": words_of.RESPONSES,
        "urgency": words_of.URGENCIES,
        "severity": words_of.SEVERITIES,
        "certainty": words_of.CERTAINTIES,
    }
    for name, choices in kinds.items():
        if getattr(template, name) not in choices:
            raise InvalidSetup(f"templates: {template.id!r}: {name} is one of {choices}")
    if not 0 < template.hours <= words_of.LONGEST_TIME.total_seconds() / 3600:
        raise InvalidSetup(f"templates: {template.id!r}: hours is a number up to 336")
    if not (template.name.ja and template.name.en and template.event.ja):
        raise InvalidSetup(f"templates: {template.id!r} needs name (ja, en) and event")


def filled(template: Template, now: datetime, facts: dict[str, Words], area: Area) -> Content:
    """Return the draft a template makes.

    facts: place, value, threshold, time, town, each in both languages; what is not known stays as
    {name}. {area} is filled when the text is shown, since the area may still change.
    """
    return Content(
        event=template.event,
        level=template.level,
        headline=fill(template.headline, facts),
        description=fill(template.description, facts),
        instruction=fill(template.instruction, facts),
        area=area,
        valid_to=now.replace(second=0, microsecond=0) + timedelta(hours=template.hours),
        category=template.category,
        response=template.response,
        urgency=template.urgency,
        severity=template.severity,
        certainty=template.certainty,
    )


def fill(texts: Words, facts: dict[str, Words]) -> Words:
    """Put what is known into the gaps of a text, in each language."""

    def one(text: str, language: str) -> str:
        def known(found: re.Match[str]) -> str:
            fact = facts.get(found[1])
            return fact.get(language) if fact is not None else found[0]

        return _GAP.sub(known, text)

    return Words(*(one(getattr(texts, name), name) for name in ("ja", "en", "easy")))


def gaps(text: str) -> list[str]:
    """Return the gaps of a text that nobody has filled."""
    return [found[0] for found in _GAP.finditer(text)]


async def read(connection: Connection, tenant: str) -> Kept:
    """Return a town's document; that of `default.toml` where it has none of its own."""
    row = await (await connection.execute(_SQL["read_setup"], {"tenant": tenant})).fetchone()
    return shipped() if row is None else Kept(row[0], row[1], parse(row[1]), row[2], row[3])


async def write(connection: Connection, actor: Actor, tenant: str, body: str, was: int) -> Kept:
    """Keep a further version, with its audit row. was: the version it was made from.

    What waits for approval or publication would say something else with other places or another
    issuer than somebody has seen: it is a draft again. Who may is the caller's to see to. Raises
    InvalidSetup, SetupChanged.
    """
    setup = parse(body)
    _check_places(setup)
    values = {"tenant": tenant, "body": body, "by": actor.subject, "was": was}
    await connection.execute(_SQL["lock_tenant"], {"tenant": tenant})
    before = (await read(connection, tenant)).setup
    row = await (await connection.execute(_SQL["write_setup"], values)).fetchone()
    if row is None:
        raise SetupChanged("Somebody saved another version meanwhile; nothing was changed")
    said = {"version": row[0], "templates": [one.id for one in setup.templates]}
    event = Event(tenant, actor.subject, "warning.setup", "warning-setup", {"version": was}, said)
    await append(connection, event)
    if (before.places, before.issuer) != (setup.places, setup.issuer):
        await _take_back(connection, actor, tenant, row[0])
    return Kept(row[0], body, setup, actor.subject, row[1])


async def _take_back(connection: Connection, actor: Actor, tenant: str, version: int) -> None:
    """Make drafts of what was sent for approval or approved, each with its audit row."""
    values = {"tenant": tenant, "by": actor.subject}
    cursor = await connection.execute(_SQL["void_approvals"], values)
    for draft, warning, text in await cursor.fetchall():
        said = {"draft": str(draft), "state": "draft", "version": text, "setup": version}
        event = Event(tenant, actor.subject, "warning.take_back", f"warning:{warning}", None, said)
        await append(connection, event)


async def copy(connection: Connection, actor: Actor, of: str, into: str) -> None:
    """Give one tenant (a drill) what another has, where that is not what every town begins with."""
    kept = await read(connection, of)
    if kept.version:
        there = await read(connection, into)
        await write(connection, actor, into, kept.body, there.version)
