"""What towns agree to share. Every act is an audit row in the log of both, in one transaction."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import dict_row

from tamamo.kernel import sql, time
from tamamo.kernel.audit import Event, append_many
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import Identity, person
from tamamo.kernel.identity.model import Actor, Role
from tamamo.kernel.towns.agreement import (
    LONGEST_TEXT,
    Agreement,
    Revocation,
    Signature,
    State,
    Terms,
    check,
    invalid,
)
from tamamo.kernel.towns.directory import Towns
from tamamo.kernel.towns.errors import AgreementRefused, NoSuchAgreement
from tamamo.kernel.towns.town import Fault

_SQL = sql.load("tamamo.kernel.towns", "agreements.sql")

#: Who may propose for a side, and revoke.
_SPOKESMEN: Final = (Role.APPROVER, Role.OPERATOR)
_OPEN: Final = frozenset({State.PROPOSED, State.SIGNED, State.IN_FORCE})


class AgreementService:
    """Proposes, signs, revokes and lists agreements."""

    def __init__(self, pool: Pool, known: Towns, identity: Identity) -> None:
        """known: is brought up to date after each act. identity: says what a signer may give."""
        self._pool = pool
        self._known = known
        self._identity = identity

    async def propose(
        self, actor: Actor, side: str, terms: Terms, amends: UUID | None = None
    ) -> Agreement:
        """Propose an agreement for one side; nobody has signed it yet.

        side: the tenant that proposes, the owner or the reader. amends: an agreement between the
        same two whose place this takes, from its first day, once both have signed. Approvers and
        operators of the side may. Raises Forbidden, InvalidAgreement, NoSuchAgreement,
        AgreementRefused.
        """
        _require_side(terms, side)
        await self._require_spokesman(actor, side, terms)
        check(terms, time.now())
        async with transaction(self._pool) as connection:
            await _check_subject(connection, terms)
            if amends is not None:
                await _check_amended(connection, amends, terms)
            cursor = await connection.execute(
                _SQL["insert_agreement"],
                {**_columns(terms), "amends": amends, "by": actor.subject, "side": side},
            )
            row = await cursor.fetchone()
            assert row is not None
            made = await _find(connection, row[0])
            said = {**_described(terms), "side": side, "amends": amends and str(amends)}
            await _note(connection, made, actor.subject, "agreement.propose", after=said)
        return made

    async def sign(
        self, actor: Actor, side: str, agreement_id: UUID, *, via: str | None = None
    ) -> Agreement:
        """Sign for one side; with the second signature it is in force from its first day.

        For approvers of the side, who for the owner must answer for all types it names. Nobody
        signs for both. The first signature counts at the second one only if its signer still may
        sign then; otherwise that side signs anew. via: who notes the signature, where the signer
        does not do so alone; the audit log names both. Raises Forbidden, NoSuchAgreement,
        AgreementRefused.
        """
        async with transaction(self._pool) as connection:
            before = await _locked(connection, agreement_id, side)
            await self._require_signer(actor, side, before.terms)
            lapsed = await self._lapsed(connection, before)
            _require_open(actor, side, before, lapsed)
            await _check_subject(connection, before.terms)
            as_owner = side == before.terms.owner
            await connection.execute(
                _SQL["sign_for_owner" if as_owner else "sign_for_reader"],
                {"id": agreement_id, "by": actor.subject},
            )
            after = await _find(connection, agreement_id)
            said = {"side": side, "state": after.state(time.now()).value}
            if via is not None:
                said["signed_by"] = actor.subject
            old = before.signature(side)
            was = {"side": side, "signed_by": old.by} if old else None
            await _note(
                connection, after, via or actor.subject, "agreement.sign", before=was, after=said
            )
        await self._changed()
        return after

    async def revoke(self, actor: Actor, side: str, agreement_id: UUID, reason: str) -> Agreement:
        """End an agreement, or withdraw a proposal, for one side, at once.

        For approvers and operators of the side. Raises Forbidden, NoSuchAgreement,
        AgreementRefused, InvalidAgreement without a reason.
        """
        reason = reason.strip()
        if not reason or len(reason) > LONGEST_TEXT:
            text = f"Say why, in at most {LONGEST_TEXT} characters."
            raise invalid([Fault("reason", "reason", text)])
        async with transaction(self._pool) as connection:
            before = await _locked(connection, agreement_id, side)
            await self._require_spokesman(actor, side, before.terms)
            state = before.state(time.now())
            if state not in _OPEN:
                text = f"It has ended already ({state.value})"
                raise AgreementRefused(text, why="state", state=state.value)
            await connection.execute(
                _SQL["revoke"],
                {"id": agreement_id, "by": actor.subject, "side": side, "reason": reason},
            )
            after = await _find(connection, agreement_id)
            said = {"side": side, "state": State.REVOKED.value, "reason": reason}
            was = {"state": state.value}
            await _note(
                connection, after, actor.subject, "agreement.revoke", before=was, after=said
            )
        await self._changed()
        return after

    async def listed(self, tenant: str | None = None) -> list[Agreement]:
        """Return the agreements of a tenant on either side, or all, the newest first."""
        async with transaction(self._pool) as connection:
            return await _listed(connection, tenant=tenant)

    async def find(self, agreement_id: UUID, tenant: str | None = None) -> Agreement:
        """Return one; tenant: only if it has a part in it. Raises NoSuchAgreement."""
        async with transaction(self._pool) as connection:
            return await _find(connection, agreement_id, tenant)

    async def line(self, agreement_id: UUID) -> list[Agreement]:
        """Return an agreement among those it amends and is amended by, the oldest first."""
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL["line"], {"id": agreement_id})
            return [await _find(connection, row[0]) for row in await cursor.fetchall()]

    async def lapsed(self, agreement: Agreement) -> frozenset[str]:
        """Return the sides of a proposal that have to sign anew: their signers may not any more."""
        async with transaction(self._pool) as connection:
            return await self._lapsed(connection, agreement)

    async def _lapsed(self, connection: Connection, agreement: Agreement) -> frozenset[str]:
        if agreement.state(time.now()) is not State.PROPOSED:
            # What both have signed is the word of the towns, whoever leaves later.
            return frozenset()
        found = set()
        for side in (agreement.terms.owner, agreement.terms.reader):
            signature = agreement.signature(side)
            if signature is None:
                continue
            try:
                signer = await person(connection, signature.by)
                await self._require_signer(signer, side, agreement.terms)
            except Forbidden:
                found.add(side)
        return frozenset(found)

    async def _require_signer(self, actor: Actor, side: str, terms: Terms) -> None:
        """Raise Forbidden unless somebody may sign these terms for a side."""
        if actor.user_id is None or not actor.holds(Role.APPROVER, side):
            raise Forbidden(f"Only an approver of {side!r} signs for it")
        beyond = await self._beyond(actor, side, terms)
        if beyond:
            raise Forbidden(f"This approver does not answer for {', '.join(beyond)}")

    async def _require_spokesman(self, actor: Actor, side: str, terms: Terms) -> None:
        """Raise Forbidden unless somebody may propose or end these terms for a side."""
        if not any(actor.holds(role, side) for role in _SPOKESMEN):
            raise Forbidden(f"Only approvers and operators of {side!r} speak for it")
        # A role for some types is no word about others.
        if not actor.speaks(side, *_SPOKESMEN) and await self._beyond(actor, side, terms):
            raise Forbidden(f"This role in {side!r} is for other types")

    async def _beyond(self, actor: Actor, side: str, terms: Terms) -> list[str]:
        """Return the types for which somebody does not answer, as the side gives or takes them."""
        if side != terms.owner and actor.speaks(side, Role.APPROVER):
            return []
        access = await self._identity.access(actor, side)
        return sorted(one for one in terms.types if not access.write.allows([one]))

    async def _changed(self) -> None:
        await self._known.refresh()
        self._identity.forget()


def _require_open(actor: Actor, side: str, agreement: Agreement, lapsed: frozenset[str]) -> None:
    """Raise AgreementRefused unless somebody who may sign for a side can do so now.

    lapsed: the sides whose signatures count no more.
    """
    state = agreement.state(time.now())
    if state is not State.PROPOSED:
        text = f"It is not open for signing ({state.value})"
        raise AgreementRefused(text, why="state", state=state.value)
    if agreement.signature(side) is not None and side not in lapsed:
        raise AgreementRefused(f"It is signed for {side!r} already", why="signed")
    other = agreement.other(side)
    if other in lapsed:
        text = f"Whoever signed for {other!r} may not any more: an approver of it signs anew first"
        raise AgreementRefused(text, why="lapsed", side=other)
    signature = agreement.signature(other)
    if signature is not None and signature.by == actor.subject:
        raise AgreementRefused("Nobody signs for both sides", why="both")


async def _check_subject(connection: Connection, terms: Terms) -> None:
    """Raise InvalidAgreement for no tenant of a town, and for types that hold personal data."""
    names = {"owner": terms.owner, "reader": terms.reader}
    cursor = await connection.execute(_SQL["existing"], {"names": list(names.values())})
    there = {row[0] for row in await cursor.fetchall()}
    faults = [
        Fault(field, "tenant", f"There is no tenant {name!r}.")
        for field, name in names.items()
        if name not in there
    ]
    cursor = await connection.execute(_SQL["drills"], {"names": list(names.values())})
    drills = {row[0] for row in await cursor.fetchall()}
    faults += [
        Fault(field, "drill", f"{name!r} is a drill: it shares nothing.")
        for field, name in names.items()
        if name in drills
    ]
    cursor = await connection.execute(
        _SQL["personal_types"], {"owner": terms.owner, "types": list(terms.types)}
    )
    personal = sorted(row[0] for row in await cursor.fetchall())
    if personal:
        text = f"Personal data are not shared by an agreement: {', '.join(personal)}."
        faults.append(Fault("types", "personal", text))
    if faults:
        raise invalid(faults)


async def _check_amended(connection: Connection, amends: UUID, terms: Terms) -> None:
    old = await _locked(connection, amends, terms.owner)
    if (old.terms.owner, old.terms.reader) != (terms.owner, terms.reader):
        raise AgreementRefused("An amendment is between the same two, in the same direction")
    state = old.state(time.now())
    if state not in {State.SIGNED, State.IN_FORCE}:
        raise AgreementRefused(f"Only what is signed is amended ({state.value})", state=state.value)


async def _locked(connection: Connection, agreement_id: UUID, side: str) -> Agreement:
    await connection.execute(_SQL["lock_agreement"], {"id": agreement_id})
    return await _find(connection, agreement_id, side)


async def _find(connection: Connection, agreement_id: UUID, tenant: str | None = None) -> Agreement:
    found = await _listed(connection, tenant=tenant, agreement_id=agreement_id)
    if not found:
        raise NoSuchAgreement(f"There is no agreement {agreement_id}")
    return found[0]


async def _listed(
    connection: Connection, tenant: str | None = None, agreement_id: UUID | None = None
) -> list[Agreement]:
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(_SQL["list_agreements"], {"tenant": tenant, "id": agreement_id})
    return [_agreement(row) for row in await cursor.fetchall()]


async def _note(
    connection: Connection,
    agreement: Agreement,
    actor: str,
    action: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write the audit row of both sides and tell all processes."""
    object_ = f"agreement:{agreement.id}"
    sides = (agreement.terms.owner, agreement.terms.reader)
    await append_many(
        connection, [Event(one, actor, action, object_, before, after) for one in sides]
    )
    await connection.execute(_SQL["changed"])


def _agreement(row: dict[str, Any]) -> Agreement:
    terms = Terms(
        row["owner"],
        row["reader"],
        frozenset(row["types"]),
        frozenset(row["actions"]),
        row["valid_from"],
        row["valid_to"],
        None if row["attrs"] is None else frozenset(row["attrs"]),
        row["purpose"],
    )
    return Agreement(
        row["id"],
        terms,
        row["proposed_by"],
        row["proposed_for"],
        row["proposed_at"],
        _signature(row["owner_signed_by"], row["owner_signed_at"]),
        _signature(row["reader_signed_by"], row["reader_signed_at"]),
        None
        if row["revoked_at"] is None
        else Revocation(
            row["revoked_by"], row["revoked_for"], row["revoked_at"], row["revoked_reason"]
        ),
        row["amends"],
        row["amended_from"],
    )


def _signature(by: str | None, at: datetime | None) -> Signature | None:
    return None if by is None or at is None else Signature(by, at)


def _columns(terms: Terms) -> dict[str, Any]:
    return {
        "owner": terms.owner,
        "reader": terms.reader,
        "types": sorted(terms.types),
        "attrs": None if terms.attrs is None else sorted(terms.attrs),
        "actions": sorted(terms.actions),
        "purpose": terms.purpose,
        "valid_from": terms.valid_from,
        "valid_to": terms.valid_to,
    }


def _described(terms: Terms) -> dict[str, Any]:
    end = terms.valid_to
    return _columns(terms) | {
        "valid_from": time.to_text(terms.valid_from),
        "valid_to": end and time.to_text(end),
    }


def _require_side(terms: Terms, side: str) -> None:
    if side not in (terms.owner, terms.reader):
        raise invalid([Fault("side", "side", "An agreement is proposed by one of its two sides.")])
