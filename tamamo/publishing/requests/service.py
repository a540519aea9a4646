"""Requests for data as one object: what pages and commands call in process."""

from collections.abc import Sequence
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.kernel.database import searching, single
from tamamo.publishing.requests import store, words
from tamamo.publishing.requests.answering import Desk
from tamamo.publishing.requests.asking import Door
from tamamo.publishing.requests.model import (
    STATES,
    Page,
    Request,
    State,
    Statistics,
    Thread,
    UnitStatistics,
)

_MOST: Final = 100
_SIMILAR: Final = 5


class Requests(Door, Desk):
    """The requests of all towns."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def listing(
        self,
        tenant: str,
        *,
        states: Sequence[State] = (),
        q: str = "",
        staff: bool = False,
        waiting: bool = False,
        limit: int = 20,
        offset: int = 0,
    ) -> Page:
        """Return a page of requests, the last changed first.

        staff: those held or hidden too. waiting: only what somebody has to look through.
        """
        escaped = (
            words.clean(q).strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        )
        values: dict[str, Any] = {
            "tenant": tenant, "states": [one for one in states if one in STATES],
            "like": f"%{escaped}%" if escaped else "", "all": staff, "waiting": waiting,
            "limit": max(1, min(limit, _MOST)), "offset": max(0, offset),
        }  # fmt: skip
        async with searching(self._broker.pool) as connection:
            rows = await store.run(connection, "requests", values)
        found = tuple(store.request_of(tenant, row) for row in rows)
        return Page(int(rows[0][11]) if rows else 0, found)

    async def thread(self, tenant: str, number: int, *, staff: bool = False) -> Thread:
        """Return a request with its texts. Raises NoSuchRequest."""
        async with single(self._broker.pool) as connection:
            request = await store.one(connection, tenant, number, staff=staff)
            return Thread(request, await store.posts(connection, tenant, number, staff=staff))

    async def similar(self, tenant: str, title: str) -> tuple[Request, ...]:
        """Return requests whose titles are much like one, the nearest first."""
        async with single(self._broker.pool) as connection:
            titles = [(int(n), str(t)) for n, t in await store.run(
                connection, "titles", {"tenant": tenant})]  # fmt: skip
            numbers = words.alike(title, titles, _SIMILAR)
            if not numbers:
                return ()
            values = {"tenant": tenant, "numbers": numbers}
            rows = await store.run(connection, "of_numbers", values)
        found = [store.request_of(tenant, row) for row in rows]
        return tuple(sorted(found, key=lambda one: numbers.index(one.number)))

    async def datasets_like(self, tenant: str, text: str) -> list[tuple[str, Any]]:
        """Return datasets that words of a wish are found in: id and title (ja, en), best first."""
        from tamamo.publishing.datasets import DatasetQuery, Datasets  # noqa: PLC0415

        engine, found, titles = Datasets(self._broker), dict[str, int](), dict[str, Any]()
        for word in words.keywords(text):
            page = await engine.search(None, tenant, DatasetQuery(q=word, rows=_SIMILAR))
            for one in page.datasets:
                found[one.id] = found.get(one.id, 0) + 1
                titles[one.id] = one.title
        best = sorted(found, key=lambda name: -found[name])[:_SIMILAR]
        return [(name, titles[name]) for name in best]

    async def statistics(self, tenant: str) -> Statistics:
        """Return how a town's requests are answered, of those that are shown."""
        values = {"tenant": tenant}
        async with single(self._broker.pool) as connection:
            states = dict.fromkeys(STATES, 0) | {
                state: int(count) for state, count in await store.run(connection, "counts", values)
            }
            ((total, answered, median, mean, within, oldest),) = await store.run(
                connection, "days", values
            )
            units = await store.run(connection, "unit_days", values)
        return Statistics(
            int(total), states, int(answered), _number(median), _number(mean), _number(within),
            None if oldest is None else int(oldest),
            tuple(UnitStatistics(str(u), int(n), int(a), _number(m)) for u, n, a, m in units),
        )  # fmt: skip

    async def sweep(self) -> None:
        """Forget mail addresses that nobody confirmed within a week."""
        async with single(self._broker.pool) as connection:
            await store.run(connection, "sweep", {})


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


__all__ = ["Request", "Requests"]
