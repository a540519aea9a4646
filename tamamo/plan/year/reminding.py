"""Owners are reminded by mail of what their division has not reported: a service, once a day."""

import asyncio
import tomllib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import structlog

from tamamo import messaging
from tamamo.context.broker import Broker
from tamamo.kernel import time
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.settings import installation_url
from tamamo.kernel.tasks import wanted
from tamamo.kernel.towns import DEFAULT
from tamamo.messaging import Channel, Message

if TYPE_CHECKING:
    from tamamo.plan.year.overview import Due

#: When in Japan: as the working day begins.
_AT: Final = timedelta(hours=9)
#: A mail server that is away for some days does not swallow the reminder.
_LIFETIME: Final = timedelta(days=5)
_logger = structlog.get_logger()


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath("mail.toml").read_text("utf-8"))


def due(now: datetime) -> datetime:
    """Return the next morning at which reminders are looked after, later than now."""
    local = now.astimezone(time.JST)
    at = local.replace(hour=0, minute=0, second=0, microsecond=0) + _AT
    return at if at > local else at + timedelta(days=1)


async def run(broker: Broker) -> None:
    """Remind once a day until cancelled. Several processes at once send no mail twice."""
    while wanted():
        await asyncio.sleep((due(time.now()) - time.now()).total_seconds())
        await once(broker)


async def once(broker: Broker, now: datetime | None = None) -> int:
    """Send what is due today; return how many mails that were, those sent before counted too.

    now: another moment than the present, for tests.
    """
    # Not kept in memory all day for a minute in the morning.
    from tamamo.plan.catalog import the_plan  # noqa: PLC0415
    from tamamo.plan.year import overview  # noqa: PLC0415
    from tamamo.plan.year.desk import PlanYear  # noqa: PLC0415
    from tamamo.plan.year.model import reminded_on, working_year  # noqa: PLC0415
    from tamamo.plan.year.rights import name_of  # noqa: PLC0415

    today = (now or time.now()).astimezone(time.JST).date()
    year = working_year(today)
    day = reminded_on(year, today)
    if day is None:
        return 0
    items = await PlanYear(broker.pool).sheets(DEFAULT, [year])
    late = overview.listed(the_plan(), year, items, today)
    open_ones: dict[str, list[Due]] = {}
    for one in late:
        if one.missing:
            open_ones.setdefault(one.owner.name, []).append(one)
    async with transaction(broker.pool) as connection:
        owners = await _owners(connection)
        held = {name_of(unit) for _address, _language, unit in owners if unit}
        # What a division has nobody for, those of the whole town are told, in one mail.
        orphans = [one for name, all_ in open_ones.items() if name not in held for one in all_]
        mails = []
        for address, language, unit in owners:
            mine = orphans if unit is None else open_ones.get(name_of(unit), [])
            if mine:
                name = unit and name_of(unit)
                mails.append(_mail(broker, (address, language), (year, day), name, mine))
        sent = await messaging.send(connection, mails)
    _logger.info(
        "plan_reminded", year=year, mails=len(sent), open=sum(map(len, open_ones.values()))
    )
    return len(sent)


async def _owners(connection: Connection) -> Sequence[tuple[str, str, str | None]]:
    from tamamo.plan.year import texts  # noqa: PLC0415

    names = {"tenant": DEFAULT, "now": time.now()}
    return await (await connection.execute(texts.SQL["owners"], names)).fetchall()


def _mail(
    broker: Broker,
    to: tuple[str, str],
    when: tuple[int, date],
    division: str | None,
    projects: "Iterable[Due]",
) -> Message:
    from tamamo.plan.catalog import fiscal_year, plan_number, the_plan  # noqa: PLC0415
    from tamamo.plan.year.model import due_day  # noqa: PLC0415

    (address, language), (year, day) = to, when
    language = "en" if language == "en" else "ja"
    said, projects = _texts()[language], list(projects)
    last, town = due_day(year), broker.towns.get(DEFAULT)
    facts = {
        "town": town.title(language) if town else DEFAULT,
        "year": fiscal_year(year).pick(language),
        "due": f"{last.year}年{last.month}月{last.day}日" if language == "ja"
        else f"{last:%-d %b %Y}",
        "division": the_plan().division(division).pick(language) if division else said["nobody"],
        "projects": "\n".join(
            f"- {plan_number(p.folder.manifest.plan)} {p.folder.manifest.name.pick(language)}"
            for p in projects
        ),
    }  # fmt: skip
    late = any(p.late for p in projects)
    path = f"{'/en' if language == 'en' else ''}/staff/{DEFAULT}/plan/?year={year}"
    return Message(
        DEFAULT,
        Channel.MAIL,
        address,
        said["late_subject" if late else "subject"].format(**facts),
        said["text"].format(**facts).strip(),
        url=installation_url(broker.settings) + path,
        about=f"plan:{year}",
        dedupe=f"plan-reminder:{year}:{day}:{division or ''}:{address}",
        language=language,
        lifetime=_LIFETIME,
    )
