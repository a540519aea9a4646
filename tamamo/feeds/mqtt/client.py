"""One connection to an MQTT broker, on which a message is acknowledged when we say so.

aiomqtt acknowledges a message as soon as it has come (empicano/aiomqtt#345); paho-mqtt, on which
it stands, can leave that to us. This is the one place that reaches through to it.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiomqtt
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import ConnectFlags, MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tamamo.feeds.mqtt import configuration
from tamamo.feeds.mqtt.arrived import Arrived
from tamamo.kernel.errors import SetupError
from tamamo.kernel.time import now

#: Seconds between two signs of life, and for an answer.
_KEEPALIVE: Final = 30
_TIMEOUT: Final = 15.0
_QOS: Final = 1

MqttError = aiomqtt.MqttError
#: Codes by which a broker refuses us: user, password, rights (3.1.1: 4, 5; 5: 134, 135).
_REFUSALS: Final = frozenset({4, 5, 134, 135})


def refuses(error: BaseException) -> bool:
    """Whether the broker does not want us: a person must act."""
    if not isinstance(error, aiomqtt.MqttCodeError):
        return False
    code = error.rc
    return (code.value if isinstance(code, ReasonCode) else code) in _REFUSALS


@dataclass(frozen=True, slots=True)
class Login:
    """What a connection needs besides its settings."""

    client_id: str
    password: str | None
    tls: ssl.SSLContext | None


def login(home: Path, broker: configuration.Broker, client_id: str) -> Login:
    """Read the secrets of a connection. Raises SetupError, which holds none of them."""
    password = configuration.secret(home, broker.password) if broker.password else None
    if not broker.address[2]:
        return Login(broker.client_id or client_id, password, None)
    try:
        authority = str(home / broker.authority) if broker.authority else None
        context = ssl.create_default_context(cafile=authority)
        if broker.certificate:
            key = broker.certificate_key or broker.certificate
            context.load_cert_chain(
                configuration.secret_path(home, broker.certificate),
                configuration.secret_path(home, key),
            )
    except (OSError, ssl.SSLError) as error:
        raise SetupError(f"A certificate of {broker.url} cannot be used: {error}") from error
    return Login(broker.client_id or client_id, password, context)


class Client(aiomqtt.Client):
    """A connection with a lasting session. `arrive` is called for each message, at once.

    As a context manager it is connected; raises MqttError.
    """

    def __init__(
        self,
        broker: configuration.Broker,
        how: Login,
        arrive: Callable[[Arrived], None],
        *,
        lasting: bool = True,
    ) -> None:
        host, port, _ = broker.address
        newer = broker.version == "5"
        seconds = int(broker.kept_days * 86_400) if lasting else 0
        super().__init__(
            host,
            port,
            username=broker.user or None,
            password=how.password,
            identifier=how.client_id,
            protocol=aiomqtt.ProtocolVersion.V5 if newer else aiomqtt.ProtocolVersion.V311,
            clean_session=None if newer else not lasting,
            clean_start=not lasting if newer else 3,
            properties=_connect_properties(broker.window, seconds) if newer else None,
            tls_context=how.tls,
            keepalive=_KEEPALIVE,
            timeout=_TIMEOUT,
        )
        self._client.manual_ack_set(True)
        self._arrive = arrive
        self._largest = broker.largest
        #: Whether the broker knew our session when we came.
        self.session_present = False

    async def listen(self, filters: list[str], before: list[str]) -> list[str]:
        """Subscribe, and let go of what was wanted before; return the filters that were refused."""
        gone = [one for one in before if one not in filters]
        if gone:
            await self.unsubscribe(gone)
        if not filters:
            return []
        answers = await self.subscribe([(one, _QOS) for one in filters])
        codes = [one.value if isinstance(one, ReasonCode) else int(one) for one in answers]
        return [one for one, code in zip(filters, codes, strict=True) if code >= 128]

    async def ended(self) -> None:
        """Return, or raise MqttError, when the connection is no more."""
        # Not awaited itself: whoever is cancelled here would cancel it, and leaving then fails.
        await asyncio.wait((self._disconnected,))
        error = self._disconnected.exception()
        if isinstance(error, aiomqtt.MqttError):
            raise error
        if error is not None:
            raise MqttError(str(error)) from error

    def read_on(self, on: bool) -> None:
        """Stop reading, or go on: what is not read waits in the connection and at the broker."""
        socket = self._client.socket()
        if socket is None:
            return
        if on:
            self._loop.add_reader(socket.fileno(), self._read)
            # What TLS has decoded already is announced by no socket.
            self._loop.call_soon(self._read)
        else:
            self._loop.remove_reader(socket.fileno())

    def _read(self) -> None:
        try:
            self._client.loop_read()
        except Exception as error:
            if not self._disconnected.done():
                self._disconnected.set_exception(error)

    def _on_connect(
        self,
        client: Paho,
        userdata: Any,
        flags: ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self.session_present = flags.session_present
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_message(self, client: Paho, userdata: Any, message: MQTTMessage) -> None:
        self._arrive(self._arrived(message))

    def _acknowledge(self, packet: int, qos: int) -> None:
        # Once the connection has ended this goes nowhere, and the broker sends the message again.
        self._client.ack(packet, qos)

    def _arrived(self, message: MQTTMessage) -> Arrived:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        payload = bytes(message.payload)
        pairs = getattr(message.properties, "UserProperty", ()) if message.properties else ()
        acknowledge: Callable[[], None] | None = None
        if message.qos:
            acknowledge = partial(self._acknowledge, message.mid, message.qos)
        return Arrived(
            topic,
            # Of what is too large only the beginning, for people: it must not fill the memory.
            payload if len(payload) <= self._largest else payload[:500],
            len(payload),
            now(),
            message.qos,
            message.mid,
            message.dup,
            message.retain,
            tuple(pairs),
            acknowledge,
        )


def _connect_properties(window: int, seconds: int) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.ReceiveMaximum = window
    properties.SessionExpiryInterval = seconds
    return properties
