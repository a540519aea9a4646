"""How many requests a minute: by tenant, by actor or address, and fewer for signing in.

Each process counts for itself: N workers let through up to N times a limit. What is counted costs
about a microsecond a request; nothing is written down for it (docs/subsystems/towns.md).
"""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from math import ceil, floor
from time import monotonic
from typing import Any, Final

from starlette.datastructures import Headers

from tamamo.kernel.errors import SetupError
from tamamo.kernel.identity.model import ANONYMOUS, INSTALLATION, Actor
from tamamo.kernel.settings import Settings
from tamamo.kernel.towns.directory import Towns
from tamamo.kernel.towns.errors import TooManyRequests

MINUTE: Final = 60.0
#: Actors and addresses remembered at most. Beyond it all begin anew: rather too many requests
#: pass than that memory grows with whoever makes addresses up.
MOST_KEYS: Final = 100_000
#: Of an IPv6 address, the part that a provider hands to one customer.
_PREFIX: Final = 64
#: Who is never limited: the operator's own machine key, and where nothing is checked.
_EXEMPT: Final = frozenset({INSTALLATION.subject, "open"})


class Rate:
    """At most `limit` requests a minute for each key, all of them at once if need be.

    The generic cell rate algorithm (ITU-T I.371): of each key only the moment is kept at which
    its allowance will be whole again. Whatever window of w seconds one looks at, no more than
    limit · (1 + w / 60) requests of a key passed in it.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = monotonic) -> None:
        """limit: requests a minute, at least 1. clock: seconds, never going back."""
        self.limit = limit
        self._gap = MINUTE / limit
        self._slack = MINUTE - self._gap
        self._clock = clock
        self._whole_at: dict[str, float] = {}

    def take(self, key: str) -> float:
        """Count one request: 0.0 when it may pass, else the seconds after which one would."""
        present = self._clock()
        whole_at = max(self._whole_at.get(key, present), present)
        over = whole_at - present - self._slack
        # Sums of gaps are off by a little; a whole allowance is to be had in full.
        if over > 1e-6:
            return over
        if len(self._whole_at) >= MOST_KEYS and key not in self._whole_at:
            self._forget(present)
        self._whole_at[key] = whole_at + self._gap
        return 0.0

    def left(self, key: str) -> int:
        """Return how many requests of a key would pass now."""
        present = self._clock()
        used = max(0.0, self._whole_at.get(key, present) - present)
        return max(0, floor((MINUTE - used) / self._gap + 1e-6))

    def _forget(self, present: float) -> None:
        kept = {key: at for key, at in self._whole_at.items() if at > present}
        self._whole_at = kept if len(kept) < MOST_KEYS else {}


class Counter:
    """Requests of each tenant since they were last taken away, for what the console shows."""

    def __init__(self) -> None:
        self.requests: dict[str, int] = {}
        self.refused: dict[str, int] = {}

    def taken(self) -> dict[str, tuple[int, int]]:
        """Return tenant → (requests, refused of them), and begin anew."""
        requests, refused = self.requests, self.refused
        self.requests, self.refused = {}, {}
        return {name: (count, refused.get(name, 0)) for name, count in requests.items()}


class RateLimits:
    """The limits of this process, asked once a request."""

    def __init__(
        self, settings: Settings, towns: Towns, clock: Callable[[], float] = monotonic
    ) -> None:
        """settings.open: nothing is limited."""
        self._towns = towns
        self._clock = clock
        self._off = settings.open
        self._proxies = tuple(map(_network, settings.trusted_proxies))
        self._by_tenant: dict[str, Rate] = {}
        self._version = -1
        self._by_actor = _rate(settings.actor_rate, clock)
        self._by_address = _rate(settings.address_rate, clock)
        self._signing_in = _rate(settings.sign_in_rate, clock)
        self.counter = Counter()

    def check(self, tenant: str, actor: Actor, scope: Mapping[str, Any]) -> None:
        """Count one request to an API. Raises TooManyRequests.

        tenant: as named; it need not exist. scope: of the request (ASGI), for the address of
        whoever sends no key. What runs in this process does not come by here.
        """
        if self._off or actor.subject in _EXEMPT:
            return
        requests = self.counter.requests
        if self._towns.get(tenant) is not None:  # names can be made up without end
            requests[tenant] = requests.get(tenant, 0) + 1
        try:
            if actor.subject != ANONYMOUS.subject:
                _spend(self._by_actor, actor.subject, "actor")
            elif self._by_address is not None:
                _spend(self._by_address, self.address(scope), "address")
            if self._version != self._towns.version:
                self._follow()
            if self._by_tenant:
                _spend(self._by_tenant.get(tenant), tenant, "tenant")
        except TooManyRequests:
            refused = self.counter.refused
            if tenant in requests:
                refused[tenant] = refused.get(tenant, 0) + 1
            raise

    def check_address(self, scope: Mapping[str, Any]) -> None:
        """Count one request of nobody known, or with an invalid key. Raises TooManyRequests."""
        if not self._off and self._by_address is not None:
            _spend(self._by_address, self.address(scope), "address")

    def check_page(self, actor: Actor, scope: Mapping[str, Any]) -> None:
        """Count one request of a page: for whoever signed in, else for the address.

        A whole town hall may come from one address. Raises TooManyRequests.
        """
        if actor.subject == ANONYMOUS.subject:
            self.check_address(scope)
        elif not self._off:
            _spend(self._by_actor, actor.subject, "actor")

    def check_sign_in(self, scope: Mapping[str, Any]) -> None:
        """Count one try to sign in or to get a token. Raises TooManyRequests."""
        if not self._off:
            _spend(self._signing_in, self.address(scope), "sign-in")

    def address(self, scope: Mapping[str, Any]) -> str:
        """Return the address a request comes from: of IPv6 its network.

        Behind a proxy that is trusted, the last address in X-Forwarded-For that is none itself.
        """
        client = scope.get("client")
        found = str(client[0]) if client else ""
        if self._proxies and self._trusted(found):
            told = ",".join(Headers(raw=scope["headers"]).getlist("x-forwarded-for"))
            for text in reversed([part.strip() for part in told.split(",") if part.strip()]):
                found = text
                if not self._trusted(text):
                    break
        return network_of(found)

    def _trusted(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._proxies)

    def _follow(self) -> None:
        """Take over the limits of tenants as they are now; those that stay keep their counts."""
        before, rates = self._by_tenant, {}
        for town in self._towns.all():
            limit = town.limits.requests
            if limit is not None:
                known = before.get(town.name)
                same = known is not None and known.limit == limit
                rates[town.name] = known if known and same else Rate(limit, self._clock)
        self._by_tenant, self._version = rates, self._towns.version


def network_of(text: str) -> str:
    """Return an IPv4 address, or the network of an IPv6 one; any other text as it is, cut short."""
    if "." in text and ":" not in text:
        return text[:64]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return text[:64]
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ip_network((int(address), _PREFIX), strict=False))
    return str(address)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        raise SetupError(
            f"TAMAMO_TRUSTED_PROXIES: {text!r} is no address and no range such as 10.0.0.0/8"
        ) from None


def _rate(limit: int, clock: Callable[[], float]) -> Rate | None:
    return Rate(limit, clock) if limit > 0 else None


def _spend(rate: Rate | None, key: str, what: str) -> None:
    if rate is None:
        return
    wait = rate.take(key)
    if not wait:
        return
    seconds = max(1, ceil(wait))
    problem = TooManyRequests(
        f"At most {rate.limit} requests a minute by {what}: try again in {seconds} s",
        limit=rate.limit,
        seconds=seconds,
    )
    # RateLimit fields: draft-ietf-httpapi-ratelimit-headers-10.
    problem.headers |= {
        "Retry-After": str(seconds),
        "RateLimit-Policy": f'"{what}";q={rate.limit};w={int(MINUTE)}',
        "RateLimit": f'"{what}";r={rate.left(key)};t={seconds}',
    }
    raise problem
