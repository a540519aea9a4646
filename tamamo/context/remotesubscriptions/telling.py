"""Telling sources what they should have: made, changed, taken away; again until they know."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from psycopg.types.json import Jsonb

from tamamo.context.distribution import Caller, Distribution, Reply, Request, Source, segment
from tamamo.context.distribution.source import compile_source
from tamamo.context.jsonld.pack import unpack
from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model.values import NGSI_NULL
from tamamo.context.remotesubscriptions.copies import new_id
from tamamo.context.subscriptions.document import Document
from tamamo.kernel import retry, sql
from tamamo.kernel.database import Pool, transaction

_SQL = sql.load(__package__)
_log = structlog.get_logger(__name__)

#: Seconds between attempts, doubled each time, with jitter.
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 60.0
#: The status of a source that had it from here: the subscriber is told already.
_LOOP: Final = 508
#: How long a request to make it may still be on its way after there was no answer to it: until
#: then a source that does not know it is told again that it is over.
UNDER_WAY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Duty:
    """One source that is to be told. age: since it was first asked to make it."""

    tenant: str
    subscription_id: str
    registration_id: str
    remote_id: str
    source: Document
    names: bytes | None
    wanted: Document | None
    told: Document | None
    age: timedelta | None
    attempts: int
    via: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is kept under."""
        return self.tenant, self.subscription_id, self.registration_id

    @property
    def named(self) -> dict[str, Any]:
        """What it is kept under, as parameters."""
        return {
            "tenant": self.tenant,
            "subscription": self.subscription_id,
            "registration": self.registration_id,
            "remote_id": self.remote_id,
        }


class Teller:
    """Speaks to sources and keeps what came of it."""

    def __init__(self, pool: Pool, distribution: Distribution) -> None:
        self._pool = pool
        self._distribution = distribution

    async def tell(self, duty: Duty) -> None:
        """Do what there is to do; what fails is due again later."""
        source = compile_source(duty.tenant, duty.registration_id, duty.source)
        terms = default_map().terms if duty.names is None else unpack(duty.names)
        own = await self._distribution.caller(duty.tenant, terms)
        hops = tuple(value for value in duty.via.split(", ") if value)
        caller = Caller(own.tenant, own.terms, own.alias, hops)
        if duty.wanted is None:
            await self._end(duty, source, caller)
        elif duty.told is None:
            await self._make(duty, source, caller, duty.wanted)
        else:
            await self._change(duty, source, caller, duty.wanted, duty.told)

    async def _make(self, duty: Duty, source: Source, caller: Caller, wanted: Document) -> None:
        # Kept before it is asked for: whatever comes of it, its end will be told.
        if not await self._keep("begin", duty):
            return
        body = {"id": duty.remote_id, **wanted}
        request = Request("POST", "/subscriptions", {}, body, caller.terms)
        reply = await self._distribution.client.send(caller, source, request)
        if reply.ok or reply.status == _LOOP:
            await self._told(duty, wanted)
        elif reply.status == 409:
            # An earlier request did arrive, maybe with something else in it.
            await self._told(duty, {})
        else:
            await self._failed(duty, reply)

    async def _change(
        self, duty: Duty, source: Source, caller: Caller, wanted: Document, told: Document
    ) -> None:
        if "updateSubscription" not in source.operations:
            await self._told(duty, wanted)  # the source goes on with what it has
            return
        fragment = wanted | dict.fromkeys(told.keys() - wanted.keys(), NGSI_NULL)
        path = f"/subscriptions/{segment(duty.remote_id)}"
        request = Request("PATCH", path, {}, fragment, caller.terms)
        reply = await self._distribution.client.send(caller, source, request)
        if reply.ok:
            await self._told(duty, wanted)
        elif reply.status == 404:
            await self._anew(duty)
        else:
            await self._failed(duty, reply)

    async def _end(self, duty: Duty, source: Source, caller: Caller) -> None:
        if "deleteSubscription" not in source.operations:
            await self._keep("over", duty)
            return
        path = f"/subscriptions/{segment(duty.remote_id)}"
        request = Request("DELETE", path, {}, None, caller.terms)
        reply = await self._distribution.client.send(caller, source, request)
        arrived = duty.told is not None or duty.age is None or duty.age > UNDER_WAY
        if reply.ok or (reply.status in {404, 410} and arrived):
            if not await self._keep("over", duty):
                await self._anew(duty)  # meanwhile it should have it again
        else:
            await self._failed(duty, reply)

    async def _anew(self, duty: Duty) -> None:
        await self._keep("anew", duty, fresh=new_id())

    async def _told(self, duty: Duty, told: Document) -> None:
        await self._keep("told", duty, told=Jsonb(told))

    async def _failed(self, duty: Duty, reply: Reply) -> None:
        why = reply.detail if reply.failure is not None else f"HTTP status {reply.status}"
        if duty.attempts == 0:
            _log.warning(
                "source not told",
                subscription=duty.subscription_id,
                registration=duty.registration_id,
                why=why,
            )
        pause = retry.pause(duty.attempts + 1, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        over = duty.wanted is None
        await self._keep("failed", duty, error=why, pause=pause, over=over)

    async def _keep(self, statement: str, duty: Duty, **more: Any) -> bool:
        """Keep what came of it. Returns whether it was still as it was known."""
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL[statement], {**duty.named, **more})
            return cursor.rowcount > 0
