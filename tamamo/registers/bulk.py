"""One change to many records: preview first, then all at once, and one undo."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

import orjson

from tamamo.context.entities import store
from tamamo.context.model.entity import Entity
from tamamo.kernel.database import Connection, single
from tamamo.kernel.errors import Problem
from tamamo.kernel.time import now, to_text
from tamamo.registers import lists, values
from tamamo.registers.acts import Moved, edited, is_version, may_edit, writable
from tamamo.registers.desk import Desk
from tamamo.registers.errors import BadQuery, EditConflict, FieldError, Invalid
from tamamo.registers.model import Batch, BulkPreview, FieldChange, Refused
from tamamo.registers.query import ListQuery
from tamamo.registers.record import Act, Step, carry_out, in_transaction, note

#: Records of one bulk edit.
MOST: Final = 10_000
_SAMPLE: Final = 20
_SHOWN_REFUSED: Final = 100
_STEP: Final = 1_000


class _Plan:
    """What would become of each record of a selection."""

    def __init__(self, wanted: Mapping[str, Any]) -> None:
        self.wanted = wanted
        self.moment = to_text(now())
        self.versions: dict[str, str] = {}
        self.unchanged = 0
        self.refused: list[Refused] = []
        self.refused_count = 0
        self.sample: list[tuple[str, str, tuple[FieldChange, ...]]] = []

    def refuse(self, entity_id: str, title: str, errors: tuple[FieldError, ...]) -> None:
        self.refused_count += 1
        if len(self.refused) < _SHOWN_REFUSED:
            self.refused.append(Refused(entity_id, title, errors))

    def token(self) -> str:
        """Return what stays the same as long as the same would be done."""
        forms = [(name, version.partition("~")[2]) for name, version in self.versions.items()]
        said = orjson.dumps([sorted(forms), dict(self.wanted)], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(said).hexdigest()[:32]


async def preview(
    desk: Desk, which: Sequence[str] | ListQuery, wanted: Mapping[str, Any]
) -> BulkPreview:
    """Return what a bulk edit would do. Raises Forbidden, BadQuery for too many records."""
    plan = await _plan(desk, which, wanted)
    return BulkPreview(
        len(plan.versions),
        plan.unchanged,
        plan.refused_count,
        plan.token(),
        tuple(plan.refused),
        tuple(plan.sample),
    )


async def edit(
    desk: Desk,
    which: Sequence[str] | ListQuery,
    wanted: Mapping[str, Any],
    token: str | None = None,
    remark: str = "",
) -> Batch:
    """Change all records that may be changed, in one transaction; the refused stay as they are.

    token: of the preview; EditConflict when it would no longer do the same. Raises Forbidden.
    """
    plan = await _plan(desk, which, wanted)
    if token is not None and token != plan.token():
        raise EditConflict(plan.token(), [])
    act = Act(desk, "bulk", to_text(now()), remark, str(uuid4()))
    steps = [(one, _step(desk, one, version, wanted)) for one, version in plan.versions.items()]

    async def run(connection: Connection) -> int:
        done = await carry_out(connection, act, steps)
        await note(connection, act, done)
        return len(done)

    try:
        changed = await in_transaction(desk.broker, run)
    except Moved:
        raise EditConflict("", []) from None
    assert act.batch is not None
    return Batch(act.batch, changed, plan.unchanged, plan.refused_count)


def _step(desk: Desk, entity_id: str, version: str, wanted: Mapping[str, Any]) -> Step:
    def step(before: Entity | None, moment: str) -> Entity | None:
        entity = writable(desk, entity_id, before)
        if not is_version(desk.register, entity, version):
            raise Moved(entity)
        return edited(desk.register, entity, wanted, moment)

    return step


async def _plan(desk: Desk, which: Sequence[str] | ListQuery, wanted: Mapping[str, Any]) -> _Plan:
    may_edit(desk, wanted)
    plan = _Plan(wanted)
    chosen = await _chosen(desk, which)
    for start in range(0, len(chosen), _STEP):
        part = chosen[start : start + _STEP]
        async with single(desk.broker.pool) as connection:
            found = await store.fetch(connection, [(desk.visitor.tenant, one) for one in part])
        for one in part:
            _consider(desk, plan, one, found.get((desk.visitor.tenant, one)))
    return plan


async def _chosen(desk: Desk, which: Sequence[str] | ListQuery) -> list[str]:
    if isinstance(which, ListQuery):
        ids = await lists.ids(desk.broker, desk.visitor, desk.register, which, MOST + 1)
    else:
        ids = list(dict.fromkeys(which))
    if len(ids) > MOST:
        raise BadQuery(f"At most {MOST} records can be changed at once: narrow the list")
    return ids


def _consider(desk: Desk, plan: _Plan, entity_id: str, entity: Entity | None) -> None:
    register = desk.register
    try:
        before = writable(desk, entity_id, entity)
        after = edited(register, before, plan.wanted, plan.moment)
    except Invalid as invalid:
        title = values.heading_of(register, entity) if entity else entity_id
        plan.refuse(entity_id, title, tuple(invalid.errors))
        return
    except Problem as problem:
        ja, en = "見つからないか、変更できません", problem.detail
        plan.refuse(entity_id, entity_id, (FieldError("", "not_allowed", ja, en),))
        return
    if after is before:
        plan.unchanged += 1
        return
    plan.versions[entity_id] = lists.version_of(register, before)
    if len(plan.sample) < _SAMPLE:
        changes = values.differences(register, before.attrs, after.attrs)
        plan.sample.append((entity_id, values.heading_of(register, before), changes))
