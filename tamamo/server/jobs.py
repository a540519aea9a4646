"""Which jobs there are. `run` is the service of `tamamo work` that does them."""

import asyncio
from typing import Any

from tamamo.context.broker import Broker
from tamamo.kernel.jobs import Kind, Run
from tamamo.kernel.jobs.worker import work

#: name → where its `async def handler(run: Run) -> result` stands.
JOBS: dict[str, Kind] = {
    "audit.verify": Kind("tamamo.server.jobs:verify_audit"),
    "backup.make": Kind("tamamo.kernel.backup.service:handle", tries=1),
    "register.import": Kind("tamamo.registers.imports.service:handle_job", tries=1),
    "warnings.demo": Kind("tamamo.publishing.warnings.demo:handle", tries=1),
    "warnings.deliver": Kind("tamamo.publishing.warnings.delivery:handle", tries=5),
    "dataset.check": Kind("tamamo.publishing.datasets.checking:handle"),
    "dataset.entities": Kind("tamamo.publishing.datasets.entities:handle", tries=10),
    "dataset.demo": Kind("tamamo.publishing.datasets.demo:handle", tries=1),
    "data_requests.demo": Kind("tamamo.publishing.requests.demo:handle", tries=1),
    "facilities.demo": Kind("tamamo.publishing.facilities.demo:handle", tries=1),
    "plan.entities": Kind("tamamo.plan.values.publishing:handle", tries=10),
    "plan.demo": Kind("tamamo.plan.demo:handle", tries=1),
    "feed.replay": Kind("tamamo.feeds.again:handle", tries=1),
}


async def run(broker: Broker) -> None:
    """Do the jobs of all tenants until cancelled."""
    await work(broker.pool, broker, JOBS)


async def verify_audit(run: Run) -> dict[str, Any]:
    """Prove the whole audit log as `tamamo audit verify` does; faults are the result."""
    return await asyncio.to_thread(_verify_audit, run.broker)


def _verify_audit(broker: Broker) -> dict[str, Any]:
    import psycopg  # noqa: PLC0415

    from tamamo.kernel.audit import chain, heads  # noqa: PLC0415  (only this job needs them)

    settings = broker.settings
    assert settings.database_url is not None
    noted = heads.read(heads.path(settings.home))
    with psycopg.connect(settings.database_url) as connection:
        report = chain.verify_database(connection, noted)
        if not report.faults:
            heads.note(settings.home, chain.database_heads(connection), "verify")
    faults = [f"{one.tenant} {one.seq}: {one.kind}: {one.text}" for one in report.faults]
    return {
        "events": sum(report.events.values()),
        "heads_met": report.heads_met,
        "faults": len(faults),
        "first_faults": faults[:20],
    }
