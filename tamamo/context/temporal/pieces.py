"""The statement that aggregates numbers from rollups and from the instances (docs/adr/0014).

A piece is what part of a period comes to: a day or hour that is rolled up, or the instances of a
period where no rollup tells of them. The statement is put together from constants; whatever is
given stands in the parameters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from tamamo.context.query.text import bind
from tamamo.context.temporal.periods import DAY, HOUR, Periods
from tamamo.context.temporal.request import Wanted
from tamamo.context.temporal.rows import SCOPE
from tamamo.context.temporal.selection import of_dataset, time_of, within

#: Column of a piece → how instances come to it, the column of a rollup, that of its hours, and how
#: pieces come together.
_COLUMNS: Final = {
    "total": ("count(*)::integer", "total", "h_total", "sum(p.total)::bigint"),
    "numbers": ("count(h.number)::integer", "numbers", "h_numbers", "sum(p.numbers)::bigint"),
    "least": ("min(h.number)", "least", "h_least", "min(p.least)"),
    "greatest": ("max(h.number)", "greatest", "h_greatest", "max(p.greatest)"),
    "sum": ("sum(h.number)", "sum", "h_sum", "sum(p.sum)"),
    "squares": ("sum(h.number * h.number)", "squares", "h_squares", "sum(p.squares)"),
    "spread": (
        "var_pop(h.number) * count(h.number)",
        "spread",
        "h_spread",
        # Moved to a point near the mean of all, so that large numbers close together keep digits.
        "sum(p.spread + p.numbers * (p.sum / nullif(p.numbers, 0) - p.near) ^ 2)"
        " - sum(p.numbers) * (sum(p.sum) / nullif(sum(p.numbers), 0) - min(p.near)) ^ 2",
    ),
    "different": (
        "count(distinct h.number)::integer",
        "different",
        "h_different",
        "case when count(*) = 1 then max(p.different) end",
    ),
    # Only asked of rollups whose instances are no longer kept.
    "kind": ("null::text", "kind", "", "max(p.kind)"),
}
_NEAR: Final = (
    "avg(p.sum / nullif(p.numbers, 0)) over (partition by p.entity_id, p.attr, p.dataset_id,"
    " p.bucket)"
)
#: Method → the columns of pieces that it needs.
_NEEDS: Final = {
    "avg": {"sum"},
    "distinctCount": {"different"},
    "max": {"greatest"},
    "min": {"least"},
    "stddev": {"sum", "spread"},
    "sum": {"sum"},
    "sumsq": {"squares"},
    "totalCount": set[str](),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """How far rollups tell of days: `until`; lost: whether some days are kept only as rollups."""

    until: datetime
    lost: bool = False


@dataclass(slots=True)
class Pieces:
    """One aggregation over some entities. `params` grows with the statement."""

    wanted: Wanted
    ids: Sequence[str]
    periods: Periods
    kept: Kept | None
    params: dict[str, Any]
    columns: list[str] = field(init=False)

    def __post_init__(self) -> None:
        methods = self.methods
        needed = {"total", "numbers"}.union(*(_NEEDS[method] for method in methods))
        if self.kept is not None and self.periods.start >= self.kept.until:
            self.kept = None
        if self.kept is not None and self.kept.lost:
            needed.add("kind")
        self.columns = [name for name in _COLUMNS if name in needed]

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods asked for."""
        assert self.wanted.aggregation is not None
        return self.wanted.aggregation.methods

    def statement(self, limit: int) -> str:
        """Return the statement: entity, attribute, dataset, start, broken, past, then `columns`.

        broken: a part of the period is kept only together with what lies outside it. past: a part
        is kept only as rollups.
        """
        days, parts = self._parts()
        spread = "spread" in self.columns
        near = f"(select p.*, {_NEAR} as near from pieces p)" if spread else "pieces"
        columns = ", ".join(f"{_COLUMNS[name][3]} as {name}" for name in self.columns)
        return (
            f"with {days}pieces as ({' union all '.join(parts)})"
            " select p.entity_id, p.attr, p.dataset_id, p.bucket, bool_or(p.broken),"
            f" bool_or(p.past), {columns} from {near} p"
            " group by p.entity_id, p.attr, p.dataset_id, p.bucket"
            f" order by p.bucket limit {limit:d}"
        )

    def others(self, attrs: Iterable[str] | None, limit: int) -> str:
        """Return the statement for the instances of some attributes, None = all.

        Rows: entity, attribute, dataset, start of the period, instance.
        """
        bucket = self.periods.column(time_of(self.wanted), self.params)
        named = "true"
        if attrs is not None:
            named = f"h.attr = any({bind(self.params, list(attrs))}::text[])"
        return (
            f"select h.entity_id, h.attr, h.dataset_id, {bucket} as bucket, h.instance"
            f" from attribute_history h where {self._of('h')} and {named}"
            f" and h.deleted_at is null and {self._times()}"
            f" and {of_dataset(self.wanted, self.params)} order by bucket limit {limit:d}"
        )

    def _parts(self) -> tuple[str, list[str]]:
        start, end = self._at(self.periods.start), self._at(self._end())
        if self.kept is None:
            return "", [self._raw(self._instances(self._times()))]
        until = self._at(self.kept.until)
        cuts = self._cuts()
        if cuts is None:
            if not self.kept.lost:
                return "", [self._raw(self._instances(self._times()))]
            raw = self._instances(f"{self._times()} and {self._not_lost('h.at')}")
            parts = [self._raw(raw), self._hours(), self._broken()]
            return self._days(only_lost=True), parts
        # Days that are not rolled up yet, days marked, hours that lie in two periods.
        raws = [self._instances(f"{self._times()} and h.at >= {until}"), self._marked(start, end)]
        if cuts:
            raws.append(self._cut_hours(cuts))
        parts = [self._raw(" union all ".join(raws)), self._hours(self._unit())]
        if self.kept.lost:
            parts.append(self._broken())
        return self._days(only_lost=False), parts

    def _unit(self) -> timedelta:
        assert self.kept is not None
        return self.periods.unit(self.kept.until, self.wanted.times.end)

    def _cuts(self) -> list[datetime] | None:
        """Return the hours to read instance by instance, None when all are."""
        assert self.kept is not None
        if "distinctCount" in self.methods and not self.periods.is_each(self._unit()):
            return None  # distinct numbers of parts do not add up
        return self.periods.cuts(self.kept.until, self.wanted.times.end)

    def _at(self, moment: datetime) -> str:
        return f"{bind(self.params, moment)}::timestamptz"

    def _end(self) -> datetime:
        return self.wanted.times.end or datetime.max.replace(tzinfo=UTC)

    def _times(self) -> str:
        return within(self.wanted, self.params, "true")

    def _of(self, alias: str) -> str:
        """Return the condition that a row is of the entities and attributes asked for."""
        if self.wanted.attrs is None:
            attrs = f"{alias}.attr <> {bind(self.params, SCOPE)}"
        else:
            attrs = f"{alias}.attr = any({bind(self.params, list(self.wanted.attrs))}::text[])"
        return (
            f"{alias}.tenant = %(tenant)s and {alias}.entity_id = any(%(ids)s::text[]) and {attrs}"
        )

    def _instances(self, times: str) -> str:
        return (
            f"select h.entity_id, h.attr, h.dataset_id, {time_of(self.wanted)} as time, h.number"
            f" from attribute_history h where {self._of('h')} and h.deleted_at is null"
            f" and {times} and {of_dataset(self.wanted, self.params)}"
        )

    def _marked(self, start: str, end: str) -> str:
        """Return the instances of the days whose rollups no longer hold."""
        assert self.kept is not None
        first, last = (
            f"{bind(self.params, _day(moment))}::date"
            for moment in (self.periods.start, self._end())
        )
        until = f"{bind(self.params, _day(self.kept.until))}::date"
        lost = f" and {self._not_lost('h.at')}" if self.kept.lost else ""
        return (
            "select h.entity_id, h.attr, h.dataset_id, h.at as time, h.number from ("
            f"select distinct m.tenant, m.entity_id, m.attr, m.day from rollup_mark m where"
            f" {self._of('m')} and m.day >= {first} and m.day < {until} and m.day <= {last}) m"
            " cross join lateral (select h.* from attribute_history h where h.tenant = m.tenant"
            " and h.entity_id = m.entity_id and h.attr = m.attr"
            f" and h.at >= greatest({_moment('m.day')}, {start})"
            f" and h.at < least({_moment('(m.day + 1)')}, {end})"
            " and h.observed_at is not null and h.deleted_at is null"
            f" and {of_dataset(self.wanted, self.params)}{lost} offset 0) h"
        )

    def _cut_hours(self, cuts: list[datetime]) -> str:
        """Return the instances of the hours that lie in two periods, but of days marked."""
        assert self.kept is not None
        lost = f" and {self._not_lost('h.at')}" if self.kept.lost else ""
        return (
            "select h.entity_id, h.attr, h.dataset_id, h.at as time, h.number"
            f" from unnest({bind(self.params, cuts)}::timestamptz[]) as c (at) cross join lateral ("
            f"select h.* from attribute_history h where {self._of('h')} and h.deleted_at is null"
            f" and h.at >= c.at and h.at < c.at + interval '1 hour' and {self._times()}"
            f" and {of_dataset(self.wanted, self.params)}{lost} offset 0) h where"
            f" not ({self._inside('c.at', '1 hour')} and {self._whole('c.at', '1 hour')})"
            " and not exists ("
            "select 1 from rollup_mark m where m.tenant = %(tenant)s and m.entity_id = h.entity_id"
            f" and m.attr = h.attr and m.day = {_date('h.at')})"
        )

    def _not_lost(self, time: str) -> str:
        return (
            "not exists (select 1 from rollup l where l.tenant = %(tenant)s"
            " and l.entity_id = h.entity_id and l.attr = h.attr and l.dataset_id = h.dataset_id"
            f" and l.day = {_date(time)} and l.frozen)"
        )

    def _raw(self, source: str) -> str:
        """Return the pieces of instances. `offset 0`: then their number is not overestimated."""
        columns = ", ".join(f"{_COLUMNS[name][0]} as {name}" for name in self.columns)
        bucket = self.periods.column("h.time", self.params)
        return (
            f"select h.entity_id, h.attr, h.dataset_id, h.bucket, {columns},"
            f" false as broken, false as past from (select h.*, {bucket} as bucket"
            f" from ({source}) h offset 0) h group by h.entity_id, h.attr, h.dataset_id, h.bucket"
        )

    def _days(self, *, only_lost: bool) -> str:
        assert self.kept is not None
        source = "rollup" if self.kept.lost else "attribute_rollup"
        first, last, until = (
            f"{bind(self.params, _day(moment))}::date"
            for moment in (self.periods.start, self._end(), self.kept.until)
        )
        clean = (
            "not exists (select 1 from rollup_mark m where m.tenant = r.tenant"
            " and m.entity_id = r.entity_id and m.attr = r.attr and m.day = r.day)"
        )
        usable = "r.frozen" if only_lost else f"(r.frozen or {clean})" if self.kept.lost else clean
        return (
            f"days as materialized (select r.*, {_moment('r.day')} as at from {source} r"
            f" where {self._of('r')} and r.day >= {first} and r.day <= {last} and r.day < {until}"
            f" and {of_dataset(self.wanted, self.params).replace('h.', 'r.')} and {usable}), "
        )

    def _hours(self, unit: timedelta = HOUR) -> str:
        """Return the pieces of the days or hours that lie in one period as a whole."""
        if unit == DAY:
            source, at, length = "days d", "d.at", "1 day"
            names = {name: f"d.{_COLUMNS[name][1]}" for name in self.columns}
        else:
            source, at, length = self._unnested(), "u.at", "1 hour"
            names = {name: f"u.{name}" for name in self.columns}
        columns = ", ".join(f"{names[name]} as {name}" for name in self.columns)
        return (
            f"select d.entity_id, d.attr, d.dataset_id, {self.periods.column(at, self.params)},"
            f" {columns}, false, d.frozen from {source} where {self._inside(at, length)}"
            f" and {self._whole(at, length)}"
        )

    def _broken(self) -> str:
        """Return pieces that spoil the two periods an hour lies in of which no more is kept."""
        start, end = self._at(self.periods.start), self._at(self._end())
        empty = ", ".join("null" for _ in self.columns)
        bucket = self.periods.column("e.at", self.params)
        return (
            f"select d.entity_id, d.attr, d.dataset_id, {bucket}, {empty}, true, true"
            f" from {self._unnested()} cross join lateral (values (greatest(u.at, {start})),"
            f" (least(u.at + interval '1 hour', {end}) - interval '1 microsecond')) as e (at)"
            f" where d.frozen and u.at + interval '1 hour' > {start} and u.at < {end}"
            f" and not ({self._inside('u.at', '1 hour')} and {self._whole('u.at', '1 hour')})"
        )

    def _unnested(self) -> str:
        arrays = [name for name in self.columns if name != "kind"]
        return (
            "days d cross join lateral (select d.at + u.hour * interval '1 hour' as at, d.kind,"
            f" u.* from unnest(d.hours, {', '.join(f'd.{_COLUMNS[name][2]}' for name in arrays)})"
            f" as u (hour, {', '.join(arrays)})) u"
        )

    def _inside(self, at: str, length: str) -> str:
        start, end = self._at(self.periods.start), self._at(self._end())
        return f"{at} >= {start} and {at} + interval '{length}' <= {end}"

    def _whole(self, at: str, length: str) -> str:
        last = f"({at} + interval '{length}' - interval '1 microsecond')"
        column = self.periods.column
        return f"{column(at, self.params)} = {column(last, self.params)}"


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _moment(day: str) -> str:
    return f"({day}::timestamp at time zone 'UTC')"


def _date(time: str) -> str:
    return f"({time} at time zone 'UTC')::date"
