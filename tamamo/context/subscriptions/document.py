"""A Subscription as a document: read from a request, checked as a whole, shown again (5.2.12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import TermMap
from tamamo.context.model.values import NGSI_NULL, Fault, check_uri
from tamamo.context.readers import Reader
from tamamo.context.subscriptions.members import SUBSCRIPTION, compact_projection, compact_types
from tamamo.kernel.time import from_text, now, to_text

Document = dict[str, Any]

_MANDATORY: Final = frozenset({"notification"})
DEFAULT_TRIGGERS: Final = ("attributeCreated", "attributeUpdated")


@dataclass(frozen=True, slots=True)
class Counters:
    """What became of the notifications of a subscription (5.2.14.2)."""

    times_sent: int = 0
    times_failed: int = 0
    last_notification: datetime | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    #: Failures since the last success, and what the last failure was.
    fails_in_row: int = 0
    last_error: str | None = None


def read_id(body: Mapping[str, Any]) -> str | None:
    """Return the id of a body, None without one. Raises BadRequestData when it is no URI."""
    try:
        return check_uri(body["id"], "id") if "id" in body else None
    except Fault as fault:
        raise fault.problem() from None


def read(
    body: Mapping[str, Any], terms: TermMap, members: Mapping[str, Reader] = SUBSCRIPTION
) -> Document:
    """Return a new subscription in stored form. Raises BadRequestData naming the member.

    members: what its members may hold.
    """
    if body.get("type") != "Subscription":
        raise BadRequestData("type: Subscription is expected", field="/type")
    document = _read_members(body, terms, members)
    check(document)
    return document


def merge(
    document: Document,
    fragment: Mapping[str, Any],
    terms: TermMap,
    members: Mapping[str, Reader] = SUBSCRIPTION,
) -> Document:
    """Return the subscription with the members of a fragment (5.5.8); a null takes one away.

    Raises BadRequestData when the fragment or what it leads to is not valid.
    """
    if fragment.get("type", "Subscription") != "Subscription":
        raise BadRequestData("type: Subscription is expected", field="/type")
    gone = {name for name in members if fragment.get(name, 0) in (None, NGSI_NULL)}
    if gone & _MANDATORY:
        raise BadRequestData("notification: cannot be taken away", field="/notification")
    given = {name: value for name, value in fragment.items() if name not in gone}
    kept = {name: value for name, value in document.items() if name not in gone}
    merged = kept | _read_members(given, terms, members)
    check(merged)
    return merged


def _read_members(
    body: Mapping[str, Any], terms: TermMap, members: Mapping[str, Reader]
) -> Document:
    try:
        document = {
            name: reader(body[name], name, terms)
            for name, reader in members.items()
            if name in body
        }
    except Fault as fault:
        raise fault.problem() from None
    if "expiresAt" in document and from_text(document["expiresAt"]) <= now():
        raise BadRequestData("expiresAt: lies in the past", field="/expiresAt")
    return document


def check(document: Document) -> None:
    """Raise BadRequestData when members do not go together."""
    for name in _MANDATORY - document.keys():
        raise BadRequestData(f"{name}: is missing", field=f"/{name}")
    local = document.get("localOnly", False)
    if not local and not document.keys() & {"entities", "watchedAttributes"}:
        raise BadRequestData("entities or watchedAttributes is needed", field="/entities")
    if "timeInterval" in document:
        for name in ("watchedAttributes", "throttling"):
            if name in document:
                raise BadRequestData(f"{name}: not beside timeInterval", field=f"/{name}")
        if not local and "entities" not in document:
            raise BadRequestData("entities: needed beside timeInterval", field="/entities")
    if _is_of_any_type(document) and document.get("localOnly") is False:
        raise BadRequestData("localOnly: cannot be false with type *", field="/localOnly")
    _check_notification(document["notification"])


def goes_on(document: Document) -> bool:
    """Whether it is about the entities of other sources too (5.5.13)."""
    return not document.get("localOnly", False) and not _is_of_any_type(document)


def _is_of_any_type(document: Document) -> bool:
    return any(selector["type"].strip() == "*" for selector in document.get("entities", ()))


def _check_notification(wanted: Document) -> None:
    simplified = wanted.get("format") in {"simplified", "keyValues"}
    if wanted.get("showChanges") and simplified:
        raise BadRequestData(
            "showChanges: previous values need another format than keyValues",
            field="/notification/showChanges",
        )
    if "attributes" in wanted and wanted.keys() & {"pick", "omit"}:
        detail = "attributes: cannot stand beside pick or omit"
        raise BadRequestData(detail, field="/notification/attributes")
    if set(wanted.get("pick", ())) & set(wanted.get("omit", ())):
        raise BadRequestData("pick and omit name the same member", field="/notification/omit")


def status_of(document: Document) -> str:
    """Return active, paused or expired (table 5.2.12-2)."""
    if "expiresAt" in document and from_text(document["expiresAt"]) <= now():
        return "expired"
    return "active" if document.get("isActive", True) else "paused"


def show(identifier: str, document: Document, counters: Counters, terms: TermMap) -> Document:
    """Return the subscription as JSON for a client with this @context, without the @context."""
    out: Document = {"id": identifier, "type": "Subscription", **document}
    if "entities" in out:
        out["entities"] = [
            {**selector, "type": compact_types(selector["type"], terms)}
            for selector in out["entities"]
        ]
    if "watchedAttributes" in out:
        out["watchedAttributes"] = [terms.compact_iri(iri) for iri in out["watchedAttributes"]]
    if "geoproperty" in out.get("geoQ", {}):
        place = terms.compact_iri(out["geoQ"]["geoproperty"])
        out["geoQ"] = {**out["geoQ"], "geoproperty": place}
    out["notification"] = _show_notification(out["notification"], counters, terms)
    out["status"] = status_of(document)
    return out


def _show_notification(wanted: Document, counters: Counters, terms: TermMap) -> Document:
    out = dict(wanted)
    if "attributes" in out:
        out["attributes"] = [terms.compact_iri(iri) for iri in out["attributes"]]
    for name in ("pick", "omit"):
        if name in out:
            out[name] = [compact_projection(item, terms) for item in out[name]]
    for name, count in (
        ("timesSent", counters.times_sent),
        ("timesFailed", counters.times_failed),
    ):
        if count:
            out[name] = count
    moments = {
        "lastNotification": counters.last_notification,
        "lastSuccess": counters.last_success,
        "lastFailure": counters.last_failure,
    }
    out |= {name: to_text(at) for name, at in moments.items() if at is not None}
    if counters.last_notification is not None:
        failed = counters.last_failure is not None and (
            counters.last_success is None or counters.last_failure > counters.last_success
        )
        out["status"] = "failed" if failed else "ok"
    return out
