"""`tamamo mqtt`: connections to MQTT brokers, tried out and looked after."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamamo.feeds.commands import _installation, home_option, tenant_option
from tamamo.kernel import settings as kernel_settings
from tamamo.kernel import time
from tamamo.kernel.errors import SetupError

if TYPE_CHECKING:
    from tamamo.context.broker import Broker
    from tamamo.feeds.mqtt.arrived import Arrived
    from tamamo.feeds.mqtt.configuration import Connection
    from tamamo.feeds.mqtt.desk import Read
    from tamamo.feeds.mqtt.troubles import Known, Trouble


@click.group()
def mqtt() -> None:
    """Devices that publish to an MQTT broker."""


@mqtt.command()
@click.argument("connection")
@click.option("--seconds", type=click.FloatRange(1, 3600), default=30.0, show_default=True)
@click.option("--messages", type=click.IntRange(1, 1000), default=10, show_default=True)
@home_option
def check(connection: str, seconds: float, messages: int, home: Path | None) -> None:
    """Connect, listen, and show what the first messages would become. Writes nothing.

    CONNECTION: the name of a file in HOME/mqtt, or a path. Beside a running server: what the
    server listens to stays as it is.
    """
    from tamamo.feeds.mqtt import configuration

    settings = kernel_settings.load({"home": home})
    path = Path(connection)
    if path.suffix != ".toml":
        known = configuration.files(settings.home)
        if connection not in known:
            names = ", ".join(known) or "none"
            raise SetupError(f"There is no {connection!r} in {settings.home}/mqtt ({names}).")
        path = known[connection]
    said = configuration.load(path)
    click.echo(f"{path}: right, {len(said.mappings)} mappings, broker {said.broker.url}")

    async def work(broker: "Broker") -> int:
        return await _listen(broker, said, seconds, messages)

    with _installation(settings) as (_, run):
        if run(work) == 0:
            click.echo(f"Nothing came within {seconds:g} s.")


async def _listen(broker: "Broker", said: "Connection", seconds: float, most: int) -> int:
    import secrets

    from tamamo.feeds.mqtt.client import Client, MqttError, login
    from tamamo.feeds.mqtt.desk import Desk, routes_of
    from tamamo.feeds.mqtt.link import filters

    routes = await routes_of(broker, said)
    desk = Desk(broker, said, routes, notes=False)
    wished = filters(said, routes)
    name = f"tamamo-check-{secrets.token_hex(4)}"
    how = login(broker.settings.home, said.broker, name)
    queue: asyncio.Queue[Arrived] = asyncio.Queue()
    count = 0
    try:
        # A name of its own: with the connection's, the broker would end the server's.
        how = type(how)(name, how.password, how.tls)
        async with Client(said.broker, how, queue.put_nowait, lasting=False) as client:
            refused = await client.listen(wished, [])
            click.echo(f"Connected. Listening to {', '.join(wished)}")
            if refused:
                raise SetupError(f"The broker refuses {', '.join(refused)}.")
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while count < most:
                        message = await queue.get()
                        count += 1
                        _tell(message, *await desk.read((message,), time.now()))
    except MqttError as error:
        raise SetupError(f"The broker cannot be used: {error}") from error
    return count


def _tell(message: "Arrived", reads: "Sequence[Read]", found: "Sequence[Trouble]") -> None:
    import orjson

    from tamamo.context.model.represent import View, represent

    topic = reads[0].shown if reads else found[0].topic if found else ""
    click.echo(f"\n{topic}  ({message.size} bytes, QoS {message.qos})")
    for read in reads:
        for entity in read.entities:
            body: Any = represent(entity, read.route.terms, View("concise"))  # type: ignore[arg-type]
            text = orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
            click.echo("  → " + text.replace("\n", "\n    "))
    for trouble in found:
        where = f"{trouble.field}: " if trouble.field else ""
        click.echo(f"  × {where}{trouble.reason.en} / {trouble.reason.ja}")


@mqtt.command("list")
@home_option
def list_(home: Path | None) -> None:
    """Show the connections: whether each file is right, and how it does."""
    from tamamo.feeds.mqtt import configuration
    from tamamo.feeds.status import FeedStatuses, Status

    settings = kernel_settings.load({"home": home})
    known = configuration.files(settings.home)
    if not known:
        click.echo(f"No connections: put one into {settings.home}/mqtt, as NAME.toml.")
        return

    async def work(broker: "Broker") -> "list[Status]":
        return await FeedStatuses(broker.pool).all()

    with _installation(settings) as (_, run):
        statuses: list[Status] = run(work)
    now = time.now()
    for name, path in known.items():
        try:
            said = configuration.load(path)
            click.echo(f"{name}: {said.name.ja} / {said.name.en}, {said.broker.url}")
        except SetupError as error:
            click.echo(f"{name}: {error}")
        for status in statuses:
            if status.id == f"mqtt-{name}" or status.id.startswith(f"mqtt-{name}-"):
                click.echo(
                    f"  {status.state(now):<13} {status.tenant}/{status.id}:"
                    f" {status.stored:,} stored, {status.repeated:,} repeats,"
                    f" {status.rejected:,} rejected, {status.unauthorised:,} unauthorised"
                )


@mqtt.command()
@tenant_option
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@home_option
def troubles(tenant: str, limit: int, home: Path | None) -> None:
    """Show what could not be used: by topic and reason, the newest first. Keys never show."""
    from tamamo.feeds.mqtt.troubles import listing
    from tamamo.kernel.database import transaction

    async def work(broker: "Broker") -> "list[Known]":
        async with transaction(broker.pool) as connection:
            return await listing(connection, tenant, most=limit)

    with _installation(kernel_settings.load({"home": home})) as (_, run):
        found = run(work)
    for one in found:
        last = one.last_at.astimezone(time.JST)
        where = f" {one.field}:" if one.field else ""
        click.echo(
            f"{last:%Y-%m-%d %H:%M:%S} ×{one.count:,} {one.feed} {one.topic or '-'}:{where}"
            f" {one.en} / {one.ja}"
        )
        if one.example:
            click.echo(f"    {one.example[:120]!r}")
    if not found:
        click.echo("Everything that came could be used.")
