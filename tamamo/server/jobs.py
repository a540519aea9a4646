"""Which jobs there are. `run` is the service of `tamamo work` that does them."""

from tamamo.context.broker import Broker
from tamamo.kernel.jobs import Kind
from tamamo.kernel.jobs.worker import work

#: name → where its `async def handler(run: Run) -> result` stands.
JOBS: dict[str, Kind] = {
    "feed.replay": Kind("tamamo.feeds.again:handle", tries=1),
}


async def run(broker: Broker) -> None:
    """Do the jobs of all tenants until cancelled."""
    await work(broker.pool, broker, JOBS)
