"""The temporal query language (clause 4.11) and the parameters of aggregation (4.5.19)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

import isodate

from tamamo.context.errors import BadRequestData, TooComplexQuery
from tamamo.context.query.text import bind, names_of
from tamamo.context.query.values import moment_of, read_moment

Timerel = Literal["before", "after", "between"]

TIME_PROPERTIES = {
    "observedAt": "observed_at",
    "createdAt": "created_at",
    "modifiedAt": "modified_at",
    "deletedAt": "deleted_at",
}
METHODS = ("avg", "distinctCount", "max", "min", "stddev", "sum", "sumsq", "totalCount")
MAX_PERIODS = 100_000

_DURATION = re.compile(
    r"P(?:\d{1,6}W|(?=\d|T\d)(?:\d{1,6}Y)?(?:\d{1,6}M)?(?:\d{1,6}D)?"
    r"(?:T(?=\d)(?:\d{1,6}H)?(?:\d{1,6}M)?(?:\d{1,6}(?:[.,]\d{1,6})?S)?)?)"
)


@dataclass(frozen=True, slots=True)
class TemporalQuery:
    """Instances whose time property is before, from or between moments.

    timerel None: no bounds, all instances that have the time property. last_n: only the newest n
    instances of each attribute.
    """

    timerel: Timerel | None = None
    time_at: datetime | None = None
    end_time_at: datetime | None = None
    timeproperty: str = "observedAt"
    last_n: int | None = None

    @property
    def start(self) -> datetime | None:
        """The first moment within, None when there is no bound."""
        return None if self.timerel == "before" else self.time_at

    @property
    def end(self) -> datetime | None:
        """The first moment no longer within, None when there is no bound."""
        return self.time_at if self.timerel == "before" else self.end_time_at


def parse(params: Mapping[str, Any]) -> TemporalQuery:
    """Return the temporal query of the parameters or of a TemporalQuery object (5.2.21).

    Raises BadRequestData naming the parameter at fault.
    """
    timerel = params.get("timerel")
    timeproperty = params.get("timeproperty", "observedAt")
    if timeproperty not in TIME_PROPERTIES:
        raise _not_one_of("timeproperty", TIME_PROPERTIES, timeproperty)
    last_n = _parse_last_n(params.get("lastN"))
    if timerel is None:
        for name in ("timeAt", "endTimeAt"):
            if params.get(name) is not None:
                raise BadRequestData(f"timerel: missing, while there is {name}", field="timerel")
        return TemporalQuery(timeproperty=timeproperty, last_n=last_n)
    if timerel not in ("before", "after", "between"):
        raise _not_one_of("timerel", ("before", "after", "between"), timerel)
    time_at = read_moment(_required(params, "timeAt", timerel), "timeAt")
    end = None
    if timerel == "between":
        end = read_moment(_required(params, "endTimeAt", timerel), "endTimeAt")
    return TemporalQuery(cast(Timerel, timerel), time_at, end, timeproperty, last_n)


def matches(query: TemporalQuery, moment: datetime | None) -> bool:
    """Say whether the value of the time property is within the bounds; no value never is."""
    if moment is None:
        return False
    after = query.start is None or moment >= query.start
    return after and (query.end is None or moment < query.end)


def matches_instance(query: TemporalQuery, instance: Mapping[str, Any]) -> bool:
    """Say the same of an attribute instance in stored form."""
    return matches(query, moment_of(instance.get(query.timeproperty)))


def column_of(query: TemporalQuery) -> str:
    """Return the column of attribute_history that holds the time property."""
    return TIME_PROPERTIES[query.timeproperty]


def to_sql(query: TemporalQuery, params: dict[str, Any], column: str = "h.observed_at") -> str:
    """Return the bounds of 4.11 as a condition on a timestamptz column; adds to `params`."""
    tests = []
    if query.start is not None:
        tests.append(f"{column} >= {bind(params, query.start)}")
    if query.end is not None:
        tests.append(f"{column} < {bind(params, query.end)}")
    return " and ".join(tests) or f"{column} is not null"


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Methods of 4.5.19 over consecutive periods; period None: the whole time range is one."""

    methods: tuple[str, ...]
    period: timedelta | isodate.Duration | None = None


def parse_aggregation(params: Mapping[str, Any]) -> Aggregation:
    """Return the aggregation of `aggrMethods` and `aggrPeriodDuration`. Raises BadRequestData."""
    methods = params.get("aggrMethods")
    if methods is None:
        raise BadRequestData("aggrMethods: missing with aggregatedValues", field="aggrMethods")
    names = names_of(methods, "aggrMethods")
    for name in names:
        if name not in METHODS:
            raise _not_one_of("aggrMethods", METHODS, name)
    return Aggregation(tuple(dict.fromkeys(names)), parse_duration(params))


def parse_duration(
    params: Mapping[str, Any], field: str = "aggrPeriodDuration"
) -> timedelta | isodate.Duration | None:
    """Return the ISO 8601 duration of a parameter; None when it is absent or no time at all."""
    text = params.get(field, "PT0S")
    if not isinstance(text, str) or not _DURATION.fullmatch(text):
        raise BadRequestData(
            f"{field}: expected an ISO 8601 duration such as P1D or PT15M, not {text!r}",
            field=field,
        )
    duration = isodate.parse_duration(text)
    return duration if duration != timedelta(0) else None


def periods(
    aggregation: Aggregation, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the consecutive periods from start until end is reached, each its start and its end.

    The n-th begins n durations after start, so that months keep their day where they have it.
    Raises TooComplexQuery beyond 100 000 periods.
    """
    if aggregation.period is None:
        yield start, end
        return
    low, number = start, 0
    while low < end:
        number += 1
        if number > MAX_PERIODS:
            raise TooComplexQuery(
                f"aggrPeriodDuration: more than {MAX_PERIODS} periods in the time range",
                field="aggrPeriodDuration",
            )
        try:
            high = start + aggregation.period * number
        except (OverflowError, ValueError):  # beyond the calendar
            high = end
        yield low, high
        low = high


def _parse_last_n(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadRequestData(f"lastN: expected a whole number from 1, not {value!r}", field="lastN")
    return value


def _required(params: Mapping[str, Any], field: str, timerel: str) -> Any:
    if params.get(field) is None:
        raise BadRequestData(f"{field}: missing with timerel={timerel}", field=field)
    return params[field]


def _not_one_of(field: str, names: Any, value: Any) -> BadRequestData:
    return BadRequestData(f"{field}: expected {', '.join(names)}, not {value!r}", field=field)
