"""How outgoing requests are made: aiohttp behind the policy of tamamo.kernel.outgoing.

A module of its own, loaded with the first request: 11 MB that many a process never needs.
"""

import asyncio
import select
import socket
from collections.abc import Sequence
from typing import Protocol

import aiohttp
from aiohttp.abc import ResolveResult
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection

#: Connections at once, and seconds one that is not used stays open.
_CONNECTIONS, _KEEP_SECONDS = 100, 5.0

TooManyRedirects = aiohttp.TooManyRedirects
ClientError = aiohttp.ClientError


class Policy(Protocol):
    """Whom requests may reach."""

    async def choose(self, host: str, port: int) -> str:
        """Return an address of a host that may be reached. Raises OutgoingError."""


def session(policy: Policy) -> aiohttp.ClientSession:
    """Return a client that connects to what the policy allows only."""
    return aiohttp.ClientSession(
        connector=_GuardedConnector(policy),
        # Only what outgoing can bound; no cookies, which would tie strangers together.
        headers={"User-Agent": "Tamamo", "Accept-Encoding": "gzip"},
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        trust_env=False,
    )


class _GuardedConnector(aiohttp.TCPConnector):
    """Opens connections to allowed addresses only; what was checked is what is connected to."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(limit=_CONNECTIONS, keepalive_timeout=_KEEP_SECONDS)
        self._guard = policy

    async def _resolve_host(
        self, host: str, port: int, traces: Sequence[aiohttp.tracing.Trace] | None = None
    ) -> list[ResolveResult]:
        """Answer for names and for addresses, of redirects too: nothing else opens connections."""
        address = await self._guard.choose(host, port)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=family,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def _get(
        self, key: ConnectionKey, traces: list[aiohttp.tracing.Trace]
    ) -> Connection | None:
        """Leave out kept connections whose other side has closed them without a word."""
        while (found := await super()._get(key, traces)) is not None:
            if not _is_readable(found.transport):
                return found
            found.close()
        return None


def _is_readable(transport: asyncio.Transport | None) -> bool:
    """Whether something has come, which on a connection at rest can only be its end."""
    end = None if transport is None else transport.get_extra_info("socket")
    if end is None:
        return True
    poll = select.poll()
    poll.register(end.fileno(), select.POLLIN)
    return bool(poll.poll(0))
