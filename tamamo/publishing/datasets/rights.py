"""Who sees which datasets, and who may do what with them.

What is published everybody sees; a live dataset only who may read the entities it shows. Drafts are
seen by the town's staff. Whoever writes is an editor or approver of the unit that answers for the
dataset, or of one above it; whoever approves an approver who had no hand in the version. Who keeps
the machine does not speak for the town by that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import STAFF, Access, Role, resident_of
from tamamo.publishing.datasets.errors import UnknownDataset
from tamamo.publishing.datasets.model import Dataset, Rights
from tamamo.publishing.datasets.model import State as DatasetState
from tamamo.registers.model import Visitor

if TYPE_CHECKING:
    from tamamo.context.broker import Broker
    from tamamo.publishing.datasets.live.declaration import Live

_WRITERS: Final = frozenset({Role.EDITOR, Role.APPROVER})
_ALL_STATES: Final[tuple[DatasetState, ...]] = ("published", "draft", "unpublished")


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees of a town's datasets. staff: drafts too. live: declared, by id."""

    town: str
    access: Access
    subject: str
    staff: bool
    types: frozenset[str]
    all_types: bool
    live: Mapping[str, "Live"]

    def states(self, wanted: str) -> list[str]:
        """Return the states of datasets that are looked at."""
        states: list[str] = [wanted]
        if wanted in ("any", "all"):
            states = list(_ALL_STATES)
        elif wanted == "overdue":
            states = ["published"]
        return states if self.staff else [one for one in states if one == "published"]

    def known(self, dataset: Dataset) -> Dataset:
        """Return a dataset with what its declaration says."""
        declared = self.live.get(dataset.id) if dataset.kind == "live" else None
        if declared is None:
            return dataset
        return replace(dataset, register=declared.register, entity_type=declared.type)

    def require(self, dataset: Dataset) -> Dataset:
        """Return a dataset that may be seen. Raises UnknownDataset."""
        told = self.known(dataset)
        hidden = told.state != "published" and not self.staff
        closed = told.entity_type and not (self.all_types or told.entity_type in self.types)
        if hidden or closed:
            raise UnknownDataset(f"There is no dataset {dataset.id!r}")
        return told


async def sight_of(
    broker: "Broker", visitor: Visitor | None, town: str, live: Mapping[str, "Live"]
) -> Sight:
    """Return what a visitor sees of a town; None: anybody of the public."""
    staff = False
    if visitor is not None and visitor.tenant == town:
        staff = not visitor.access.roles.isdisjoint(STAFF)
        access, subject = visitor.access, visitor.actor.subject
    else:
        resident = resident_of(town)
        access, subject = await broker.identity.access(resident, town), resident.subject
    reach = access.read
    types = frozenset(
        one.type
        for one in live.values()
        if one.type
        and not reach.everything
        and any(
            part.attrs is None
            and part.scopes is None
            and (part.types is None or one.type in part.types)
            and one.type not in part.but_types
            for part in reach.parts
        )
    )
    return Sight(town, access, subject, staff, types, reach.everything, live)


def rights_of(visitor: Visitor | None, dataset: Dataset | None, unit: str = "") -> Rights:
    """Return what a visitor may do with a dataset, or with a new one of a unit."""
    if visitor is None or (dataset is not None and dataset.town != visitor.tenant):
        return Rights(False, False, False)
    unit = dataset.metadata.unit if dataset is not None else unit
    see = not visitor.access.roles.isdisjoint(STAFF)
    return Rights(
        see,
        any(_holds(visitor, role, unit) for role in _WRITERS),
        _holds(visitor, Role.APPROVER, unit),
    )


def _holds(visitor: Visitor, role: Role, unit: str) -> bool:
    """Whether somebody holds a role, for the unit or one above it; a token may leave less."""
    if role not in visitor.access.roles or visitor.actor.user_id is None:
        return False
    return any(
        grant.role is role and (not unit or not grant.unit or _covers(grant.unit, unit))
        for grant in visitor.actor.grants
        if grant.counts_in(visitor.tenant) and not grant.is_for_entities
    )


def _covers(held: str, unit: str) -> bool:
    return held == unit or unit.startswith(held + "/")


def require_write(visitor: Visitor, dataset: Dataset | None, unit: str = "") -> None:
    """Raise Forbidden unless somebody may work at a dataset."""
    if not rights_of(visitor, dataset, unit).write:
        of = dataset.metadata.unit if dataset is not None else unit
        raise Forbidden(f"This needs the role editor or approver of {of or visitor.tenant!r}")


def require_approve(visitor: Visitor, dataset: Dataset) -> None:
    """Raise Forbidden unless somebody may approve a dataset."""
    if not rights_of(visitor, dataset).approve:
        of = dataset.metadata.unit or visitor.tenant
        raise Forbidden(f"This needs the role approver of {of!r}")
