"""What fires in a town now, in one line for the home page of its staff."""

from dataclasses import dataclass

from django.utils.translation import ngettext

from tamamo import rules
from tamamo.kernel.database import single
from tamamo.rules import Alert
from tamamo.web.staff.alerts import room, words
from tamamo.web.staff.alerts.alertstate import SEVERITIES
from tamamo.web.staff.alerts.listing import MOST
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.words import number


@dataclass(frozen=True, slots=True)
class Firing:
    """How many alerts fire. unseen: of them, nobody has taken note of; worst: severity in words."""

    count: int
    unseen: int
    worst: str
    url: str

    @property
    def text(self) -> str:
        """The count as a sentence."""
        text = ngettext("%(n)s alert is firing", "%(n)s alerts are firing", self.count)
        return text % {"n": number(self.count)}


async def firing(desk: Desk) -> Firing | None:
    """Return what fires in the desk's town; None for whoever may not read its alerts."""
    if not desk.visitor.access.read.allows([room.ALERT_TYPE]):
        return None
    async with single(desk.broker.pool) as connection:
        found = await rules.alerts(connection, desk.tenant, states=["firing"], limit=MOST)
    return summed(found, desk.url("alerts"))


def summed(alerts: list[Alert], url: str) -> Firing:
    """Return the summary of alerts that fire."""
    worst = min((one.severity for one in alerts), key=SEVERITIES.index, default="")
    unseen = sum(one.acknowledged_by is None for one in alerts)
    return Firing(len(alerts), unseen, words.severity_word(worst), url)
