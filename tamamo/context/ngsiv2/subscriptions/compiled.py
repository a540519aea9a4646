"""A subscription of NGSIv2 made ready: checked as a whole, and held against changes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.parse import quote, urlsplit

from tamamo.context.changes import Change
from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import Entity, Instance
from tamamo.context.model.kinds import VALUE_MEMBER
from tamamo.context.model.values import Fault
from tamamo.context.ngsiv2 import entities, names, query
from tamamo.context.ngsiv2.query import Matcher
from tamamo.context.ngsiv2.subscriptions import body as bodies
from tamamo.context.ngsiv2.subscriptions import macros
from tamamo.context.ngsiv2.subscriptions.body import (
    Body,
    Condition,
    HttpCustom,
    Mqtt,
    MqttCustom,
    Receiver,
)
from tamamo.context.ngsiv2.subscriptions.telling import Teller
from tamamo.context.query import geoq, q, scopeq
from tamamo.context.query.paging import Page
from tamamo.context.query.paths import Lookup
from tamamo.context.query.plan import Query
from tamamo.context.subscriptions.compiled import (
    Events,
    OtherSubscription,
    Snapshot,
    Subscription,
    compile_subscription,
)
from tamamo.context.subscriptions.document import Document
from tamamo.context.subscriptions.message import Message

#: Seconds (over three thousand years) after which a oneshot subscription would tell again.
_NEVER: Final = 1e11
_FROM_THE_BEGINNING: Final = Snapshot(0, 0, frozenset())
_DEFAULT_ALTERATIONS: Final = ("entityCreate", "entityChange")
_SCHEMES: Final = frozenset({"http", "https"})
_NOT_IN_ADDRESSES = re.compile(r"[\s\x00-\x20\x7f<>\"\\^`]")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrionSubscription(OtherSubscription):
    """A subscription made through NGSIv2. matchers: alternatives. attrs: IRIs, None for any."""

    wanted: Body
    matchers: tuple[Matcher, ...]
    attrs: frozenset[str] | None
    alterations: frozenset[str]

    @property
    def types(self) -> tuple[str, ...] | None:
        """The types it can match, as IRIs; None: any."""
        found: list[str] = []
        for matcher in self.matchers:
            if not matcher.types:
                return None
            found += matcher.types
        return tuple(dict.fromkeys(found))

    def wakes(self, change: Change, events: Events) -> bool:
        """Whether something happened that wakes it (NGSIv2, "Notification Triggering")."""
        altered = self._altered(change, events)
        if altered not in self.alterations:
            return False
        if altered == "entityDelete" or self.attrs is None:
            return True
        if altered == "entityCreate":
            return not self.attrs.isdisjoint(change.entity.attrs)
        seen = change.changed if altered == "entityUpdate" else self._changed(change, events)
        return not self.attrs.isdisjoint(seen)

    def _altered(self, change: Change, events: Events) -> str:
        """Return the kind of change, as this subscription distinguishes it."""
        if change.operation != "update":
            return "entityCreate" if change.operation == "create" else "entityDelete"
        if "entityUpdate" in self.alterations:
            return "entityUpdate"
        return "entityChange" if self._changed(change, events) else ""

    def _changed(self, change: Change, events: Events) -> list[str]:
        """Return the attributes that say something else than before."""
        condition = self.wanted.subject.condition
        if condition is None or condition.notifyOnMetadataChange:
            return list(events)
        before, after = change.previous or {}, change.entity.attrs
        return [attr for attr in events if _value(before.get(attr)) != _value(after.get(attr))]

    def selects(self, entity: Entity, lookup: Lookup | None = None) -> bool:
        """Whether the entity is subscribed to and meets the expression."""
        if not any(_matches(matcher, entity, self.terms) for matcher in self.matchers):
            return False
        wanted = self.query
        if wanted.scope is not None and not scopeq.matches(wanted.scope, entity):
            return False
        if wanted.q is not None and not q.matches(wanted.q, entity, lookup):
            return False
        return wanted.geo is None or geoq.matches(wanted.geo, entity)

    def message(self, change: Change, events: Events) -> Message | None:
        """Return what the subscriber is told of a change."""
        altered = self._altered(change, events)
        if altered == "entityUpdate" and self._changed(change, events):
            altered = "entityChange"
        return Teller(self.wanted.notification, change, altered, self.terms).message(self.id)


def _matches(matcher: Matcher, entity: Entity, terms: TermMap) -> bool:
    if matcher.ids and entity.id not in matcher.ids:
        return False
    if matcher.id_pattern is not None and not matcher.id_pattern.search(names.to_id(entity.id)):
        return False
    if matcher.types and set(matcher.types).isdisjoint(entity.types):
        return False
    pattern = matcher.type_pattern
    return pattern is None or any(pattern.search(names.name_of(t, terms)) for t in entity.types)


def _value(instances: list[Instance] | None) -> Any:
    """Return what an attribute says without its metadata."""
    if not instances:
        return None
    instance = entities.chosen(instances)
    kind = instance["type"]
    return kind, instance.get("valueType"), instance.get(VALUE_MEMBER[kind])


def document_of(body: Body, place: str) -> Document:
    """Return a subscription as it is stored: what was written, and what all subscriptions have.

    place: the service path it was made for.
    """
    endpoint: Document = {"uri": _endpoint(body.notification.receiver)}
    timeout = getattr(body.notification.receiver, "timeout", 0)
    if timeout:
        endpoint["timeout"] = timeout
    if isinstance(body.notification.receiver, Mqtt):
        qos = str(body.notification.receiver.qos)
        endpoint["notifierInfo"] = [
            {"key": "MQTT-QoS", "value": qos},
            {"key": "MQTT-Version", "value": "mqtt3.1.1"},
        ]
    document: Document = {
        # It is about what is held here: nobody else is asked to tell of theirs.
        "localOnly": True,
        "isActive": body.status != "inactive",
        "notification": {"endpoint": endpoint},
        "ngsiv2": {**bodies.write(body), "servicePath": place},
    }
    expires = bodies.expiry(body)
    if expires is not None:
        document["expiresAt"] = expires
    if body.status == "oneshot":
        document["throttling"] = _NEVER
    elif body.throttling:
        document["throttling"] = body.throttling
    return document


def compile_orion(
    tenant: str,
    identifier: str,
    document: Document,
    terms: TermMap,
    query_terms: TermMap,
    *,
    since: Snapshot = _FROM_THE_BEGINNING,
) -> OrionSubscription:
    """Make a stored subscription ready. Raises BadRequestData, Fault: part of checking one."""
    members: Mapping[str, Any] = document["ngsiv2"]
    place = members["servicePath"]
    body = bodies.read({name: value for name, value in members.items() if name != "servicePath"})
    _check_templates(body.notification.receiver)
    for name in (*body.notification.attrs, *(body.notification.exceptAttrs or ())):
        names.check_field(name, "notification", "attrs")
    plain = compile_subscription(tenant, identifier, document, terms, query_terms, since=since)
    condition = body.subject.condition or Condition()
    parameters = bodies.members_of(condition.expression)
    selectors = [bodies.members_of(selector) for selector in body.subject.entities]
    wanted = query.read(selectors, parameters, Page(), terms)
    common = {one.name: getattr(plain, one.name) for one in fields(Subscription) if one.init}
    common["query"] = Query(
        q=wanted.condition, scope=query.scope_of(names.read_paths(place)), geo=wanted.geo
    )
    return OrionSubscription(
        **common,
        wanted=body,
        matchers=wanted.matchers,
        attrs=frozenset(names.attribute(name, terms) for name in condition.attrs) or None,
        alterations=frozenset(condition.alterationTypes or _DEFAULT_ALTERATIONS),
    )


def _endpoint(receiver: Receiver) -> str:
    """Return the address of a receiver as far as no macro can change it. Raises BadRequestData."""
    try:
        parts = urlsplit(receiver.url)
        port = parts.port
    except ValueError as error:
        raise BadRequestData(f"url: {error}", field="url") from None
    if _NOT_IN_ADDRESSES.search(receiver.url):
        raise BadRequestData("url: holds a character no address can", field="url")
    if not parts.hostname or macros.holds_any(parts.netloc):
        raise BadRequestData("url: an address with a host is expected", field="url")
    if isinstance(receiver, Mqtt):
        if parts.scheme not in {"mqtt", "mqtts"} or parts.path.strip("/") or parts.query:
            raise BadRequestData(
                "url: expected mqtt://host:port; the topic stands in `topic`", field="url"
            )
        if set("+#") & set(receiver.topic):
            raise BadRequestData("topic: + and # are not allowed", field="topic")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        user = "" if receiver.user is None else f"{_quoted(receiver.user, receiver.passwd)}@"
        address = f"{parts.scheme}://{user}{host}" + (f":{port}" if port else "")
        return f"{address}/{quote(receiver.topic)}"
    if parts.scheme not in _SCHEMES:
        raise BadRequestData("url: an http or https address is expected", field="url")
    return f"{parts.scheme}://{parts.netloc}" if isinstance(receiver, HttpCustom) else receiver.url


def _quoted(user: str, password: str | None) -> str:
    return f"{quote(user, '')}:{quote(password or '', '')}"


def _check_templates(receiver: Receiver) -> None:
    if isinstance(receiver, HttpCustom):
        macros.check(receiver.url, "url")
        for name in ("headers", "qs"):
            pairs = getattr(receiver, name) or {}
            macros.check([*pairs, *pairs.values()], name)
    if isinstance(receiver, MqttCustom):
        macros.check(receiver.topic, "topic")
    if isinstance(receiver, HttpCustom | MqttCustom):
        for name in ("payload", "json", "ngsi"):
            macros.check(getattr(receiver, name), name)
        if receiver.ngsi is not None:
            _check_patch(receiver.ngsi)


def _check_patch(patch: Mapping[str, Any]) -> None:
    for name, value in patch.items():
        if name in {"id", "type"}:
            if not isinstance(value, str) or not value:
                raise Fault("is not a text", "ngsi", name)
            continue
        names.check_field(name, "ngsi")
        if not isinstance(value, dict) or value.keys() - {"type", "value", "metadata"}:
            raise Fault("is not an object with type and value", "ngsi", name)
        if "type" in value:
            names.check_field(value["type"], "ngsi", name, "type")
        metadata = value.get("metadata", {})
        if not isinstance(metadata, dict) or metadata.keys() - {"evalPriority"}:
            raise Fault("only evalPriority is metadata here", "ngsi", name, "metadata")
