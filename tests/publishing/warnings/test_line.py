"""Correcting, withdrawing, ending: further messages that name the earlier ones."""

import asyncio

import msgspec
import pytest
from lxml import etree

from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Unavailable
from tamamo.publishing.warnings import InvalidWarning, WarningConflict, Words, cap, in_force, store
from tamamo.publishing.warnings.board import forget
from tamamo.publishing.warnings.content import Area
from tests.publishing.warnings.conftest import NOON, Hall, order

_CAP = {"c": cap.NAMESPACE}


async def _document(hall: Hall, message: object) -> etree._Element:
    async with transaction(hall.pool) as connection:
        text, _ = await store.document(connection, hall.tenant, message.id)  # type: ignore[attr-defined]
    assert cap.validate(text) == []
    return etree.fromstring(text.encode())


async def test_corrected_then_withdrawn_with_references(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    first = await hall.published(await w.draft(hall.writer, tenant, order()))
    hall.at(0.5)
    draft = await w.correct(hall.writer, tenant, first.id)
    raised = msgspec.structs.replace(draft.content, level=5)
    draft = await w.edit(hall.writer, tenant, draft.id, 1, raised)
    second = await hall.published(draft)
    hall.at(1)
    third = await hall.published(await w.withdraw(hall.writer, tenant, second.id))
    assert [one.type for one in (first, second, third)] == ["Alert", "Update", "Cancel"]
    document = await _document(hall, third)
    assert document.findtext("c:references", namespaces=_CAP) == (
        f"{first.reference} {second.reference}"
    )
    assert document.findtext("c:info/c:responseType", namespaces=_CAP) == "AllClear"
    async with transaction(hall.pool) as connection:
        line = await store.messages(connection, tenant, warning=first.warning)
    moment = hall.towns.moment
    assert [one.state(moment) for one in line] == ["withdrawn", "superseded", "superseded"]
    assert line[2].content == first.content, "what was published stays as it was"
    forget(hall.pool, tenant)
    assert await in_force(hall.pool, tenant, moment) == ()


async def test_it_ends_by_itself(hall: Hall) -> None:
    message = await hall.published(await hall.warnings.draft(hall.writer, hall.tenant, order()))
    forget(hall.pool, hall.tenant)
    before = await in_force(hall.pool, hall.tenant, hall.at(5.9))
    assert [one.id for one in before] == [message.id]
    # Nothing is read anew: the same rows, a later moment.
    assert await in_force(hall.pool, hall.tenant, hall.at(6)) == ()
    with pytest.raises(WarningConflict) as refused:
        await hall.warnings.correct(hall.writer, hall.tenant, message.id)
    assert refused.value.why == "ended"


async def test_a_shortened_one_does_not_come_back(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    first = await hall.published(await w.draft(hall.writer, tenant, order()))
    draft = await w.correct(hall.writer, tenant, first.id)
    shorter = msgspec.structs.replace(draft.content, valid_to=hall.towns.moment.replace(hour=5))
    await hall.published(await w.edit(hall.writer, tenant, draft.id, 1, shorter))
    forget(hall.pool, tenant)
    assert await in_force(hall.pool, tenant, hall.at(3)) == ()


async def test_one_that_begins_later_waits(hall: Hall) -> None:
    text = order(valid_from=NOON.replace(hour=5))
    message = await hall.published(await hall.warnings.draft(hall.writer, hall.tenant, text))
    assert message.state(hall.at(1)) == "coming"
    forget(hall.pool, hall.tenant)
    assert await in_force(hall.pool, hall.tenant, hall.at(1)) == ()
    assert len(await in_force(hall.pool, hall.tenant, hall.at(2.1))) == 1


async def test_one_correction_at_a_time(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    first = await hall.published(await w.draft(hall.writer, tenant, order()))
    results = await asyncio.gather(
        w.correct(hall.writer, tenant, first.id),
        w.withdraw(hall.approver, tenant, first.id),
        return_exceptions=True,
    )
    refused = [one for one in results if isinstance(one, WarningConflict)]
    assert len(refused) == 1 and refused[0].why == "open" and refused[0].extra["draft"]


async def test_a_correction_of_what_was_replaced_is_refused(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    first = await hall.published(await w.draft(hall.writer, tenant, order()))
    stale = await w.correct(hall.writer, tenant, first.id)
    await w.discard(hall.writer, tenant, stale.id, 1)
    await hall.published(await w.correct(hall.writer, tenant, first.id))
    await w.restore(hall.writer, tenant, stale.id, 1)
    ready = await hall.approved(stale)
    with pytest.raises(WarningConflict) as refused:
        await w.publish(hall.writer, tenant, ready.id, 1)
    assert refused.value.why == "superseded"


async def test_a_withdrawal_is_possible_until_the_last_minute(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    first = await hall.published(await w.draft(hall.writer, tenant, order()))
    hall.at(5.99)
    assert (await hall.published(await w.withdraw(hall.writer, tenant, first.id))).type == "Cancel"


async def test_time_passes_between_approval_and_publication(hall: Hall) -> None:
    ready = await hall.approved(await hall.warnings.draft(hall.writer, hall.tenant, order()))
    hall.at(6)
    with pytest.raises(InvalidWarning) as refused:
        await hall.warnings.publish(hall.writer, hall.tenant, ready.id, 1)
    assert [(one.field, one.code) for one in refused.value.faults] == [("valid_to", "past")]


async def test_whoever_was_told_is_told_again(hall: Hall) -> None:
    """A correction to fewer places or a lower level reaches those who heard the first."""
    w, tenant = hall.warnings, hall.tenant
    first = await hall.published(await w.draft(hall.writer, tenant, order(level=4)))
    draft = await w.correct(hall.writer, tenant, first.id)
    less = msgspec.structs.replace(
        draft.content, level=3, area=Area(words=Words("川沿い", "along the river"))
    )
    second = await hall.published(await w.edit(hall.writer, tenant, draft.id, 1, less))
    assert (second.content.level, second.level, second.places) == (3, 4, ())


async def test_pages_ask_the_database_once_a_second(hall: Hall) -> None:
    message = await hall.published(await hall.warnings.draft(hall.writer, hall.tenant, order()))
    forget(hall.pool, hall.tenant)
    asked: list[str] = []

    class Counting:
        def connection(self, *args: object, **named: object) -> object:
            asked.append("connection")
            return hall.pool.connection()

        def __getattr__(self, name: str) -> object:
            return getattr(hall.pool, name)

    pool = Counting()
    moment = hall.at(1)
    for _ in range(50):
        held = await in_force(pool, hall.tenant, moment)  # type: ignore[arg-type]
        assert [one.id for one in held] == [message.id]
    assert len(asked) == 1


async def test_while_the_database_is_away_what_was_known_stays(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await hall.published(await hall.warnings.draft(hall.writer, hall.tenant, order()))
    moment = hall.at(1)
    assert len(await in_force(hall.pool, hall.tenant, moment)) == 1

    async def away(*_: object) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(store, "not_ended", away)
    forget(hall.pool, hall.tenant)
    held = await in_force(hall.pool, hall.tenant, moment)
    assert [one.id for one in held] == [message.id]


async def test_a_drill_is_removed_with_its_warnings(hall: Hall) -> None:
    message = await hall.published(await hall.warnings.draft(hall.writer, hall.tenant, order()))
    await hall.all(
        "insert into drill (tenant, town, title, begins_at, created_by, expires_at)"
        " values (%s, 'default', 'x', now(), 'user:1', now()) returning 1", hall.tenant,
    )  # fmt: skip
    gone = await hall.all("delete from warning_message where id = %s returning number", message.id)
    assert gone == [(1,)]
