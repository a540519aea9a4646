"""/v2/subscriptions (NGSIv2, "Subscriptions Operations")."""

import re
import secrets
import time
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld.pack import pack
from tamamo.context.ngsiv2 import http, query
from tamamo.context.ngsiv2.errors import NotFound
from tamamo.context.ngsiv2.http import Call
from tamamo.context.ngsiv2.subscriptions import body as bodies
from tamamo.context.ngsiv2.subscriptions.body import Body
from tamamo.context.ngsiv2.subscriptions.compiled import compile_orion, document_of
from tamamo.context.subscriptions.document import Document, status_of
from tamamo.context.subscriptions.message import NGSIV2
from tamamo.context.subscriptions.service import Draft, Stored

PATH: Final = "/v2/subscriptions/"
_ID = re.compile("[0-9a-f]{24}")
#: Entities of every service path, where the request names none.
_ANYWHERE: Final = "/#"
#: What is shown in the place of a password.
_HIDDEN: Final = "xxxxx"


async def create(call: Call) -> Response:
    """Create Subscription (POST /v2/subscriptions)."""
    body = bodies.read(call.body)
    identifier = _new_id()
    draft = _draft(call, identifier, body, ",".join(call.paths) or _ANYWHERE)
    draft = replace(draft, owner=call.actor.subject)
    await call.make_tenant()
    await call.broker.subscriptions.add(call.tenant, identifier, draft, NGSIV2)
    return http.created(call, PATH + identifier)


async def list_subscriptions(call: Call) -> Response:
    """List Subscriptions (GET /v2/subscriptions)."""
    page = query.read_page(call.params, count="count" in call.options)
    place = ",".join(call.paths) or None
    found, _, total = await call.broker.subscriptions.query(call.tenant, page, NGSIV2, place)
    counted = {} if total is None else {"Fiware-Total-Count": str(total)}
    return http.answer(call, [_show(stored) for stored in found], counted)


async def retrieve(call: Call) -> Response:
    """Retrieve Subscription (GET /v2/subscriptions/{id})."""
    stored = await call.broker.subscriptions.get(call.tenant, _identifier(call), NGSIV2)
    return http.answer(call, _show(stored))


async def update(call: Call) -> Response:
    """Update Subscription (PATCH /v2/subscriptions/{id}): members given replace those there."""
    fragment, identifier = call.body, _identifier(call)
    if not isinstance(fragment, dict) or not fragment:
        raise BadRequestData("The body is not a JSON object with members to update")

    def step(before: Document, _own: bytes, _query_terms: bytes) -> Draft:
        members = dict(before[NGSIV2])
        place = members.pop("servicePath")
        body = bodies.read(bodies.merge(members, fragment))
        # What has told its one notification tells again when its status is set again.
        once = "oneshot" in (members.get("status"), body.status)
        return _draft(call, identifier, body, place, rearm=once and "status" in fragment)

    await call.broker.subscriptions.change(call.tenant, identifier, step, NGSIV2)
    return http.no_content(call)


async def delete(call: Call) -> Response:
    """Delete subscription (DELETE /v2/subscriptions/{id})."""
    await call.broker.subscriptions.delete(call.tenant, _identifier(call), NGSIV2)
    return http.no_content(call)


def _draft(call: Call, identifier: str, body: Body, place: str, *, rearm: bool = False) -> Draft:
    """Return a subscription to be kept, once it is known to work."""
    document = document_of(body, place)
    compiled = compile_orion(call.tenant, identifier, document, call.terms, call.terms)
    call.broker.subscriptions.check(compiled)
    terms = pack(call.terms)
    return Draft(document, terms, terms, rearm)


def _identifier(call: Call) -> str:
    identifier = call.path["id"]
    if not _ID.fullmatch(identifier):
        raise NotFound(f"There is no subscription {identifier[:80]}")
    return identifier


def _new_id() -> str:
    """Return 24 hexadecimal digits, in order of creation: what clients of Orion expect."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(6)}"


def _show(stored: Stored) -> dict[str, Any]:
    body = bodies.read({n: v for n, v in stored.document[NGSIV2].items() if n != "servicePath"})
    written = bodies.write(body)
    out: dict[str, Any] = {"id": stored.id}
    if body.description is not None:
        out["description"] = body.description
    if "expiresAt" in stored.document:
        out["expires"] = _moment(datetime.fromisoformat(stored.document["expiresAt"]))
    out["status"] = _status(stored, body)
    out["subject"] = _show_subject(written["subject"])
    out["notification"] = _show_notification(written["notification"], body, stored)
    if body.throttling:
        out["throttling"] = body.throttling
    return out


def _status(stored: Stored, body: Body) -> str:
    if status_of(stored.document) == "expired":
        return "expired"
    return "inactive" if body.status == "oneshot" and stored.throttled else body.status


def _show_subject(written: dict[str, Any]) -> dict[str, Any]:
    condition = {"attrs": [], "notifyOnMetadataChange": True, **written.get("condition", {})}
    return {**written, "condition": condition}


def _show_notification(written: dict[str, Any], body: Body, stored: Stored) -> dict[str, Any]:
    wanted, counters = body.notification, stored.counters
    out = {**written, "attrsFormat": wanted.attrsFormat}
    if wanted.exceptAttrs is None:
        out["attrs"] = wanted.attrs
    out |= {"onlyChangedAttrs": wanted.onlyChangedAttrs, "covered": wanted.covered}
    for name in ("mqtt", "mqttCustom"):
        if name in out:
            out[name] = {"qos": 0, "retain": False, **out[name]}
            if "passwd" in out[name]:
                out[name]["passwd"] = _HIDDEN
    counts = {"timesSent": counters.times_sent, "failsCounter": counters.fails_in_row}
    out |= {name: count for name, count in counts.items() if count}
    moments = {
        "lastNotification": counters.last_notification,
        "lastSuccess": counters.last_success,
        "lastFailure": counters.last_failure,
    }
    out |= {name: _moment(at) for name, at in moments.items() if at is not None}
    if counters.last_error is not None:
        out["lastFailureReason"] = counters.last_error
    return out


def _moment(moment: datetime) -> str:
    """Return a moment with milliseconds, as Orion writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
