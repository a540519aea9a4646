"""Writing, approving, publishing, correcting and withdrawing warnings of a town.

Two people at least: whoever wrote at a text, even one letter, never approves it; an approval is of
one version, so any edit voids it. What was published is never changed: a correction or a withdrawal
is a further message that names the earlier ones. Each step is one transaction with its audit row.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from tamamo.context.broker import Broker
from tamamo.kernel import jobs
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.identity import Actor
from tamamo.publishing.warnings import board, cap, composing, hurdles, setup, store
from tamamo.publishing.warnings.composing import Office
from tamamo.publishing.warnings.content import Content, InvalidWarning
from tamamo.publishing.warnings.errors import NoSuchWarning, WarningConflict
from tamamo.publishing.warnings.model import Draft, Published, Purpose, State

#: The job that tells those who subscribed (tamamo/server/jobs.py).
JOB: Final = "warnings.deliver"


class Warnings:
    """The engine, on an open broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def now(self, tenant: str) -> datetime:
        """Return how late it is in a town; in a drill by its own clock."""
        return self._broker.towns.clock(tenant)

    async def office(self, connection: Connection, tenant: str) -> Office:
        """Return who speaks for a tenant. Raises NoSuchWarning for a tenant there is not."""
        town = self._broker.towns.get(tenant)
        if town is None:
            raise NoSuchWarning(f"There is no town {tenant}")
        kept = await setup.read(connection, tenant)
        arc = composing.arc_of(kept.setup, await composing.own_arc(connection, tenant))
        url = self._broker.settings.public_url or ""
        return Office(town, kept.setup, arc, url, self._broker.towns.drill(tenant))

    async def draft(
        self, actor: Actor, tenant: str, content: Content, *, template: str = ""
    ) -> Draft:
        """Begin a warning. Raises Forbidden, InvalidWarning."""
        async with self._transaction() as connection:
            await hurdles.require_role(connection, actor, tenant)
            office = await self.office(connection, tenant)
            self._check(content, office)
            warning = await store.open_warning(connection, tenant, actor.subject)
            return await self._begin(
                connection, actor, office, warning, content, purpose="alert", template=template
            )

    async def correct(self, actor: Actor, tenant: str, message: UUID) -> Draft:
        """Begin a correction of what was published. Raises Forbidden, WarningConflict."""
        return await self._follow(actor, tenant, message, "update", lambda base: base.content)

    async def withdraw(self, actor: Actor, tenant: str, message: UUID) -> Draft:
        """Begin a withdrawal of what was published. Raises Forbidden, WarningConflict."""
        return await self._follow(actor, tenant, message, "cancel", composing.opposite)

    async def edit(
        self, actor: Actor, tenant: str, draft: UUID, version: int, content: Content
    ) -> Draft:
        """Keep a further version; what was approved or sent for approval no longer is.

        version: the one the form was made from. Raises Forbidden, InvalidWarning, WarningConflict.
        """
        async with self._transaction() as connection:
            await hurdles.require_role(connection, actor, tenant)
            before = await hurdles.locked(connection, tenant, draft, version, "draft", "submitted",
                                        "approved")  # fmt: skip
            office = await self.office(connection, tenant)
            self._check(content, office, ending=before.purpose == "cancel")
            if content == before.content:
                return before
            number = before.version + 1
            await store.insert_revision(
                connection, tenant, draft, version=number, content=content, by=actor.subject
            )
            await store.change(connection, before, actor.subject, state="draft", version=number)
            was, became = _difference(before.content, content)
            told = became | {"version": number, "approval_voided": before.state == "approved"}
            await self._note(connection, before, actor, "edit", before=was, after=told)
            return await store.draft(connection, tenant, draft)

    async def submit(self, actor: Actor, tenant: str, draft: UUID, version: int) -> Draft:
        """Ask for approval. Raises Forbidden, InvalidWarning, WarningConflict."""
        return await self._step(
            actor,
            tenant,
            (draft, version),
            "submit",
            of=("draft",),
            state="submitted",
            submitted_by=actor.subject,
        )

    async def take_back(self, actor: Actor, tenant: str, draft: UUID, version: int) -> Draft:
        """Undo asking for approval, or an approval. Raises Forbidden, WarningConflict."""
        return await self._step(
            actor,
            tenant,
            (draft, version),
            "take_back",
            of=("submitted", "approved"),
            state="draft",
        )

    async def approve(self, actor: Actor, tenant: str, draft: UUID, version: int) -> Draft:
        """Approve the version one has seen, as a second person.

        Also what somebody approved who may not any more. Raises Forbidden, InvalidWarning,
        WarningConflict (own_text: one had a hand in it).
        """
        return await self._step(
            actor,
            tenant,
            (draft, version),
            "approve",
            of=("submitted", "approved"),
            state="approved",
            approved_by=actor.subject,
        )

    async def send_back(
        self, actor: Actor, tenant: str, draft: UUID, version: int, reason: str
    ) -> Draft:
        """Return it to its writers, with a reason. Raises Forbidden, WarningConflict."""
        return await self._step(
            actor,
            tenant,
            (draft, version),
            "return",
            of=("submitted", "approved"),
            state="draft",
            reason=reason,
        )

    async def discard(self, actor: Actor, tenant: str, draft: UUID, version: int) -> Draft:
        """Put a draft aside; `restore` brings it back. Raises Forbidden, WarningConflict."""
        return await self._step(
            actor,
            tenant,
            (draft, version),
            "discard",
            of=("draft", "submitted", "approved"),
            state="discarded",
        )

    async def restore(self, actor: Actor, tenant: str, draft: UUID, version: int) -> Draft:
        """Bring back what was put aside. Raises Forbidden, WarningConflict."""
        return await self._step(
            actor, tenant, (draft, version), "restore", of=("discarded",), state="draft"
        )

    async def publish(self, actor: Actor, tenant: str, draft: UUID, version: int) -> Published:
        """Publish what was approved, in one transaction: portal, page, feeds, CAP; mail and push
        follow by a job, so that nothing waits for them.

        Raises Forbidden, InvalidWarning, WarningConflict (lapsed: whoever approved it lost the
        role or left since, and another approver has to), InvalidDocument.
        """
        async with self._transaction() as connection:
            await hurdles.require_role(connection, actor, tenant)
            await store.execute(connection, "lock_tenant", {"tenant": tenant})
            await store.execute(connection, "make_arc", {"tenant": tenant})
            before = await hurdles.locked(connection, tenant, draft, version, "approved")
            await hurdles.require_approved(connection, before)
            office = await self.office(connection, tenant)
            self._check(before.content, office, ending=before.purpose == "cancel")
            earlier = await store.messages(connection, tenant, warning=before.warning)
            hurdles.check_base(before, earlier, self.now(tenant))
            made = await self._publish(connection, actor, before, office, earlier)
            assert before.approved_by is not None
            await store.change(
                connection, before, actor.subject, state="published",
                submitted_by=before.submitted_by, approved_by=before.approved_by,
            )  # fmt: skip
            await jobs.defer(
                connection, JOB, tenant=tenant, actor=actor.subject, args={"message": str(made)}
            )
            result = await store.message(connection, tenant, made)
        board.forget(self._broker.pool, tenant)
        return result

    async def document(self, connection: Connection, draft: Draft, office: Office) -> str:
        """Return the CAP document a draft would have now. Raises InvalidDocument."""
        earlier = await store.messages(connection, draft.tenant, warning=draft.warning)
        name = f"{office.sender}.preview"
        return cap.document(
            composing.sending(draft, office, earlier, self._second(draft.tenant), name)
        )

    async def _publish(
        self,
        connection: Connection,
        actor: Actor,
        draft: Draft,
        office: Office,
        earlier: list[Published],
    ) -> UUID:
        row = await store.execute(connection, "next_number", {"tenant": draft.tenant})
        sent, made, number = self._second(draft.tenant), uuid4(), int(row[0])
        name = composing.identifier_of(office, sent, number)
        message = composing.sending(draft, office, earlier, sent, name)
        text = cap.document(message)
        content = message.content
        assert content.valid_to is not None and draft.approved_by is not None
        widest = [one.places for one in earlier]
        here = () if composing.is_whole(content) or not content.area.places else content.area.places
        everywhere = () in (*widest, here)
        await store.execute(
            connection,
            "insert_message",
            {
                "tenant": draft.tenant, "id": made, "number": number, "warning": draft.warning,
                "draft": draft.id, "type": message.type, "status": message.status,
                "identifier": name, "sender": office.sender, "sent": sent,
                "written_by": list(draft.authors), "approved_by": draft.approved_by,
                "published_by": actor.subject, "content": Jsonb(content.stored()),
                "level": max([content.level, *(one.level for one in earlier)]),
                "places": [] if everywhere else sorted({*here, *(p for w in widest for p in w)}),
                "valid_from": content.valid_from or sent,
                "valid_to": content.valid_to, "cap": text,
            },
        )  # fmt: skip
        told = {
            "message": str(made), "identifier": name, "type": message.type,
            "status": message.status, "level": content.level, "version": draft.version,
            "headline": content.headline.ja, "approved_by": draft.approved_by,
            "references": list(message.references),
        }  # fmt: skip
        await self._note(connection, draft, actor, "publish", after=told)
        return made

    async def _follow(
        self,
        actor: Actor,
        tenant: str,
        message: UUID,
        purpose: Purpose,
        text: Callable[[Published], Content],
    ) -> Draft:
        async with self._transaction() as connection:
            await hurdles.require_role(connection, actor, tenant)
            base = await store.message(connection, tenant, message)
            hurdles.require_going_on(base, self.now(tenant))
            office = await self.office(connection, tenant)
            content = composing.unnamed(text(base))
            return await self._begin(
                connection, actor, office, base.warning, content, purpose=purpose, base=base
            )

    async def _begin(
        self,
        connection: Connection,
        actor: Actor,
        office: Office,
        warning: UUID,
        content: Content,
        *,
        purpose: Purpose,
        base: Published | None = None,
        template: str = "",
    ) -> Draft:
        tenant = office.town.name
        made = await store.insert_draft(
            connection, tenant, warning, purpose=purpose, base=base.id if base else None,
            template=template, content=content, by=actor.subject,
        )  # fmt: skip
        if made is None:
            other = await store.drafts(
                connection, tenant, warning=warning, states=("draft", "submitted", "approved")
            )
            raise WarningConflict(
                "open", "Another message of this warning is being written",
                draft=str(other[0].id) if other else "", by=other[0].changed_by if other else "",
            )  # fmt: skip
        draft = await store.draft(connection, tenant, made)
        told = {"purpose": purpose, "template": template, "level": content.level,
                "headline": content.headline.ja, "source": content.source}  # fmt: skip
        await self._note(connection, draft, actor, "draft", after=told)
        return draft

    async def _step(
        self,
        actor: Actor,
        tenant: str,
        seen: tuple[UUID, int],
        action: str,
        *,
        of: tuple[State, ...],
        state: State,
        submitted_by: str | None = None,
        approved_by: str | None = None,
        reason: str = "",
    ) -> Draft:
        """Bring a draft from one state to another, with its audit row."""
        async with self._transaction() as connection:
            draft, version = seen
            approver = action in ("approve", "return")
            await hurdles.require_role(connection, actor, tenant, approver=approver)
            if action in ("submit", "approve"):
                # Nobody changes what the town's places are while they are agreed to.
                await store.execute(connection, "lock_tenant", {"tenant": tenant})
            before = await hurdles.locked(connection, tenant, draft, version, *of)
            if action in ("submit", "approve"):
                office = await self.office(connection, tenant)
                self._check(before.content, office, ending=before.purpose == "cancel")
            if action == "approve":
                await hurdles.require_open(connection, actor, before)
            if action == "restore" and await store.open_beside(connection, before):
                raise WarningConflict("open", "Another message of this warning is being written")
            await store.change(
                connection, before, actor.subject, state=state,
                submitted_by=submitted_by or (before.submitted_by if approved_by else None),
                approved_by=approved_by, returned_reason=reason,
            )  # fmt: skip
            told: dict[str, Any] = {"state": state, "version": version}
            if reason:
                told["reason"] = reason
            was = {"state": before.state}
            await self._note(connection, before, actor, action, before=was, after=told)
            return await store.draft(connection, tenant, draft)

    def _check(self, content: Content, office: Office, *, ending: bool = False) -> None:
        faults = composing.faults_of(content, office, self.now(office.town.name), ending=ending)
        if faults:
            raise InvalidWarning(faults)

    def _second(self, tenant: str) -> datetime:
        return self.now(tenant).replace(microsecond=0)

    def _transaction(self) -> AbstractAsyncContextManager[Connection]:
        return transaction(self._broker.pool)

    async def _note(
        self,
        connection: Connection,
        draft: Draft,
        actor: Actor,
        action: str,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any],
    ) -> None:
        event = Event(
            draft.tenant, actor.subject, f"warning.{action}", f"warning:{draft.warning}", before,
            {"draft": str(draft.id), **after},
        )  # fmt: skip
        await append(connection, event)


def _difference(before: Content, after: Content) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields that differ, before and after."""
    was, became = before.stored(), after.stored()
    changed = [name for name in became if was[name] != became[name]]
    return {name: was[name] for name in changed}, {name: became[name] for name in changed}
