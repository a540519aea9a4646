"""Who may see and do what with a town's alerts and rules; what people are called."""

from collections.abc import Iterable
from typing import Final

from django.http import Http404

from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import Role
from tamamo.rules import Fault, Rule, RuleInvalid
from tamamo.web.staff.desk import Desk

_SQL = sql.load(__package__)
ALERT_TYPE: Final = DEFAULT_VOCABULARY + "Alert"
#: Who acknowledges, silences and changes rules: whoever keeps the machine does not, by that.
_ACTORS: Final = (Role.EDITOR, Role.APPROVER)


def require_sight(desk: Desk) -> None:
    """Raise Http404 for whoever may not read the town's alerts: for them there are none."""
    if not desk.visitor.access.read.allows([ALERT_TYPE]):
        raise Http404("alerts")


def may_act(desk: Desk) -> bool:
    """Whether somebody may acknowledge, silence and change rules here."""
    return desk.actor.speaks(desk.tenant, *_ACTORS)


def require_act(desk: Desk) -> None:
    """Raise Http404 or Forbidden unless somebody may act here."""
    require_sight(desk)
    if not may_act(desk):
        raise Forbidden(f"This needs the role editor or approver in {desk.tenant!r}")


def require_watchable(desk: Desk, rule: Rule) -> None:
    """Raise RuleInvalid for a rule that looks at a type that is personal, or out of sight.

    A preview names what it is about and what was measured, and an alert tells all who may read
    alerts: neither is a way around what somebody may read, or around the notes of who did.
    """
    if rule.types & desk.broker.towns.personal(desk.tenant):
        ja = "個人情報の種類は規則の対象にできません。"
        en = "Personal data cannot be the subject of a rule."
    elif not all(desk.visitor.access.read.allows([kind]) for kind in rule.types):
        ja, en = "この種類を読む権限がありません。", "You may not read this type."
    else:
        return
    raise RuleInvalid([Fault("subject.type" if len(rule.types) == 1 else "condition", ja, en)])


async def names(connection: Connection, subjects: Iterable[str | None]) -> dict[str, str]:
    """Return what people are called; whoever is no account keeps the subject's text."""
    wanted = {subject for subject in subjects if subject}
    cursor = await connection.execute(_SQL["people"], {"subjects": sorted(wanted)})
    return {subject: subject for subject in wanted} | dict(await cursor.fetchall())
