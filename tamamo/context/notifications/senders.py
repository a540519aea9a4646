"""Taking a notification to its receiver over HTTP (clause 6.3.8) or MQTT (clause 7.2)."""

from typing import Final, Protocol
from urllib.parse import urlsplit

from tamamo.context import tenants
from tamamo.context.negotiation import CONTEXT_RELATION, JSON, LD_JSON
from tamamo.context.notifications.outbound import Outbound
from tamamo.context.subscriptions.compiled import Subscriber, wants_bare_geojson
from tamamo.context.subscriptions.message import Sending
from tamamo.kernel.outgoing import AddressRefused, Outgoing, OutgoingError

#: Statuses that say "not now" rather than "not this".
_LATER: Final = frozenset({408, 421, 425, 429})
_MAX_ANSWER: Final = 64 * 1024
_PLAIN: Final = Sending()


class Unreachable(Exception):
    """The receiver cannot take anything now."""


class Refused(Exception):
    """The receiver does not want this notification."""


class Sender(Protocol):
    """Takes a notification to its receiver."""

    async def send(self, subscription: Subscriber, item: Outbound, seconds: float) -> None:
        """Return when the receiver has it. Raises Unreachable, Refused."""
        ...


def headers_of(subscription: Subscriber, item: Outbound) -> dict[str, str]:
    """Return what goes beside the body: headers in HTTP, metadata in MQTT."""
    if item.sending is not None:
        return dict(item.sending.headers)
    headers = {"Content-Type": item.media}
    if item.media == JSON or wants_bare_geojson(subscription.endpoint):
        url = subscription.context_url
        headers["Link"] = f'<{url}>; rel="{CONTEXT_RELATION}"; type="{LD_JSON}"'
    headers |= tenants.headers_of(subscription.tenant)
    if subscription.conformance is not None:
        headers["Preference-Applied"] = "ngsi-ld={}.{}".format(*subscription.conformance)
    # Names of headers have no case: what the subscriber says takes the place of ours.
    said = {name.lower() for name, _ in subscription.endpoint.receiver_info}
    kept = {name: value for name, value in headers.items() if name.lower() not in said}
    return kept | dict(subscription.endpoint.receiver_info)


class HttpSender:
    """Posts notifications."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def send(self, subscription: Subscriber, item: Outbound, seconds: float) -> None:
        """Return when the receiver has answered 2xx. Raises Unreachable, Refused."""
        how = item.sending or _PLAIN
        try:
            answer = await self._outgoing.request(
                how.method,
                how.url or subscription.endpoint.uri,
                headers=headers_of(subscription, item),
                body=item.body.encode(),
                max_bytes=_MAX_ANSWER,
                seconds=seconds,
                follow_redirects=False,
            )
        except AddressRefused as error:
            raise Refused(str(error)) from error
        except OutgoingError as error:
            raise Unreachable(str(error)) from error
        if 200 <= answer.status < 300:
            return
        failure = f"HTTP status {answer.status}"
        if answer.status >= 500 or answer.status in _LATER:
            raise Unreachable(failure)
        raise Refused(failure)


def origin_of(uri: str) -> str:
    """Return what shares a limit: the host and port of a receiver."""
    return urlsplit(uri).netloc.rpartition("@")[2].lower()
