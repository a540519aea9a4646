"""What two people decide: a version asked for and signed; and what is taken back at once."""

import hashlib
from typing import Any, Final

from psycopg.types.json import Jsonb

from tamamo.context.broker import Broker
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.time import now
from tamamo.publishing.datasets import entities, store
from tamamo.publishing.datasets.acting import locked, locked_version, note, require_state
from tamamo.publishing.datasets.errors import DatasetConflict, DatasetRefused, UnknownVersion
from tamamo.publishing.datasets.files import formats_of
from tamamo.publishing.datasets.model import OPEN, Dataset, Version
from tamamo.publishing.datasets.rights import require_approve, require_write
from tamamo.registers.model import Visitor

#: Longest note or reason, characters.
_LONGEST: Final = 2_000


def mark_of(dataset: Dataset, version: Version) -> str:
    """Return what changes with anything of a version, or with what is said of its dataset."""
    told = f"{version.id} {version.changed_at.isoformat()} {dataset.changed_at.isoformat()}"
    return hashlib.blake2s(told.encode(), digest_size=12).hexdigest()


async def submit(
    broker: Broker, visitor: Visitor, identifier: str, number: int, *, said: str, accept_loss: bool
) -> Version:
    """Ask a second person to sign."""
    async with transaction(broker.pool) as connection:
        dataset, version = await locked_version(connection, visitor, identifier, number, "checked")
        _require_fresh(dataset, version)
        reports, before = version.reports, dataset.rows or 0
        if reports.against is not None and reports.removed * 2 > before and not accept_loss:
            numbers = {"removed": reports.removed, "before": before, "rows": version.rows}
            ja = f"いま公開している{before}行のうち{reports.removed}行がなくなります。"
            en = f"{reports.removed} of the {before} rows that are public now would be gone"
            raise DatasetRefused("lost_rows", ja, en, numbers)
        await _move(connection, visitor, version, "submitted", said=said)
        told = {"version": number, "note": said, "accept_loss": accept_loss}
        await note(connection, visitor, "submit", dataset.id, after=told)
        return await store.version(connection, visitor.tenant, dataset.id, number)


async def take_back(broker: Broker, visitor: Visitor, identifier: str, number: int) -> Version:
    """Undo asking."""
    return await _step(
        broker, visitor, identifier, number, "submitted", act="take_back", to="checked"
    )


async def discard(broker: Broker, visitor: Visitor, identifier: str, number: int) -> Version:
    """Put a version aside."""
    return await _step(broker, visitor, identifier, number, *OPEN, act="discard", to="discarded")


async def _step(
    broker: Broker, visitor: Visitor, identifier: str, number: int, *of: str, act: str, to: str
) -> Version:
    async with transaction(broker.pool) as connection:
        dataset, version = await locked_version(connection, visitor, identifier, number, *of)
        await _move(connection, visitor, version, to)
        await note(connection, visitor, act, dataset.id, after={"version": number})
        return await store.version(connection, visitor.tenant, dataset.id, number)


async def decline(
    broker: Broker, visitor: Visitor, identifier: str, number: int, reason: str
) -> Version:
    """Send a version back for good."""
    reason = reason.strip()[:_LONGEST]
    if not reason:
        raise DatasetRefused("no_reason", "理由を入力してください", "A reason is needed")
    async with transaction(broker.pool) as connection:
        dataset = await locked(connection, visitor, identifier)
        require_approve(visitor, dataset)
        version = await store.version(connection, visitor.tenant, dataset.id, number)
        require_state(version, "submitted")
        told = {"code": "declined", "ja": reason, "en": reason, "numbers": {}}
        await _move(connection, visitor, version, "declined", reason=told)
        after = {"version": number, "reason": reason}
        await note(connection, visitor, "decline", dataset.id, after=after)
        return await store.version(connection, visitor.tenant, dataset.id, number)


async def approve(
    broker: Broker,
    visitor: Visitor,
    identifier: str,
    number: int,
    *,
    seen_privacy: bool,
    privacy_note: str,
    as_seen: str | None = None,
) -> Version:
    """Sign as a second person, and publish: one transaction. as_seen: `mark_of` what was read."""
    async with transaction(broker.pool) as connection:
        dataset = await locked(connection, visitor, identifier)
        require_approve(visitor, dataset)
        version = await store.version(connection, visitor.tenant, dataset.id, number)
        require_state(version, "submitted")
        if visitor.actor.subject in version.worked:
            ja = "作業した人は承認できません。別の人が承認してください。"
            raise DatasetConflict("own_work", ja, "Whoever worked at it does not approve it")
        if as_seen is not None and as_seen != mark_of(dataset, version):
            ja = "開いたあとに内容が変わりました。もう一度確認してから承認してください。"
            raise DatasetConflict("changed", ja, "It was changed since you read it: read it again")
        _require_fresh(dataset, version)
        _require_seen(version, seen_privacy, privacy_note)
        await _show(connection, visitor, dataset, version)
        done = await entities.follow(
            connection, broker, visitor.tenant, dataset.id, version, by=visitor.actor.subject
        )
        await _move(connection, visitor, version, "published", entities_done=done)
        await _tell(connection, visitor, dataset.id, number, kind="published", said=version.note)
        privacy = version.reports.privacy or {}
        said = {
            "version": number, "rows": version.rows, "sha256": version.sha256,
            "submitted_by": version.submitted_by, "worked": list(version.worked),
            "privacy": privacy.get("verdict"), "privacy_note": privacy_note.strip()[:_LONGEST],
        }  # fmt: skip
        await note(
            connection, visitor, "publish", dataset.id, before={"version": dataset.version},
            after=said,
        )  # fmt: skip
        return await store.version(connection, visitor.tenant, dataset.id, number)


def _require_fresh(dataset: Dataset, version: Version) -> None:
    """Raise DatasetConflict where the public sees another version than the check compared with."""
    if version.reports.against != dataset.version:
        numbers = {"against": version.reports.against, "public": dataset.version}
        ja = "確認したあとに公開中の版が変わりました。もう一度確認してください。"
        en = "The public version has changed since the check: check again"
        raise DatasetConflict("stale", ja, en, numbers)


def _require_seen(version: Version, seen: bool, said: str) -> None:
    verdict = (version.reports.privacy or {}).get("verdict", "clear")
    if verdict == "clear":
        return
    if not seen:
        ja = "個人情報の確認結果を見たことを示してください"
        raise DatasetRefused("not_seen", ja, "Say that you have seen the privacy report")
    if verdict == "serious" and not said.strip():
        ja = "個人情報の指摘があります。公開してよい理由を入力してください。"
        en = "The privacy report is serious: say why it may be published"
        raise DatasetRefused("not_seen", ja, en)


async def unpublish(broker: Broker, visitor: Visitor, identifier: str, reason: str) -> Dataset:
    """Take a dataset from the public; its version stays away when another one is published."""
    async with transaction(broker.pool) as connection:
        dataset = await locked(connection, visitor, identifier)
        require_write(visitor, dataset)
        if dataset.state != "published":
            ja, en = "公開されていません", "It is not public"
            raise DatasetConflict("state", ja, en, {"state": dataset.state})
        tenant, by = visitor.tenant, visitor.actor.subject
        await store.execute(connection, "hide", tenant=tenant, id=dataset.id, by=by)
        await entities.follow(connection, broker, tenant, dataset.id, None, by=by)
        reason = reason.strip()[:_LONGEST]
        if dataset.version_id:
            told = {"code": "withdrawn", "ja": reason, "en": reason, "numbers": {}}
            await store.execute(
                connection, "withdraw", tenant=tenant, version=dataset.version_id,
                reason=Jsonb(told),
            )  # fmt: skip
        # Why is for the town hall: it may name what should not have been public.
        await _tell(connection, visitor, dataset.id, dataset.version, kind="unpublished")
        after = {"version": dataset.version, "reason": reason}
        await note(connection, visitor, "unpublish", dataset.id, after=after)
        return await store.get(connection, tenant, dataset.id)


async def roll_back(
    broker: Broker, visitor: Visitor, identifier: str, number: int | None, said: str
) -> Dataset:
    """Show a version that was public before."""
    async with transaction(broker.pool) as connection:
        dataset = await locked(connection, visitor, identifier)
        require_approve(visitor, dataset)
        tenant, by = visitor.tenant, visitor.actor.subject
        if number == dataset.version and dataset.state == "published":
            ja, en = "すでに公開されている版です", "It is the public version already"
            raise DatasetConflict("state", ja, en)
        if dataset.kind == "live":
            await store.execute(connection, "show_live", tenant=tenant, id=dataset.id, by=by)
        else:
            if number is None:
                raise UnknownVersion("Say which version")
            version = await store.version(connection, tenant, dataset.id, number)
            if version.published_at is None:
                raise UnknownVersion(f"Version {number} was never public")
            await store.execute(
                connection, "withdraw", tenant=tenant, version=version.id, reason=None
            )
            await _show(connection, visitor, dataset, version)
            done = await entities.follow(connection, broker, tenant, dataset.id, version, by=by)
            if not done:
                await store.execute(
                    connection, "entities_follow", tenant=tenant, version=version.id
                )
        said = said.strip()[:_LONGEST]
        await _tell(connection, visitor, dataset.id, number, kind="rolled_back")
        before = {"version": dataset.version, "state": dataset.state}
        after = {"version": number, "note": said}
        await note(connection, visitor, "roll_back", dataset.id, before=before, after=after)
        return await store.get(connection, tenant, dataset.id)


async def _show(
    connection: Connection, visitor: Visitor, dataset: Dataset, version: Version
) -> None:
    """From here on the public sees a version."""
    await store.execute(
        connection, "show_version", tenant=visitor.tenant, id=dataset.id, version=version.id,
        by=visitor.actor.subject, formats=list(formats_of(version.fields, version.rows)),
        data_at=version.published_at,
        due=store.due_of(dataset.metadata, version.published_at or now()),
    )  # fmt: skip
    columns = store.described_columns(dataset.id, dataset.metadata, version.fields)
    await store.execute(
        connection, "fold_again", tenant=visitor.tenant, id=dataset.id, folded=columns["folded"]
    )


async def _tell(
    connection: Connection,
    visitor: Visitor,
    dataset: str,
    number: int | None,
    *,
    kind: str,
    said: str = "",
) -> None:
    await store.execute(
        connection, "insert_change", tenant=visitor.tenant, dataset=dataset, version=number,
        kind=kind, note=said,
    )  # fmt: skip


async def _move(
    connection: Connection,
    visitor: Visitor,
    version: Version,
    state: str,
    *,
    said: str | None = None,
    reason: dict[str, Any] | None = None,
    entities_done: bool = True,
) -> None:
    await store.execute(
        connection, "move", tenant=visitor.tenant, version=version.id, state=state,
        by=visitor.actor.subject, note=None if said is None else said.strip()[:_LONGEST],
        reason=None if reason is None else Jsonb(reason), entities_done=entities_done,
    )  # fmt: skip
