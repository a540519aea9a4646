"""A notification as it is stored until it is sent."""

from typing import Final

import msgspec

#: The API a subscription was made through, unless another is named.
NGSI_LD: Final = "ngsi-ld"
#: Its subscriptions to context source registrations (clause 5.11).
CSOURCE: Final = "csource"
#: What Orion clients speak; the stored document has a member of this name.
NGSIV2: Final = "ngsiv2"


class Sending(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a notification goes out where its subscription alone does not say it.

    The body then goes as it stands. url, topic: None for those of the endpoint.
    """

    headers: dict[str, str] = {}
    method: str = "POST"
    url: str | None = None
    topic: str | None = None
    retain: bool = False

    def to_text(self) -> str:
        """Return it as it is stored."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str) -> "Sending":
        """Return what `to_text` wrote."""
        return msgspec.json.decode(text, type=cls)


class Message(msgspec.Struct, frozen=True):
    """What a subscriber is told, in its media type. sending: None for the way of NGSI-LD."""

    media: str
    body: bytes
    sending: Sending | None = None
