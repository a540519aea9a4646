"""Who of Alpha asks, and which town they say they mean: the columns of the table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.access.world import Ids

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Way:
    """A column: who asks, with which headers. who: a key of the world; None: nobody."""

    name: str
    who: str | None
    headers: Callable[[Ids], Headers]


def _tenant(name: str) -> Headers:
    """Name a tenant to both APIs."""
    return [("NGSILD-Tenant", name), ("Fiware-Service", name)]


def _beta(ids: Ids) -> Headers:
    return _tenant(ids.tenant)


def _alpha(ids: Ids) -> Headers:
    return _tenant(ids.home)


def _inside(ids: Ids) -> Headers:
    return [*_alpha(ids), ("NGSILD-Snapshot", ids.snapshot)]


#: Everybody who has something to say in Alpha, or once had, and names Beta.
_WHO: Final = (
    "operator", "approver", "editor", "auditor", "developer", "reporter", "resident", "device",
    "fenced", "expired", "revoked", "astray",
)  # fmt: skip

#: The ways in which that is asked where who asks makes no difference.
FEW: Final = {
    "anonymous, names Beta", "operator of Alpha, names Beta", "resident of Alpha, names Beta",
    "operator, names no town, ids of Beta", "operator, every town: *",
}  # fmt: skip
WAYS: Final = [
    Way("anonymous, names Beta", None, _beta),
    *(Way(f"{who} of Alpha, names Beta", who, _beta) for who in _WHO),
    Way("operator, names Alpha, ids of Beta", "operator", _alpha),
    Way("operator, names no town, ids of Beta", "operator", lambda ids: []),
    Way("anonymous, names no town, ids of Beta", None, lambda ids: []),
    Way("operator, Alpha, snapshot of Beta", "operator", _inside),
    Way("operator, Beta, snapshot of Beta", "operator",
        lambda ids: [*_beta(ids), ("NGSILD-Snapshot", ids.snapshot)]),
    Way("operator, tenant of the snapshot's data", "operator",
        lambda ids: _tenant(ids.data_tenant)),
    Way("operator, both towns, Alpha first", "operator",
        lambda ids: [*_alpha(ids), *_beta(ids)]),
    Way("operator, both towns, Beta first", "operator",
        lambda ids: [*_beta(ids), *_alpha(ids)]),
    Way("operator, a list of towns", "operator", lambda ids: _tenant(f"{ids.home},{ids.tenant}")),
    Way("operator, Beta in other letters", "operator",
        lambda ids: _tenant(f" {ids.tenant.title()} ")),
    Way("operator, every town: *", "operator", lambda ids: _tenant("*")),
    Way("operator, as a forwarding broker", "operator",
        lambda ids: [*_beta(ids), ("Via", "1.1 tamamo-0000000000000000"),
                     ("X-Forwarded-For", "127.0.0.1"), ("X-Real-Ip", "127.0.0.1"),
                     ("Forwarded", f"for=127.0.0.1;host={ids.tenant}")]),
    Way("two Authorization headers", "operator",
        lambda ids: [*_beta(ids), ("Authorization", "Bearer x")]),
    Way("operator, key of another scheme", "operator",
        lambda ids: [*_beta(ids), ("X-Auth-Token", "t-owner"), ("Cookie", "sessionid=1")]),
]  # fmt: skip
