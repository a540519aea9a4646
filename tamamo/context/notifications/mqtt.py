"""Notifications over MQTT 3.1.1 and 5 (clause 7.2)."""

import asyncio
import ssl
from collections import OrderedDict
from contextlib import AsyncExitStack, suppress
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import aiomqtt
import orjson

from tamamo.context.notifications.outbound import Outbound
from tamamo.context.notifications.senders import Refused, Unreachable, headers_of
from tamamo.context.subscriptions.compiled import Subscriber
from tamamo.kernel.outgoing import AddressRefused, Outgoing, OutgoingError

#: Connections kept open at most; the one used longest ago goes first.
MAX_CONNECTIONS: Final = 32

_VERSIONS: Final = {
    "mqtt3.1.1": aiomqtt.ProtocolVersion.V311,
    "mqtt5.0": aiomqtt.ProtocolVersion.V5,
}


class Target(NamedTuple):
    """A broker and how it is spoken to: what connections are shared by."""

    tls: bool
    host: str
    port: int
    username: str | None
    password: str | None
    version: str


class _Letter(NamedTuple):
    """What is published."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class _Connection:
    """One open connection."""

    def __init__(self, client: aiomqtt.Client, stack: AsyncExitStack) -> None:
        self.client = client
        self._stack = stack
        self.users = 0

    async def close(self) -> None:
        with suppress(aiomqtt.MqttError, OSError, TimeoutError):
            await self._stack.aclose()


class MqttSender:
    """Publishes notifications over connections that are kept open."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._open: OrderedDict[Target, _Connection] = OrderedDict()
        self._connecting: dict[Target, asyncio.Lock] = {}

    async def close(self) -> None:
        """Close all connections."""
        while self._open:
            _, connection = self._open.popitem()
            await connection.close()

    async def send(self, subscription: Subscriber, item: Outbound, seconds: float) -> None:
        """Return when the broker has it, by the quality of service asked for.

        Raises Unreachable, Refused.
        """
        target, topic = target_of(subscription)
        info = dict(subscription.endpoint.notifier_info)
        how = item.sending
        letter = _Letter(
            topic if how is None else how.topic or topic,
            _wrapped(subscription, item) if how is None else item.body.encode(),
            int(info.get("MQTT-QoS", "0")),
            how is not None and how.retain,
        )
        try:
            async with asyncio.timeout(seconds):
                await self._publish(target, letter)
        except AddressRefused as error:
            raise Refused(str(error)) from error
        except (OutgoingError, aiomqtt.MqttError, OSError, TimeoutError) as error:
            raise Unreachable(f"MQTT: {str(error) or 'no answer in time'}") from error

    async def _publish(self, target: Target, letter: _Letter) -> None:
        kept = target in self._open
        try:
            await self._publish_once(target, letter)
        except aiomqtt.MqttError:
            if not kept:
                raise
            # The connection was from before the broker was started again.
            await self._publish_once(target, letter)

    async def _publish_once(self, target: Target, letter: _Letter) -> None:
        connection = await self._connection(target)
        connection.users += 1
        try:
            await connection.client.publish(*letter)
        except BaseException:
            if self._open.get(target) is connection:
                del self._open[target]
            await connection.close()
            raise
        finally:
            connection.users -= 1

    async def _connection(self, target: Target) -> _Connection:
        async with self._connecting.setdefault(target, asyncio.Lock()):
            found = self._open.get(target)
            if found is None:
                found = self._open[target] = await self._connect(target)
                await self._make_room()
            self._open.move_to_end(target)
            return found

    async def _make_room(self) -> None:
        idle = [target for target, connection in self._open.items() if connection.users == 0]
        for target in idle[: max(0, len(self._open) - MAX_CONNECTIONS)]:
            self._connecting.pop(target, None)
            await self._open.pop(target).close()

    async def _connect(self, target: Target) -> _Connection:
        address = await self._outgoing.choose_address(target.host, target.port)
        client = aiomqtt.Client(
            # With TLS the certificate proves the host; without, the address that was checked.
            target.host if target.tls else address,
            target.port,
            username=target.username,
            password=target.password,
            protocol=_VERSIONS[target.version],
            tls_context=ssl.create_default_context() if target.tls else None,
        )
        stack = AsyncExitStack()
        await stack.enter_async_context(client)
        return _Connection(client, stack)


def _wrapped(subscription: Subscriber, item: Outbound) -> bytes:
    """Return headers and body as one document (clause 7.2)."""
    metadata = headers_of(subscription, item)
    return orjson.dumps({"metadata": metadata, "body": orjson.Fragment(item.body)})


def target_of(subscription: Subscriber) -> tuple[Target, str]:
    """Return the broker and the topic of a subscription's endpoint."""
    endpoint = subscription.endpoint
    parts = urlsplit(endpoint.uri)
    tls = parts.scheme == "mqtts"
    target = Target(
        tls,
        parts.hostname or "",
        parts.port or (8883 if tls else 1883),
        None if parts.username is None else unquote(parts.username),
        None if parts.password is None else unquote(parts.password),
        dict(endpoint.notifier_info).get("MQTT-Version", "mqtt5.0"),
    )
    return target, unquote(parts.path.removeprefix("/"))
