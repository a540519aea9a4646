"""What waits for somebody: imports, warnings, datasets, requests for data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from tamamo.web.staff.cells import language
from tamamo.web.staff.datasets import listing as datasets
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.facilities.listing import waiting_here as corrections_here
from tamamo.web.staff.importpages import state_word
from tamamo.web.staff.plan.listing import waiting_here as plan_here
from tamamo.web.staff.requests.pages import waiting_here as requests_here
from tamamo.web.staff.warnings.listing import waiting_here

_UNFINISHED: Final = ("new", "previewed", "running", "failed")
_MOST: Final = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing to do, and where."""

    text: str
    at: datetime
    url: str
    action: str


async def waiting(desk: Desk) -> list[Waiting]:
    """Return what waits for the person at a desk, the newest first."""
    told = [*await waiting_here(desk), *await datasets.waiting_here(desk)]
    told += await corrections_here(desk)
    told += await requests_here(desk)
    told += await plan_here(desk)
    found = [Waiting(text, at, url, _("Look at it")) for text, at, url in told]
    for register in desk.visible:
        if not desk.rights(register).import_:
            continue
        for kept in await desk.registers.imports.listed(desk.visitor, register.id):
            if kept.state in _UNFINISHED:
                title = register.title.in_(language())
                text = f"{kept.filename} → {title} ({state_word(kept.state)})"
                url = desk.url("upload", register=register.id, upload=kept.id)
                found.append(Waiting(text, kept.created_at, url, _("Continue")))
    return sorted(found, key=lambda one: one.at, reverse=True)[:_MOST]
