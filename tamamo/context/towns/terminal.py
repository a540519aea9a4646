"""What both verbs share: options, their values, and a database."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.database import Pool, open_pool
from tamamo.kernel.errors import SetupError
from tamamo.kernel.home import api_key
from tamamo.kernel.identity import Identity
from tamamo.kernel.installation import opened
from tamamo.kernel.time import JST
from tamamo.kernel.towns import ALL_TYPES, Towns
from tamamo.kernel.towns.agreements import AgreementService
from tamamo.kernel.towns.service import TownService

T = TypeVar("T")

_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE: Final = re.compile(r"([0-9]{1,15})([KMGT]?)B?", re.IGNORECASE)
#: What takes a limit away.
NONE: Final = "none"

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)


@dataclass(frozen=True, slots=True)
class Office:
    """The services on the database of an installation."""

    pool: Pool
    identity: Identity
    towns: TownService
    agreements: AgreementService


def run(home: Path | None, work: Callable[[Office], Awaitable[T]]) -> T:
    """Do something with the services, beside a running server or without one."""

    async def main() -> T:
        assert settings.database_url is not None
        async with open_pool(settings.database_url, 2) as pool:
            known = Towns(pool)
            identity = Identity(pool, api_key(settings.home))
            office = Office(
                pool, identity, TownService(pool, known), AgreementService(pool, known, identity)
            )
            return await work(office)

    with opened(kernel_settings.load({"home": home})) as settings:
        return asyncio.run(main())


class Number(click.ParamType[Any]):
    """A limit: a number, 500M or 20G (10⁶, 10⁹), or `none` for no limit."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or NONE."""
        if not isinstance(value, str) or value == NONE:
            return value
        found = _SIZE.fullmatch(value)
        if found is None:
            self.fail(f"{value!r} is no number such as 1000, 500M, 20G, or {NONE}", param, ctx)
        return int(found[1]) * _UNITS[found[2].upper()]


class Moment(click.ParamType[datetime]):
    """A day or a moment, in Japan's time unless it says otherwise."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment, aware."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day or time such as 2027-04-01T09:00", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=JST)


def iri(name: str) -> str:
    """Return the IRI of a type or attribute: short names are of the default vocabulary."""
    return name if ":" in name or name == ALL_TYPES else DEFAULT_VOCABULARY + name


def short(text: str) -> str:
    """Return a type or attribute as people read it."""
    return text.removeprefix(DEFAULT_VOCABULARY)


def at(moment: datetime | None) -> str:
    """Return a moment in Japan's time, a dash without one."""
    return "—" if moment is None else f"{moment.astimezone(JST):%Y-%m-%d %H:%M} JST"


async def user_of(office: Office, text: str) -> int:
    """Return the id of the user a text names: an e-mail or user:<id>. Raises SetupError."""
    kind, _, number = text.partition(":")
    if kind == "user" and number.isdecimal():
        return int(number)
    async with office.pool.connection() as connection:
        cursor = await connection.execute(
            "select id from accounts_user where lower(email) = lower(%s)", [text]
        )
        row = await cursor.fetchone()
    if row is None:
        raise SetupError(f"There is no user {text!r}")
    return int(row[0])
