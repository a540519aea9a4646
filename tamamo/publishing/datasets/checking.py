"""How a file is read, settled by an officer, and what comes of reading it: rows and reports."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import msgspec
from psycopg.types.json import Jsonb

from tamamo.context.broker import Broker
from tamamo.kernel import jobs
from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Problem
from tamamo.kernel.jobs import Run
from tamamo.publishing.datasets import claims, reporting, store, uploading
from tamamo.publishing.datasets.acting import locked_version, note
from tamamo.publishing.datasets.claims import Claim
from tamamo.publishing.datasets.errors import DatasetRefused
from tamamo.publishing.datasets.metadata import Words
from tamamo.publishing.datasets.model import Field, Reason, Version
from tamamo.registers.model import Visitor

if TYPE_CHECKING:
    from tamamo.registers import intake

JOB: Final = "dataset.check"
#: Bytes of a file up to which a check is done at once.
QUICK: Final = 1024 * 1024
_TIMES: Final = ("moment", "date", "month", "year")


def fields_of(recipe: "intake.Recipe") -> tuple[Field, ...]:
    """Return the fields of the rows that a recipe makes."""
    told = recipe.fields()
    time = next((one.name for kind in _TIMES for one in told if one.kind == kind), None)
    found: list[Field] = []
    places: set[str] = set()
    for one in told:
        role = ""
        if one.key:
            role = "key"
        elif one.kind in ("latitude", "longitude") and one.kind not in places:
            role = one.kind
            places.add(one.kind)
        elif one.name == time:
            role = "time"
        label = Words(one.label or one.name, one.label_en)
        unit = one.unit_code or one.unit
        found.append(msgspec.convert(
            {"name": one.name, "label": msgspec.to_builtins(label), "kind": one.kind,
             "unit": unit, "role": role}, Field))  # fmt: skip
    return tuple(found)


async def settle(
    broker: Broker, visitor: Visitor, identifier: str, number: int, recipe: "intake.Recipe"
) -> Version:
    """Keep how a file is read. Raises DatasetRefused with the findings in `numbers`."""
    from tamamo.registers import intake  # noqa: PLC0415

    profile = await uploading.profile(broker, visitor, identifier, number, _choice(recipe))
    findings = intake.check(recipe, profile)
    if findings:
        raise DatasetRefused(
            findings[0].code,
            "。".join(one.ja for one in findings),
            "; ".join(one.en for one in findings),
            {"findings": [msgspec.to_builtins(one) for one in findings]},
        )
    async with transaction(broker.pool) as connection:
        dataset, version = await locked_version(
            connection, visitor, identifier, number, "new", "settled", "checked", "failed"
        )
        told = msgspec.to_builtins(recipe)
        await store.execute(
            connection, "settle", tenant=visitor.tenant, version=version.id,
            by=visitor.actor.subject, recipe=Jsonb(told),
            choice=Jsonb(msgspec.to_builtins(_choice(recipe))),
            fields=store.fields_told(fields_of(recipe)),
        )  # fmt: skip
        said = {"version": number, "columns": [one["name"] for one in told.get("columns", [])]}
        await note(connection, visitor, "settle", dataset.id, after=said)
        return await store.version(connection, visitor.tenant, dataset.id, number)


def _choice(recipe: "intake.Recipe") -> "intake.Choice":
    from tamamo.registers import intake  # noqa: PLC0415

    return intake.Choice(
        sheet=recipe.sheet, encoding=recipe.encoding, delimiter=recipe.delimiter,
        header_rows=recipe.header_rows, area=recipe.area,
    )  # fmt: skip


async def check(broker: Broker, visitor: Visitor, identifier: str, number: int) -> Version:
    """Read a whole file, at once or by a job."""
    async with transaction(broker.pool) as connection:
        dataset, version = await locked_version(
            connection, visitor, identifier, number, "settled", "checked", "failed", "checking"
        )
        claim = await claims.take(
            connection, broker.pool, visitor.tenant, version.id,
            total=version.total, by=visitor.actor.subject,
        )  # fmt: skip
        if version.size > QUICK:
            job = await jobs.defer(
                connection, JOB, tenant=visitor.tenant, actor=visitor.actor.subject,
                args={"dataset": dataset.id, "version": number},
            )  # fmt: skip
            await store.execute(
                connection, "set_job", tenant=visitor.tenant, version=version.id, job=job
            )
            return await store.version(connection, visitor.tenant, dataset.id, number)
    return await work(broker, visitor, dataset.id, number, claim)


async def work(
    broker: Broker, visitor: Visitor, dataset: str, number: int, claim: Claim
) -> Version:
    """Read a file that was claimed; it comes back checked or failed.

    Raises DatasetConflict when the claim is lost: then nothing of it is kept.
    """
    async with claim.renewed():
        try:
            async with transaction(broker.pool) as connection:
                version = await store.version(connection, visitor.tenant, dataset, number)
            found = await reporting.read(broker, visitor.tenant, version, claim)
        except Problem as problem:
            found = reporting.Outcome(reason=_reason(problem))
        except Exception:
            ja = "途中で失敗しました。もう一度確認してください。"
            reason = Reason("broken", ja, "It failed on the way: check again")
            found = reporting.Outcome(reason=reason)
            await _finish(broker, visitor, dataset, number, claim=claim, found=found)
            raise
        return await _finish(broker, visitor, dataset, number, claim=claim, found=found)


def _reason(problem: Problem) -> Reason:
    ja = getattr(problem, "ja", "") or problem.detail
    en = getattr(problem, "en", "") or problem.detail
    return Reason(getattr(problem, "code", "broken"), ja, en)


async def _finish(
    broker: Broker,
    visitor: Visitor,
    dataset: str,
    number: int,
    *,
    claim: Claim,
    found: reporting.Outcome,
) -> Version:
    state = "failed" if found.reason is not None else "checked"
    async with transaction(broker.pool) as connection:
        kept = await store.execute(
            connection, "checked", tenant=visitor.tenant, version=claim.version,
            claim=claim.token, state=state,
            counts=Jsonb(found.counts), reports=Jsonb(asdict(found.reports)),
            reason=Jsonb(asdict(found.reason)) if found.reason else None,
            rows=found.rows, bbox=found.bbox, done=found.counts.get("in", 0),
        )  # fmt: skip
        if kept is None:
            raise claims.running()
        said: dict[str, Any] = {"version": number, "state": state, **found.counts}
        if found.reason is not None:
            said["reason"] = found.reason.code
        await note(connection, visitor, "check", dataset, after=said)
        return await store.version(connection, visitor.tenant, dataset, number)


async def handle(run: Run) -> dict[str, Any]:
    """Check a version as a job of `tamamo work`, as whoever asked."""
    broker: Broker = run.broker
    actor = await broker.identity.actor_of(run.actor)
    visitor = Visitor(run.tenant, actor, await broker.identity.access(actor, run.tenant))
    dataset, number = run.args["dataset"], run.args["version"]
    async with transaction(broker.pool) as connection:
        version = await store.version(connection, run.tenant, dataset, number)
    if version.state != "checking":
        return {"state": version.state}
    claim = await claims.take_over(broker.pool, run.tenant, version.id, run.id)
    done = await work(broker, visitor, dataset, number, claim)
    return {"state": done.state, **done.counts}
