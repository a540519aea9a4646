"""Nothing is published that a second person has not seen, word for word."""

import asyncio

import psycopg
import pytest

from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import Actor, Grant, Role
from tamamo.publishing.warnings import Draft, WarningConflict, Words, setup
from tests.people import close, dismiss, settle
from tests.publishing.warnings.conftest import Hall, order, person

TEMPLATE = """
[[templates]]
id = "order"
name = { ja = "避難指示", en = "Evacuation order" }
event = { ja = "避難指示", en = "Evacuation order" }
"""


async def test_draft_approval_publication(hall: Hall) -> None:
    draft = await hall.warnings.draft(hall.writer, hall.tenant, order(), template="t")
    assert (draft.state, draft.version, draft.authors) == ("draft", 1, ("user:1",))
    message = await hall.published(draft)
    assert (message.type, message.status, message.number) == ("Alert", "Actual", 1)
    assert (message.written_by, message.approved_by) == (("user:1",), "user:2")
    assert message.content.headline.ja == "警戒レベル4 避難指示：玉藻市全域"
    assert message.content.headline.en == "Level 4, evacuation order: All of Tamamo City"
    steps = await hall.all(
        "select action, actor from audit_event where tenant = %s order by seq", hall.tenant
    )
    assert steps == [
        ("warning.draft", "user:1"),
        ("warning.submit", "user:1"),
        ("warning.approve", "user:2"),
        ("warning.publish", "user:1"),
    ]


async def test_an_approver_does_not_approve_what_they_wrote(hall: Hall) -> None:
    draft = await hall.warnings.draft(hall.approver, hall.tenant, order())
    await hall.warnings.submit(hall.approver, hall.tenant, draft.id, 1)
    with pytest.raises(WarningConflict) as refused:
        await hall.warnings.approve(hall.approver, hall.tenant, draft.id, 1)
    assert refused.value.why == "own_text"


async def test_nor_what_they_edited_once(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    draft = await w.draft(hall.writer, tenant, order())
    await w.edit(hall.approver, tenant, draft.id, 1, order(level=5))
    third = person(3, Role.EDITOR, tenant)
    await w.edit(third, tenant, draft.id, 2, order(level=3))
    await w.submit(hall.writer, tenant, draft.id, 3)
    with pytest.raises(WarningConflict) as refused:
        await w.approve(hall.approver, tenant, draft.id, 3)
    assert refused.value.why == "own_text"
    other = person(4, Role.APPROVER, tenant)
    assert (await w.approve(other, tenant, draft.id, 3)).state == "approved"


async def test_any_edit_voids_the_approval(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    ready = await hall.approved(await w.draft(hall.writer, tenant, order()))
    changed = await w.edit(hall.writer, tenant, ready.id, 1, order(contact="087-000-0000"))
    assert (changed.state, changed.version, changed.approved_by) == ("draft", 2, None)
    for version in (1, 2):
        with pytest.raises(WarningConflict):
            await w.publish(hall.writer, tenant, ready.id, version)
    after = await hall.all(
        "select after->>'approval_voided' from audit_event"
        " where tenant = %s and action = 'warning.edit'", hall.tenant,
    )  # fmt: skip
    assert after == [("true",)]


async def test_the_same_text_again_voids_nothing(hall: Hall) -> None:
    ready = await hall.approved(await hall.warnings.draft(hall.writer, hall.tenant, order()))
    same = await hall.warnings.edit(hall.writer, hall.tenant, ready.id, 1, order())
    assert (same.state, same.version) == ("approved", 1)


async def test_an_edit_and_an_approval_at_once(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    draft = await w.draft(hall.writer, tenant, order())
    await w.submit(hall.writer, tenant, draft.id, 1)
    results = await asyncio.gather(
        w.approve(hall.approver, tenant, draft.id, 1),
        w.edit(hall.writer, tenant, draft.id, 1, order(level=5)),
        return_exceptions=True,
    )
    async with transaction(hall.pool) as connection:
        from tamamo.publishing.warnings import store

        now = await store.draft(connection, tenant, draft.id)
    # Whichever came first: the text that stands now is not approved.
    assert (now.state, now.version, now.content.level) == ("draft", 2, 5)
    refused = [one for one in results if isinstance(one, WarningConflict)]
    assert all(one.why == "changed" for one in refused)


async def test_two_approvers_at_once(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    draft = await w.draft(hall.writer, tenant, order())
    await w.submit(hall.writer, tenant, draft.id, 1)
    other = person(5, Role.APPROVER, tenant)
    async with transaction(hall.pool) as connection:
        await settle(connection, other)
    results = await asyncio.gather(
        w.approve(hall.approver, tenant, draft.id, 1),
        w.approve(other, tenant, draft.id, 1),
        return_exceptions=True,
    )
    refused = [one for one in results if isinstance(one, WarningConflict)]
    assert len(refused) == 1 and refused[0].why == "state"
    assert refused[0].extra["by"] in {"user:2", "user:5"}


async def test_published_once(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    ready = await hall.approved(await w.draft(hall.writer, tenant, order()))
    results = await asyncio.gather(
        *(w.publish(hall.writer, tenant, ready.id, 1) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(one, WarningConflict) for one in results) == 2
    assert await hall.all("select count(*) from warning_message where tenant = %s", tenant) == [
        (1,)
    ]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR, Role.RESIDENT, Role.DEVELOPER])
async def test_other_roles_write_nothing(hall: Hall, role: Role) -> None:
    with pytest.raises(Forbidden):
        await hall.warnings.draft(person(9, role, hall.tenant), hall.tenant, order())


async def test_only_approvers_of_this_town_approve(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    draft = await w.draft(hall.writer, tenant, order())
    await w.submit(hall.writer, tenant, draft.id, 1)
    for actor in (
        person(6, Role.EDITOR, tenant),
        person(7, Role.OPERATOR, tenant),
        person(8, Role.APPROVER, "elsewhere"),
        Actor("client:x", "x", person(8, Role.APPROVER, tenant).grants),
    ):
        with pytest.raises(Forbidden):
            await w.approve(actor, tenant, draft.id, 1)


async def test_returned_with_a_reason_and_sent_again(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    draft = await w.draft(hall.writer, tenant, order())
    await w.submit(hall.writer, tenant, draft.id, 1)
    back = await w.send_back(hall.approver, tenant, draft.id, 1, "地区が違います")
    assert (back.state, back.returned_reason) == ("draft", "地区が違います")
    again = await w.submit(hall.writer, tenant, draft.id, 1)
    assert again.returned_reason == ""


async def test_put_aside_and_brought_back(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant
    ready = await hall.approved(await w.draft(hall.writer, tenant, order()))
    gone = await w.discard(hall.writer, tenant, ready.id, 1)
    assert (gone.state, gone.approved_by) == ("discarded", None)
    with pytest.raises(WarningConflict):
        await w.edit(hall.writer, tenant, ready.id, 1, order(level=5))
    assert (await w.restore(hall.writer, tenant, ready.id, 1)).state == "draft"


async def _approved_by(hall: Hall, number: int) -> tuple[Draft, Actor]:
    """A draft that somebody real approved, and them."""
    them = person(number, Role.APPROVER, hall.tenant)
    async with transaction(hall.pool) as connection:
        await settle(connection, them)
    draft = await hall.warnings.draft(hall.writer, hall.tenant, order())
    await hall.warnings.submit(hall.writer, hall.tenant, draft.id, 1)
    return await hall.warnings.approve(them, hall.tenant, draft.id, 1), them


@pytest.mark.parametrize("leaving", ["role taken away", "account closed", "another role now"])
async def test_an_approval_lapses_with_the_role_and_somebody_else_approves(
    hall: Hall, leaving: str
) -> None:
    w, tenant = hall.warnings, hall.tenant
    ready, them = await _approved_by(hall, 20 + len(leaving))
    async with transaction(hall.pool) as connection:
        if leaving == "account closed":
            await close(connection, them)
        else:
            await dismiss(connection, them, tenant)
        if leaving == "another role now":
            await settle(connection, person(them.user_id or 0, Role.EDITOR, tenant))
    with pytest.raises(WarningConflict) as refused:
        await w.publish(hall.writer, tenant, ready.id, 1)
    assert (refused.value.why, refused.value.extra["by"]) == ("lapsed", them.subject)
    with pytest.raises(WarningConflict) as own:  # who wrote it does not approve it now either
        await w.approve(person(1, Role.APPROVER, tenant), tenant, ready.id, 1)
    assert own.value.why == "own_text"
    again = await w.approve(hall.approver, tenant, ready.id, 1)
    assert (again.state, again.approved_by) == ("approved", hall.approver.subject)
    message = await w.publish(hall.writer, tenant, ready.id, 1)
    assert message.approved_by == hall.approver.subject


async def test_what_is_approved_by_somebody_who_still_may_is_not_approved_again(
    hall: Hall,
) -> None:
    ready, _ = await _approved_by(hall, 19)
    with pytest.raises(WarningConflict) as refused:
        await hall.warnings.approve(hall.approver, hall.tenant, ready.id, 1)
    assert refused.value.why == "state"


async def test_where_departments_are_named_only_theirs_warn(hall: Hall) -> None:
    w, tenant = hall.warnings, hall.tenant

    def of(number: int, role: Role, unit: str | None) -> Actor:
        return Actor(f"user:{number}", "", (Grant(str(number), tenant, role, unit),))

    parks = of(30, Role.EDITOR, "都市整備局/公園緑地課")
    await w.draft(parks, tenant, order())  # nobody has said yet which departments warn
    body = f'[issuer]\nunits = ["総務局/危機管理課"]\n{TEMPLATE}'
    async with transaction(hall.pool) as connection:
        await setup.write(connection, hall.approver, tenant, body, 0)
    for editor in (parks, of(31, Role.EDITOR, "総務局/人事課")):
        with pytest.raises(Forbidden):
            await w.draft(editor, tenant, order())
    draft = await w.draft(of(32, Role.EDITOR, "総務局/危機管理課"), tenant, order())
    await w.submit(of(33, Role.EDITOR, "総務局"), tenant, draft.id, 1)
    for act in (w.approve, w.take_back, w.publish):
        with pytest.raises(Forbidden):
            await act(of(34, Role.APPROVER, "都市整備局"), tenant, draft.id, 1)
    crisis = of(35, Role.APPROVER, "総務局/危機管理課")
    async with transaction(hall.pool) as connection:
        await connection.execute(
            "insert into org_unit (tenant, id, parent, name, kind, position, valid_from) values"
            " (%s, '総務局/危機管理課', null, '危機管理課', '課', 1, '2020-01-01')",
            [tenant],
        )
        await settle(connection, crisis)
    await w.approve(crisis, tenant, draft.id, 1)
    # The duty goes to another department: whose approval it was counts no more.
    async with transaction(hall.pool) as connection:
        await connection.execute(
            "update role_grant set unit = '都市整備局' where subject = %s", [crisis.subject]
        )
        await connection.execute(
            "insert into org_unit (tenant, id, parent, name, kind, position, valid_from) values"
            " (%s, '都市整備局', null, '都市整備局', '局', 2, '2020-01-01')",
            [tenant],
        )
    with pytest.raises(WarningConflict) as refused:
        await w.publish(hall.writer, tenant, draft.id, 1)
    assert refused.value.why == "lapsed"
    await w.approve(hall.approver, tenant, draft.id, 1)
    await w.publish(hall.writer, tenant, draft.id, 1)


async def test_nothing_published_is_changed_by_anybody(hall: Hall) -> None:
    message = await hall.published(
        await hall.warnings.draft(hall.writer, hall.tenant, order(headline=Words("見出し", "Head")))
    )
    for statement in (
        "update warning_message set cap = '' where id = %s",
        "delete from warning_message where id = %s",
        "update warning_revision set by = 'user:9' where draft = (select draft from"
        " warning_message where id = %s)",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation):
            await hall.all(statement, message.id)
