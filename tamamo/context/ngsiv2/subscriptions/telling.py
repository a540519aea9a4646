"""What a subscriber of NGSIv2 is told of a change ("Notification Messages")."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode
from uuid import uuid4

import orjson

from tamamo.context.changes import Change
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_TENANT, Instance
from tamamo.context.ngsiv2 import attributes, entities, names
from tamamo.context.ngsiv2.http import CORRELATOR, JSON, SERVICE, SERVICE_PATH, TEXT
from tamamo.context.ngsiv2.subscriptions import macros
from tamamo.context.ngsiv2.subscriptions.body import (
    HttpCustom,
    Mqtt,
    MqttCustom,
    Notification,
    Receiver,
)
from tamamo.context.subscriptions.message import Message, Sending

ATTRS_FORMAT: Final = "Ngsiv2-AttrsFormat"
CUSTOM: Final = "custom"
#: Longest address of a receiver once its macros are replaced.
MAX_URL: Final = 16 * 1024
#: Longest topic in bytes (MQTT 5, 1.5.4).
MAX_TOPIC: Final = 65_535
_JSON: Final = f"{JSON}; charset=utf-8"
_LAST: Final = 100_000
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
#: What stays as it is of a value within the path of an address.
_PATH_SAFE: Final = ":@!$'()*+,;=~-._"

#: Attributes by name: {"type", "value", "metadata"}.
Shown = dict[str, dict[str, Any]]


class Teller:
    """One notification of one subscription in the making."""

    def __init__(self, wanted: Notification, change: Change, altered: str, terms: TermMap) -> None:
        """altered: the kind of change, as the attribute alterationType shows it."""
        self._wanted = wanted
        self._entity = entity = change.entity
        self._altered = altered
        self._terms = terms
        self._service = "" if change.tenant == DEFAULT_TENANT else change.tenant
        self._place = entity.scopes[0] if entity.scopes else "/"
        self._attrs = _attributes(wanted, change, terms)
        self._head = {"id": names.to_id(entity.id), "type": names.name_of(entity.types[0], terms)}

    @cached_property
    def _context(self) -> dict[str, Any]:
        """What macros may name: id, type, service, servicePath, every attribute, metadata."""
        found: dict[str, Any] = {"service": self._service, "servicePath": self._place}
        found["authToken"] = ""
        metadata: dict[str, dict[str, Any]] = {}
        for iri, instances in self._entity.attrs.items():
            shown = attributes.read(entities.chosen(instances), self._terms)
            name = names.name_of(iri, self._terms)
            found[name] = shown["value"]
            metadata[name] = {key: item["value"] for key, item in shown["metadata"].items()}
        return {**found, **self._head, "metadata": metadata}

    def message(self, identifier: str) -> Message | None:
        """Return what is told and how; None where it could not be sent."""
        receiver = self._wanted.receiver
        if isinstance(receiver, HttpCustom | MqttCustom):
            media, body, kind = self._custom(receiver, identifier)
        else:
            media, body, kind = _JSON, self._standard(identifier), self._wanted.attrsFormat
        headers = {
            "Content-Type": media,
            "Accept": JSON,
            SERVICE_PATH: self._place,
            CORRELATOR: str(uuid4()),
            ATTRS_FORMAT: kind,
        }
        if self._service:
            headers[SERVICE] = self._service
        sending = self._sending(receiver, headers)
        return None if sending is None else Message(media, body, sending)

    def _custom(self, receiver: HttpCustom | MqttCustom, identifier: str) -> tuple[str, bytes, str]:
        """Return media type, body and format in the subscriber's words."""
        payload = receiver.payload
        if receiver.json is not None:
            return _JSON, orjson.dumps(macros.fill(receiver.json, self._context)), CUSTOM
        if payload is None:
            return _JSON, b"", self._wanted.attrsFormat
        if isinstance(payload, str) and payload:
            # The queue cannot keep U+0000, which %00 stands for.
            text = macros.fill_text(unquote(payload).replace("\0", ""), self._context)
            return TEXT, text.encode(), CUSTOM
        if receiver.ngsi is not None:
            self._patch(receiver.ngsi)
        return _JSON, self._standard(identifier), self._wanted.attrsFormat

    def _patch(self, patch: Mapping[str, Any]) -> None:
        """Put the fragment of `ngsi` over the entity."""
        named = patch.keys() - self._head.keys()
        for name in sorted(named, key=lambda name: _priority(patch[name])):
            value = macros.fill(patch[name].get("value"), self._context)
            kind = patch[name].get("type") or attributes.default_type(value)
            self._attrs[name] = {"type": kind, "value": value, "metadata": {}}
            self._context[name] = value
        for name in patch.keys() & self._head.keys():
            value = macros.fill(patch[name], self._context)
            if value is not None:
                self._head[name] = macros.as_text(value)

    def _standard(self, identifier: str) -> bytes:
        """Return the entity in the format wanted."""
        chosen: dict[str, Any] = self._chosen()
        form = self._wanted.attrsFormat
        if form in {"keyValues", "simplifiedKeyValues", "values"}:
            chosen = {name: attr["value"] for name, attr in chosen.items()}
        entity: Any = list(chosen.values()) if form == "values" else self._head | chosen
        if form.startswith("simplified"):
            return orjson.dumps(entity)
        return orjson.dumps({"subscriptionId": identifier, "data": [entity]})

    def _chosen(self) -> Shown:
        """Return the attributes asked for, in that order, with those the broker writes."""
        wanted, attrs = self._wanted, self._attrs
        if wanted.exceptAttrs:
            return {name: attr for name, attr in attrs.items() if name not in wanted.exceptAttrs}
        if not wanted.attrs:
            return attrs
        builtin = dict(entities.builtin_attributes(self._entity))
        builtin["alterationType"] = ("Text", self._altered)
        chosen: Shown = {}
        for name in wanted.attrs:
            if name == "*":
                chosen |= {each: attr for each, attr in attrs.items() if each not in chosen}
            elif name in attrs:
                chosen[name] = attrs[name]
            elif name in builtin:
                kind, value = builtin[name]
                chosen[name] = {"type": kind, "value": value, "metadata": {}}
            elif wanted.covered:
                chosen[name] = {"type": "None", "value": None, "metadata": {}}
        return chosen

    def _sending(self, receiver: Receiver, headers: dict[str, str]) -> Sending | None:
        """Return how it goes out; None where the subscriber's words make nothing of it."""
        if isinstance(receiver, MqttCustom):
            topic = _CONTROLS.sub("", macros.fill_text(receiver.topic, self._context))
            if not topic or set("+#") & set(topic) or len(topic.encode()) > MAX_TOPIC:
                return None
            return Sending(headers, topic=topic, retain=receiver.retain)
        if isinstance(receiver, Mqtt):
            return Sending(headers, topic=receiver.topic, retain=receiver.retain)
        if not isinstance(receiver, HttpCustom):
            return Sending(headers)
        url = _address(receiver, self._context)
        if url is None:
            return None
        _set_headers(headers, receiver.headers or {}, self._context)
        return Sending(headers, method=receiver.method or "POST", url=url)


def _attributes(wanted: Notification, change: Change, terms: TermMap) -> Shown:
    """Return the attributes there are to tell of, before any are chosen by name."""
    shown: Shown = {}
    only = change.operation == "update" and wanted.onlyChangedAttrs
    chosen = frozenset(wanted.metadata) or None
    for iri, instances in change.entity.attrs.items():
        if only and iri not in change.changed:
            continue
        instance = entities.chosen(instances)
        attr = attributes.read(instance, terms, chosen)
        if chosen is not None and iri in change.changed:
            attr["metadata"] |= _of_the_change(iri, change, terms, chosen)
        shown[names.name_of(iri, terms)] = attr
    return shown


def _of_the_change(
    iri: str, change: Change, terms: TermMap, wanted: frozenset[str]
) -> dict[str, Any]:
    """Return the metadata that only notifications have: previousValue, actionType."""
    before: list[Instance] = (change.previous or {}).get(iri, [])
    found: dict[str, Any] = {}
    if "previousValue" in wanted and before:
        kind, value = attributes.read_value(entities.chosen(before), terms)
        found["previousValue"] = {"type": kind, "value": value}
    if "actionType" in wanted:
        action = "update" if before else "append"
        found["actionType"] = {"type": "Text", "value": action}
    return found


def _priority(attr: Mapping[str, Any]) -> int:
    """Return when an attribute is worked out: others may name it from then on."""
    wish = attr.get("metadata", {}).get("evalPriority", {}).get("value", _LAST)
    return wish if isinstance(wish, int) else _LAST


def _address(receiver: HttpCustom, context: macros.Names) -> str | None:
    url = macros.fill_text(receiver.url, context, lambda text: quote(text, safe=_PATH_SAFE))
    pairs = [
        (macros.fill_text(unquote(name), context), macros.fill_text(unquote(value), context))
        for name, value in (receiver.qs or {}).items()
    ]
    if pairs:
        url += ("&" if "?" in url else "?") + urlencode(pairs)
    return url if len(url) <= MAX_URL else None


def _set_headers(headers: dict[str, str], wanted: Mapping[str, str], context: macros.Names) -> None:
    """Put the subscriber's headers over the broker's; an empty one takes a header away."""
    own = {name.lower(): name for name in headers}
    for template, text in wanted.items():
        name = macros.fill_text(unquote(template), context)
        kept = macros.OWN_HEADERS | {CORRELATOR.lower(), ATTRS_FORMAT.lower()}
        if not _HEADER.fullmatch(name) or name.lower() in kept:
            continue
        known = own.get(name.lower(), name)
        value = _CONTROLS.sub(" ", macros.fill_text(unquote(text), context)).strip()
        if not value:
            headers.pop(known, None)
        elif value.isascii():
            headers[known] = value
        else:
            headers[known] = quote(value, safe="".join(map(chr, range(0x20, 0x7F))))
