"""`tamamo work`: everything that runs without a request, one task each, restarted when it fails."""

import asyncio
import importlib
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
import uvloop

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel import log
from tamamo.kernel.process import collect_between, step_back
from tamamo.kernel.settings import Settings
from tamamo.kernel.tasks import beside, wanted

Service = Callable[[Broker], Coroutine[Any, Any, None]]

#: name → where its `async def run(broker) -> None` stands. It runs until it is cancelled.
SERVICES: dict[str, str] = {
    "feeds": "tamamo.feeds.runtime:run",
    "mqtt": "tamamo.feeds.mqtt.service:run",
    "housekeeping": "tamamo.context.housekeeping:run",
    "notifications": "tamamo.context.notifications.service:run",
    "subscriptions_at_sources": "tamamo.context.remotesubscriptions.service:run",
    "snapshots": "tamamo.context.snapshots.work:run",
    "registers": "tamamo.registers.following:run",
    "audit_heads": "tamamo.kernel.audit.heads:run",
    "backups": "tamamo.kernel.backup.service:run",
    "calling": "tamamo.calling.work:run",
    "messages": "tamamo.messaging.work:run",
    "rules": "tamamo.rules.service:run",
    "jobs": "tamamo.server.jobs:run",
    "accounts": "tamamo.accounts.sweep:run",
    "drills": "tamamo.drills.work:run",
    "warnings": "tamamo.publishing.warnings.sweep:run",
    "plan": "tamamo.plan.nightly:run",
    "facilities": "tamamo.publishing.facilities.sweep:run",
    "datasets": "tamamo.publishing.datasets.following:run",
    "harvests": "tamamo.publishing.catalogue.harvest.following:run",
    "data_requests": "tamamo.publishing.requests.sweep:run",
    "plan_reminders": "tamamo.plan.year.reminding:run",
}

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 10.0
_logger = structlog.get_logger()


def run(settings: Settings) -> None:
    """Run all services until SIGTERM or Ctrl-C."""
    log.configure(settings)
    step_back()
    uvloop.run(_main(settings))


def load(where: str) -> Service:
    """Return the service a `module:function` text names."""
    module, _, name = where.partition(":")
    service: Service = getattr(importlib.import_module(module), name)
    return service


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_broker(settings) as broker:
        tasks = [
            asyncio.create_task(keep_running(name, load(where), broker), name=name)
            for name, where in SERVICES.items()
        ]
        async with beside(collect_between(), name="collector"):
            await stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def keep_running(name: str, service: Service, broker: Broker) -> None:
    """Run a service for ever; after an error pause, longer each time, and start it again."""
    pause = _FIRST_PAUSE
    loop = asyncio.get_running_loop()
    while wanted():
        started = loop.time()
        try:
            # A task of its own: in Python 3.11 a TaskGroup that failed leaves its task with a
            # request to stop (python/cpython#116720), and then nothing there is wanted any more.
            await asyncio.create_task(service(broker), name=f"{name} at work")
            _logger.warning("service_ended", service=name)
        except Exception:  # one service's error must not stop the others
            _logger.exception("service_failed", service=name)
        if loop.time() - started > _LONGEST_PAUSE:
            pause = _FIRST_PAUSE
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
