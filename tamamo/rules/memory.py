"""Where the rules stand with subjects: kept in memory while this process evaluates, and stored."""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Final

import msgspec

from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.rules.evaluator import next_due
from tamamo.rules.rule import Rule
from tamamo.rules.state import State, to_datetime

_SQL = sql.load("tamamo.rules")
#: Subjects kept in memory.
_MOST: Final = 10_000

Key = tuple[str, str]
_decode = msgspec.json.Decoder(dict[str, State]).decode
_encode = msgspec.json.encode


@dataclass(slots=True)
class Standing:
    """The states of the rules with one subject, by rule id. due: as it is stored."""

    states: dict[str, State] = field(default_factory=dict)
    due: datetime | None = None


class Standings:
    """The standings of subjects by tenant and id."""

    def __init__(self) -> None:
        self._known: OrderedDict[Key, Standing] = OrderedDict()

    def clear(self) -> None:
        """Forget all: somebody else evaluated meanwhile."""
        self._known.clear()

    async def load(self, connection: Connection, keys: Collection[Key]) -> dict[Key, Standing]:
        """Return the standings of subjects; to be given back by `keep` once they are stored."""
        missing = [key for key in keys if key not in self._known]
        if missing:
            cursor = await connection.execute(
                _SQL["states"],
                {"tenants": [key[0] for key in missing], "subjects": [key[1] for key in missing]},
            )
            for tenant, subject, states, due in await cursor.fetchall():
                self._known[tenant, subject] = Standing(_decode(states), due)
        return {key: self._copy(key) for key in keys}

    def _copy(self, key: Key) -> Standing:
        # What is worked out may have to be thrown away.
        known = self._known.get(key)
        return Standing() if known is None else Standing(dict(known.states), known.due)

    def keep(self, standings: dict[Key, Standing]) -> None:
        """Remember what has been stored."""
        for key, standing in standings.items():
            self._known.pop(key, None)
            self._known[key] = standing
        while len(self._known) > _MOST:
            self._known.popitem(last=False)


async def due(
    connection: Connection,
    clock: datetime,
    limit: int,
    *,
    tenant: str | None = None,
    others: Iterable[str] = (),
) -> dict[Key, Standing]:
    """Return subjects that may have fallen silent: of a town, or of all but others."""
    parameters = {"clock": clock, "tenant": tenant, "others": list(others), "limit": limit}
    cursor = await connection.execute(_SQL["due"], parameters)
    return {(row[0], row[1]): Standing(_decode(row[2]), row[3]) for row in await cursor.fetchall()}


async def store(connection: Connection, standings: dict[Key, Standing]) -> None:
    """Write standings."""
    rows = sorted(standings.items(), key=itemgetter(0))
    if rows:
        await connection.execute(
            _SQL["save_states"],
            {
                "tenants": [key[0] for key, _ in rows],
                "subjects": [key[1] for key, _ in rows],
                "states": [_encode(one.states).decode() for _, one in rows],
                "dues": [one.due for _, one in rows],
            },
        )


def set_due(standing: Standing, rules: Iterable[Rule], *, looked: bool = False) -> None:
    """Work out when the clock has to look at a subject.

    A moment that is stored and earlier stays: it is moved on when it comes (`looked`), so that an
    index is not written with every reading.
    """
    dues = [
        at
        for rule in rules
        if (state := standing.states.get(rule.id)) is not None
        and (at := next_due(rule, state)) is not None
    ]
    first = to_datetime(min(dues)) if dues else None
    if looked or first is None or standing.due is None or first < standing.due:
        standing.due = first


def is_blank(state: State) -> bool:
    """Whether a state says no more than a new one would."""
    return state == State()
