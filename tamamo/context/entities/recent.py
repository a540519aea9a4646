"""Entities as this process wrote them last: who changes one again need not read it before.

That they still are so is not believed but tested: each is written on condition that its row is the
one remembered (`xmin`). Where others write the same entities, nothing is remembered for a while.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, NamedTuple
from weakref import WeakSet

import orjson

from tamamo.context.entities import store
from tamamo.context.entities.mutations import Mutation, Written
from tamamo.context.entities.statement import Batch
from tamamo.context.model.entity import Entity
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import Problem

#: Bytes remembered at most, and of the attributes of one entity.
_MOST: Final = 24 * 1024 * 1024
_MOST_OF_ONE: Final = 64 * 1024
#: What an entity takes besides its attributes.
_BESIDE: Final = 500
#: Seconds for which nothing is remembered once somebody else changed what was; doubled each time.
_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 600.0
#: Seconds without a change after which everything is forgotten.
_KEPT: Final = 60.0


class Remembered(NamedTuple):
    """An entity as it was written, and the version of its row."""

    version: str
    types: list[str]
    scopes: list[str]
    attrs: bytes
    created_at: str | None
    modified_at: str | None
    expires_at: str | None


@dataclass(frozen=True, slots=True)
class Known(store.Seen):
    """Entities as they are remembered: in the place of what was read."""

    entities: dict[store.Key, Remembered] = field(default_factory=dict)

    def get(self, key: store.Key) -> Entity | None:
        """Return an entity, made anew each time."""
        _, types, scopes, attrs, *times = self.entities[key]
        return Entity(key[1], types, orjson.loads(attrs), scopes, *times)

    def version(self, key: store.Key) -> str | None:
        """Return the version of an entity's row."""
        return self.entities[key].version

    def is_first(self, key: store.Key) -> bool:
        """Say that it is there."""
        return False


class Recent:
    """What one process remembers of the entities it wrote."""

    def __init__(self) -> None:
        self._known: OrderedDict[store.Key, Remembered] = OrderedDict()
        self._size = 0
        self._closed_until = ""
        #: Those that wrote what is remembered. With a new one comes, maybe, another server.
        self._connections: WeakSet[Connection] = WeakSet()
        self._until, self._pause = 0.0, _PAUSE
        self._used_at = 0.0
        self._tidying: asyncio.TimerHandle | None = None

    def of(self, connection: Connection, keys: Collection[store.Key]) -> Known | None:
        """Return the entities as they are remembered; None unless all of them are."""
        if connection not in self._connections:
            self.clear()
            self._connections.add(connection)
            return None
        found: dict[store.Key, Remembered] = {}
        for key in keys:
            one = self._known.get(key)
            if one is None:
                return None
            found[key] = one
        return Known({}, self._closed_until, found)

    def doubt(self) -> None:
        """Forget everything for a while: others write the same."""
        self.clear()
        self._until = monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def forget(self, keys: Iterable[store.Key]) -> None:
        """Forget what is written in another way than by `remember`'s."""
        if self._known:
            for key in keys:
                self._drop(key)

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
        self._size = 0

    def remember(
        self,
        mutations: Sequence[Mutation],
        results: Sequence[Written | Problem],
        batch: Batch,
        seen: store.Seen,
    ) -> None:
        """Remember what a batch has written. seen: what it was worked out from."""
        self._used_at = monotonic()
        if self._used_at < self._until:
            return
        if isinstance(seen, Known):
            self._pause = _PAUSE
        self._closed_until = seen.closed_until
        for mutation, result in zip(mutations, results, strict=True):
            if not isinstance(result, Written) or result.change is None:
                continue
            if result.change.write_state:
                self._keep((mutation.tenant, mutation.entity_id), result.change.after, batch)
        while self._size > _MOST:
            self._drop(next(iter(self._known)))
        if self._tidying is None:
            self._tidying = asyncio.get_running_loop().call_later(_KEPT, self._tidy)

    def _keep(self, key: store.Key, entity: Entity | None, batch: Batch) -> None:
        self._drop(key)
        attrs = batch.attrs_of(key)
        if entity is None or attrs is None or len(attrs) > _MOST_OF_ONE or batch.version is None:
            return
        self._known[key] = Remembered(
            batch.version,
            entity.types,
            entity.scopes,
            attrs,
            entity.created_at,
            entity.modified_at,
            entity.expires_at,
        )
        self._size += len(self._known[key].attrs) + _BESIDE

    def _drop(self, key: store.Key) -> None:
        one = self._known.pop(key, None)
        if one is not None:
            self._size -= len(one.attrs) + _BESIDE

    def _tidy(self) -> None:
        self._tidying = None
        if monotonic() - self._used_at >= _KEPT:
            self.clear()
        else:
            self._tidying = asyncio.get_running_loop().call_later(_KEPT, self._tidy)
