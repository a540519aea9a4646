"""Distributed operations of one process: the sources it knows and the way to them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from tamamo.context.distribution.caller import Caller, read_via
from tamamo.context.distribution.choice import ANY, Choice, choose
from tamamo.context.distribution.client import Client
from tamamo.context.distribution.directory import Directory
from tamamo.context.distribution.source import Source
from tamamo.context.jsonld import TermMap
from tamamo.context.query.plan import Selector
from tamamo.kernel.identity.reach import EVERYTHING, Reach


class Identities(Protocol):
    """Who this broker is for its tenants."""

    async def alias(self, tenant: str) -> str:
        """Return the pseudonym of this broker as one tenant of it (5.2.40)."""
        ...


class Distribution:
    """What handlers use: who else is concerned, and sending to them."""

    def __init__(
        self,
        directory: Directory,
        client: Client,
        identities: Identities,
        reach: Reach = EVERYTHING,
    ) -> None:
        """reach: what of the sources' answers may be read."""
        self.directory = directory
        self.client = client
        self._identities = identities
        self._reach = reach

    def within(self, reach: Reach) -> "Distribution":
        """Return the same for somebody who may read no more than this."""
        return Distribution(self.directory, self.client, self._identities, reach)

    def concerns(self, tenant: str, params: Mapping[str, Any]) -> bool:
        """Whether a request can concern other sources at all: two look-ups, nothing awaited.

        params: its parameters; local=true keeps it here (5.5.13).
        """
        return bool(self.directory.of(tenant)) and params.get("local") not in ("true", True)

    async def caller(
        self, tenant: str, terms: TermMap, headers: Mapping[str, str] | None = None
    ) -> Caller:
        """Return who asks. headers: of the request; None when this broker asks by itself."""
        alias = await self._identities.alias(tenant)
        if headers is None:
            return Caller(tenant, terms, alias, reach=self._reach)
        several = headers.getlist("via") if hasattr(headers, "getlist") else []
        return Caller(tenant, terms, alias, read_via(several), headers, reach=self._reach)

    def choose(
        self,
        caller: Caller,
        operations: Sequence[str],
        selectors: Sequence[Selector] = (ANY,),
        attrs: Collection[str] = (),
        *,
        past: bool = False,
        accepts: Callable[[Source], bool] | None = None,
    ) -> Choice:
        """Return the parts of an operation that concern other sources; see `choice.choose`."""
        sources = self.directory.of(caller.tenant)
        return choose(sources, caller, operations, selectors, attrs, past=past, accepts=accepts)
