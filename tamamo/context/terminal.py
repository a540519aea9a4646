"""What commands that do something for a town share: two options, and the broker to do it with."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

T = TypeVar("T")

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)
tenant_option = click.option("--tenant", default="default", show_default=True, help="Which town.")


def run(home: Path | None, work: "Callable[[Broker], Awaitable[T]]") -> T:
    """Do something with the broker, beside a running server or without one."""
    from tamamo.context.broker import open_broker
    from tamamo.kernel import settings as kernel_settings
    from tamamo.kernel.installation import opened

    with opened(kernel_settings.load({"home": home})) as settings:

        async def main() -> T:
            async with open_broker(settings) as broker:
                return await work(broker)

        return asyncio.run(main())


def run_for(home: Path | None, tenant: str, work: "Callable[[Broker], Awaitable[T]]") -> T:
    """Do something for a town, the installation running or not. Raises NonexistentTenant."""

    async def known(broker: "Broker") -> T:
        await broker.tenants.require(tenant)
        return await work(broker)

    return run(home, known)
