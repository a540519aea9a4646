"""A drill that is to be made, checked field by field. Pure."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from tamamo.kernel.drills.drill import folded
from tamamo.kernel.drills.errors import Fault, InvalidDrill
from tamamo.kernel.identity.model import Role
from tamamo.kernel.time import JST

#: Roles that somebody may have in a drill.
ROLES: Final = (Role.EDITOR, Role.APPROVER, Role.OPERATOR, Role.AUDITOR)
#: How long a drill may be kept open, and the speeds of its clock.
SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=31)
SLOWEST, FASTEST = 0.1, 3600.0
_LONGEST_TITLE: Final = 100
_MOST_PEOPLE, _MOST_RECIPIENTS = 300, 1000
_MAILBOX = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,253}\Z")
_NUMBER = re.compile(r"\+?[0-9]{6,15}\Z")
#: Letters of a name's end: none that are read for another.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
#: A name has 63 characters at most: as many are left for the town's.
_LONGEST_TOWN: Final = 63 - len("-drill-20040830-abcdef")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a drill is to be.

    people: subject (`user:17`) → roles in the drill. recipients: mailboxes, https addresses and
    telephone numbers, the only ones to be reached. begins_at: what the drill's clock shows at its
    start. length: seconds of the script; 0: the clock goes on.
    """

    town: str
    title: str
    people: Mapping[str, tuple[Role, ...]]
    begins_at: datetime
    expires_at: datetime
    recipients: tuple[str, ...] = ()
    scenario: str = ""
    length: float = 0.0


def check(plan: Plan, moment: datetime) -> None:
    """Raise InvalidDrill naming every field that cannot be so."""
    faults = [*_title(plan), *_people(plan), *_dates(plan, moment)]
    faults += recipients_faults(plan.recipients)
    if faults:
        raise InvalidDrill(faults)


def recipients_faults(recipients: tuple[str, ...]) -> list[Fault]:
    """Return what is wrong with a list of addresses."""
    wrong = [one for one in recipients if not is_address(one)]
    faults = []
    if wrong:
        shown = ", ".join(wrong[:5])
        text = f"Neither a mailbox, an https address nor a telephone number: {shown}"
        faults.append(Fault("recipients", "address", text))
    if len(recipients) > _MOST_RECIPIENTS:
        text = f"At most {_MOST_RECIPIENTS} addresses."
        faults.append(Fault("recipients", "many", text))
    return faults


def is_address(text: str) -> bool:
    """Return whether a text is something a message can be sent to."""
    address = folded(text)
    if not address.isprintable() or " " in address or len(address) > 2048:
        return False
    if "://" in address:
        parts = urlsplit(address)
        return parts.scheme in ("https", "http") and bool(parts.hostname)
    return bool(_MAILBOX.match(address) or _NUMBER.match(address))


def name_of(town: str, moment: datetime) -> str:
    """Return a name for a drill's tenant: nobody guesses it, and none is used twice."""
    end = "".join(secrets.choice(_LETTERS) for _ in range(6))
    return f"{town[:_LONGEST_TOWN]}-drill-{moment.astimezone(JST):%Y%m%d}-{end}"


def _title(plan: Plan) -> list[Fault]:
    title = plan.title
    if title.strip() and len(title) <= _LONGEST_TITLE and title.isprintable():
        return []
    return [Fault("title", "title", f"A title is needed, of at most {_LONGEST_TITLE} characters.")]


def _people(plan: Plan) -> list[Fault]:
    faults = []
    if not plan.people:
        faults.append(Fault("people", "none", "Somebody has to take part."))
    if len(plan.people) > _MOST_PEOPLE:
        faults.append(Fault("people", "many", f"At most {_MOST_PEOPLE} people."))
    if any(not roles or not set(roles) <= set(ROLES) for roles in plan.people.values()):
        names = ", ".join(role.value for role in ROLES)
        faults.append(Fault("people", "roles", f"Everybody has one of the roles {names}."))
    return faults


def _dates(plan: Plan, moment: datetime) -> list[Fault]:
    left = plan.expires_at - moment
    faults = []
    if not SHORTEST <= left <= LONGEST:
        text = f"A drill ends by itself after {SHORTEST} to {LONGEST.days} days."
        faults.append(Fault("expires_at", "range", text))
    if plan.begins_at > moment + timedelta(minutes=5):
        # What was observed later than now is a clock that is wrong, for everything that reads it.
        text = "The drill's clock begins in the past, or now."
        faults.append(Fault("begins_at", "future", text))
    return faults
