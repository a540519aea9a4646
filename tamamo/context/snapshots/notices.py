"""Telling whoever made a snapshot what became of it (clauses 5.3.4, 5.16.6)."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import orjson
import structlog
from psycopg.types.json import Json

from tamamo.context.jsonld.core import DEFAULT_CORE
from tamamo.context.negotiation import CONTEXT_RELATION, JSON, LD_JSON
from tamamo.context.snapshots.document import DETAILS, QUERIES, TEMPORAL_QUERIES, Document
from tamamo.context.tenants import headers_of
from tamamo.kernel import drills, sql
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.outgoing import AddressRefused, Outgoing, OutgoingError
from tamamo.kernel.time import now, to_text

_SQL = sql.load(__package__)
_log = structlog.get_logger(__name__)

#: How often a notice is tried, and how long it is waited in between at most.
_ATTEMPTS: Final = 12
_LONGEST_PAUSE: Final = timedelta(hours=1)
_SECONDS: Final = 10.0
_MAX_ANSWER: Final = 64 * 1024


async def write(
    connection: Connection,
    tenant: str,
    snapshot_id: str,
    document: Document,
    *,
    status: str,
    details: Mapping[str, Any],
    priority: int,
    expires_at: datetime,
) -> None:
    """Put a notification on its way, if the snapshot has an endpoint; in the same transaction.

    None leaves a drill for an address that is not on its list.
    """
    if "endpoint" not in document:
        return
    drill = await drills.of(connection, tenant)
    if drill is not None and not drill.allows(document["endpoint"]):
        return
    headers = {
        "Content-Type": JSON,
        "Link": f'<{DEFAULT_CORE}>; rel="{CONTEXT_RELATION}"; type="{LD_JSON}"',
    }
    headers |= headers_of(tenant)
    headers |= {pair["key"]: pair["value"] for pair in document.get("receiverInfo", ())}
    body: dict[str, Any] = {
        "id": f"urn:ngsi-ld:SnapshotNotification:{uuid4()}",
        "type": "SnapshotNotification",
        "snapshotId": snapshot_id,
        "snapshotPriority": priority,
        "snapshotStatus": status,
        "expiresAt": to_text(expires_at),
        "notifiedAt": to_text(now()),
    }
    if QUERIES in document:
        body["snapshotQueriesDetails"] = details.get(DETAILS[QUERIES], [])
    if TEMPORAL_QUERIES in document:  # another name than in table 5.2.41-2
        body["temporalSnapshotQueriesDetails"] = details.get(DETAILS[TEMPORAL_QUERIES], [])
    await connection.execute(
        _SQL["insert_notice"],
        {
            "tenant": tenant,
            "id": snapshot_id,
            "uri": document["endpoint"],
            "headers": Json(headers, orjson.dumps),
            "body": orjson.dumps(body).decode(),
        },
    )


async def deliver(pool: Pool, outgoing: Outgoing) -> int:
    """Take what is due to its receivers, all at once; return how much it was."""
    async with transaction(pool) as connection:
        due = await (await connection.execute(_SQL["claim_notices"])).fetchall()
    # So that none is still to be sent when it is due again, however slow the receivers are.
    failures = await asyncio.gather(*(_send(outgoing, *row[3:6]) for row in due))
    for (tenant, snapshot_id, seq, *_, attempts), failure in zip(due, failures, strict=True):
        key = {"tenant": tenant, "id": snapshot_id, "seq": seq}
        async with transaction(pool) as connection:
            if failure is None or attempts >= _ATTEMPTS:
                await connection.execute(_SQL["delete_notice"], key)
            else:
                pause = min(timedelta(seconds=2**attempts), _LONGEST_PAUSE)
                await connection.execute(_SQL["delay_notice"], {**key, "pause": pause})
        if failure is not None:
            _log.warning("snapshot notification failed", snapshot=snapshot_id, why=failure)
    return len(due)


async def _send(outgoing: Outgoing, uri: str, headers: Mapping[str, str], body: str) -> str | None:
    """Return what went wrong, None when the receiver has it."""
    try:
        answer = await outgoing.request(
            "POST",
            uri,
            headers=headers,
            body=body.encode(),
            max_bytes=_MAX_ANSWER,
            seconds=_SECONDS,
            follow_redirects=False,
        )
    except (OutgoingError, AddressRefused) as error:
        return str(error)
    return None if 200 <= answer.status < 300 else f"HTTP status {answer.status}"
