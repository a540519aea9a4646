"""A subscription as NGSIv2 writes it ("Subscription payload datamodel"): its members' types."""

# ruff: noqa: N815 - members have the names of the API

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from tamamo.context.errors import BadRequestData
from tamamo.context.model.values import Fault
from tamamo.context.ngsiv2.attributes import to_utc

MAX_DESCRIPTION: Final = 1024
#: Longest time-out of a receiver, in milliseconds (30 minutes).
MAX_TIMEOUT: Final = 1_800_000

AlterationType = Literal["entityCreate", "entityChange", "entityUpdate", "entityDelete"]
Method = Literal["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"]
AttrsFormat = Literal[
    "normalized", "keyValues", "values", "simplifiedNormalized", "simplifiedKeyValues"
]
Status = Literal["active", "inactive", "oneshot"]
Text = Annotated[str, Meta(min_length=1, max_length=32 * 1024)]
Names = Annotated[list[Text], Meta(max_length=1000)]
Pairs = Annotated[dict[Text, str], Meta(min_length=1, max_length=100)]


class Member(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A JSON object of which every member is known."""


class Selector(Member):
    """Which entities: an id or a pattern of ids, and a type or a pattern of types."""

    id: Text | None = None
    idPattern: Text | None = None
    type: Text | None = None
    typePattern: Text | None = None


class Expression(Member):
    """What an entity has to meet."""

    q: Text | None = None
    mq: Text | None = None
    georel: Text | None = None
    geometry: Text | None = None
    coords: Text | None = None


class Condition(Member):
    """What wakes a subscription."""

    attrs: Names = field(default_factory=list)
    expression: Expression | None = None
    alterationTypes: Annotated[list[AlterationType], Meta(min_length=1)] | None = None
    notifyOnMetadataChange: bool = True


class Subject(Member):
    """What is subscribed to."""

    entities: Annotated[list[Selector], Meta(min_length=1, max_length=1000)]
    condition: Condition | None = None


class Http(Member):
    """A receiver that is told over HTTP. timeout: milliseconds, 0 for the broker's own."""

    url: Text
    timeout: Annotated[int, Meta(ge=0, le=MAX_TIMEOUT)] = 0


class HttpCustom(Http):
    """The same, told in the subscriber's words. payload null: nothing is sent along."""

    headers: Pairs | None = None
    qs: Pairs | None = None
    method: Method | None = None
    payload: str | UnsetType | None = UNSET
    json: dict[str, Any] | list[Any] | None = None
    ngsi: dict[str, Any] | None = None


class Mqtt(Member):
    """A topic that is published to."""

    url: Text
    topic: Text
    qos: Annotated[int, Meta(ge=0, le=2)] = 0
    retain: bool = False
    user: Text | None = None
    passwd: Text | None = None


class MqttCustom(Mqtt):
    """The same, in the subscriber's words."""

    payload: str | UnsetType | None = UNSET
    json: dict[str, Any] | list[Any] | None = None
    ngsi: dict[str, Any] | None = None


Receiver = Http | HttpCustom | Mqtt | MqttCustom


class Notification(Member):
    """What is told, to whom."""

    http: Http | None = None
    httpCustom: HttpCustom | None = None
    mqtt: Mqtt | None = None
    mqttCustom: MqttCustom | None = None
    attrs: Names = field(default_factory=list)
    exceptAttrs: Annotated[Names, Meta(min_length=1)] | None = None
    attrsFormat: AttrsFormat = "normalized"
    metadata: Names = field(default_factory=list)
    onlyChangedAttrs: bool = False
    covered: bool = False

    @property
    def receiver(self) -> Receiver:
        """The one receiver there is."""
        found = self.http or self.httpCustom or self.mqtt or self.mqttCustom
        assert found is not None
        return found


class Body(Member):
    """A whole subscription, as a client creates it. expires: an ISO 8601 date, "" for never."""

    subject: Subject
    notification: Notification
    description: Annotated[str, Meta(max_length=MAX_DESCRIPTION)] | None = None
    expires: str = ""
    status: Status = "active"
    throttling: Annotated[int, Meta(ge=0, le=10**9)] = 0


#: What only the broker writes; clients send it back when they change what they have read.
_SHOWN: Final = frozenset({"id"})
_SHOWN_OF_NOTIFICATION: Final = frozenset(
    {
        "timesSent",
        "failsCounter",
        "lastNotification",
        "lastSuccess",
        "lastSuccessCode",
        "lastFailure",
        "lastFailureReason",
    }
)
_RECEIVERS: Final = ("http", "httpCustom", "mqtt", "mqttCustom")


def merge(before: dict[str, Any], fragment: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a subscription with those of a PATCH in their places."""
    merged = {**before, **fragment}
    if merged.get("status") == "expired":
        # Read, and sent back as it was.
        merged["status"] = before.get("status", "active")
    return merged


def read(members: Any) -> Body:
    """Return a subscription. Raises BadRequestData naming the member."""
    if not isinstance(members, dict):
        raise BadRequestData("The body is not a JSON object")
    written = _without(members, _SHOWN)
    if isinstance(written.get("notification"), dict):
        written["notification"] = _without(written["notification"], _SHOWN_OF_NOTIFICATION)
    try:
        body = msgspec.convert(written, Body)
    except msgspec.ValidationError as error:
        raise BadRequestData(str(error).replace("`$.", "`")) from None
    _check_subject(body.subject)
    _check_notification(body.notification)
    return body


def write(body: Body) -> dict[str, Any]:
    """Return the members of a subscription that are not what they are without being written."""
    written: dict[str, Any] = msgspec.to_builtins(body)
    return written


def _without(members: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}


def _check_subject(subject: Subject) -> None:
    for at, selector in enumerate(subject.entities):
        field = f"subject/entities/{at}"
        if (selector.id is None) == (selector.idPattern is None):
            raise BadRequestData(f"{field}: needs either an id or an idPattern", field=f"/{field}")
        if selector.type is not None and selector.typePattern is not None:
            raise BadRequestData(f"{field}: either type or typePattern", field=f"/{field}")
    condition = subject.condition
    if condition is not None and condition.expression == Expression():
        field = "subject/condition/expression"
        raise BadRequestData(f"{field}: is empty", field=f"/{field}")


def _check_notification(wanted: Notification) -> None:
    given = [name for name in _RECEIVERS if getattr(wanted, name) is not None]
    if len(given) != 1:
        raise BadRequestData(
            f"notification: needs one of {', '.join(_RECEIVERS)}", field="/notification"
        )
    receiver = wanted.receiver
    field = f"notification/{given[0]}"
    if isinstance(receiver, HttpCustom | MqttCustom):
        bodies = [receiver.payload is not UNSET, receiver.json is not None]
        if sum([*bodies, receiver.ngsi is not None]) > 1:
            raise BadRequestData(
                f"{field}: payload, json and ngsi cannot stand together", field=f"/{field}"
            )
    if isinstance(receiver, Mqtt) and (receiver.user is None) != (receiver.passwd is None):
        raise BadRequestData(f"{field}: user and passwd stand together", field=f"/{field}")
    if wanted.attrs and wanted.exceptAttrs:
        raise BadRequestData(
            "notification: attrs and exceptAttrs cannot stand together", field="/notification"
        )
    if wanted.covered and not wanted.attrs:
        raise BadRequestData("notification/covered: needs attrs", field="/notification/covered")


def members_of(element: Selector | Expression | None) -> dict[str, str]:
    """Return the members that are there."""
    if element is None:
        return {}
    found: dict[str, str] = msgspec.to_builtins(element)
    return found


def expiry(body: Body) -> str | None:
    """Return when it ends, in UTC; None when never. Raises BadRequestData."""
    if not body.expires:
        return None
    try:
        return to_utc(body.expires)
    except Fault as fault:
        raise fault.under("expires").problem() from None
