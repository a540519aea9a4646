"""The demo's example (模擬): four requests, one of them answered, one published, one declined.

A job, so that the simulator need not know of this part.
"""

import tomllib
from importlib.resources import files
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import transaction
from tamamo.kernel.jobs import Run
from tamamo.publishing.requests import store
from tamamo.publishing.requests.model import Asking
from tamamo.publishing.requests.service import Requests

_BY: Final = "system:demo"


async def handle(run: Run) -> dict[str, int]:
    """Make the example, unless the town has requests of its own."""
    broker: Broker = run.broker
    engine = Requests(broker)
    if (await engine.listing(run.tenant, staff=True, limit=1)).total:
        return {"asked": 0}
    told = tomllib.loads(files(__package__).joinpath("demo.toml").read_text("utf-8"))["requests"]
    for one in told:
        asking = Asking(one["title"], one["body"], one.get("name", ""))
        request, _ = await engine.ask(run.tenant, asking, _BY)
        await _happened(broker, run.tenant, request.number, one)
    return {"asked": len(told)}


async def _happened(broker: Broker, tenant: str, number: int, one: dict[str, Any]) -> None:
    """Let a request have been asked some days ago, and answered since."""
    values = {"tenant": tenant, "request": number, "days": one["days"], "unit": one.get("unit", "")}
    async with transaction(broker.pool) as connection:
        await store.run(connection, "demo_asked", values)
        if "answer" not in one:
            return
        answer = {
            "kind": "answer", "body": one["answer"], "state": one["state"], "actor": _BY,
            "visible": "shown", "reason": "", "dataset": one.get("dataset", ""),
            "after": one["after"],
        }  # fmt: skip
        await store.run(connection, "insert_post", values | answer)
        await store.run(connection, "answer", values | answer)
        await store.run(connection, "demo_answered", values | answer)
        name = f"data-request:{number}"
        event = Event(tenant, _BY, "data_request.answer", name, after={"state": one["state"]})
        await append(connection, event)
