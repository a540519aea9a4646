"""What a client asks of the history: which entities, which times, in which form (5.7.3, 5.7.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from tamamo.context.errors import BadRequestData, InvalidRequest
from tamamo.context.http import Exchange
from tamamo.context.jsonld import TermMap
from tamamo.context.model.represent import View
from tamamo.context.query import plan, projection, q, request, temporalq
from tamamo.context.query.temporalq import Aggregation, TemporalQuery
from tamamo.context.query.text import names_of
from tamamo.context.query.values import is_uri

Form = Literal["normalized", "concise", "temporalValues", "aggregatedValues"]

#: Instances of an attribute in one answer; more are had by narrowing the times (6.3.10).
PAGE_SIZE: Final = 20
#: What a client may raise it to with the header `Prefer: temporal-page=…`.
LARGEST_PAGE: Final = 10_000

FORMS: Final[Mapping[str, Form]] = {
    "normalized": "normalized",
    "concise": "concise",
    "temporalValues": "temporalValues",
    "aggregatedValues": "aggregatedValues",
}
OPTIONS: Final = frozenset({*FORMS, "sysAttrs"})
TIMES: Final = frozenset({"timerel", "timeAt", "endTimeAt", "timeproperty", "lastN"})
SHOWN: Final = frozenset({"options", "format", "attrs", "pick", "omit", "lang", "datasetId"})
AGGREGATES: Final = frozenset({"aggrMethods", "aggrPeriodDuration"})
#: Members of entities that are no attributes.
_MEMBERS: Final = frozenset({"id", "type", "scope"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request for temporal evolutions.

    timed: whether times were given at all; without, every instance is shown, also those nobody
    observed. attrs: IRIs of the only attributes to read, None = all. page_size: instances of one
    attribute at most.
    """

    query: plan.Query
    times: TemporalQuery
    timed: bool
    form: Form
    aggregation: Aggregation | None
    view: View
    attrs: tuple[str, ...] | None
    page_size: int = PAGE_SIZE

    @property
    def limit(self) -> int:
        """Instances of one attribute to read."""
        if self.times.last_n is None:
            return self.page_size
        return min(self.times.last_n, self.page_size)

    @property
    def backwards(self) -> bool:
        """Whether the newest instances come first when not all fit (6.3.10)."""
        return self.times.last_n is not None


def read_retrieve(exchange: Exchange) -> Wanted:
    """Return what a retrieve of one entity asks for. Raises BadRequestData, InvalidRequest."""
    params = exchange.params
    shown = projection.read(params, exchange.terms)
    if shown.depth() > 0:
        raise BadRequestData("Linked entities have no temporal evolution to join", field="pick")
    query = plan.Query(attrs=shown.attrs or (), projection=shown)
    return _wanted(exchange, query, params, params)


def read_query(exchange: Exchange) -> Wanted:
    """Return what a query by URL parameters asks for. Raises BadRequestData, InvalidRequest."""
    params = exchange.params
    _check_order(params.get("orderBy"))
    query = request.read(params, exchange.terms)
    _check_filter(params.get("csf"), exchange.terms)
    if params.get("timerel") is None:
        raise BadRequestData("timerel: a temporal query is needed", field="timerel")
    return _wanted(exchange, query, params, params)


def read_body(exchange: Exchange) -> Wanted:
    """Return what a query by POST asks for (5.2.23). Raises BadRequestData, InvalidRequest."""
    body, params = exchange.body, exchange.params
    query = request.read_body(body, params, exchange.terms)
    if isinstance(body.get("ordering"), dict):
        _check_order(body["ordering"].get("orderBy"))
    _check_filter(body.get("csf"), exchange.terms)
    times = body.get("temporalQ")
    if not isinstance(times, dict) or times.get("timerel") is None:
        raise BadRequestData("temporalQ: a temporal query is needed", field="temporalQ")
    aggregation = body.get("aggrParams", {})
    if not isinstance(aggregation, dict):
        raise BadRequestData("aggrParams: expected an object", field="aggrParams")
    shown = {name: body[name] for name in ("lang", "datasetId") if name in body}
    return _wanted(exchange, query, {**params, **shown, **aggregation, **times}, params)


def _wanted(
    exchange: Exchange,
    query: plan.Query,
    values: Mapping[str, Any],
    params: Mapping[str, str],
) -> Wanted:
    times = temporalq.parse(values)
    timed = values.get("timerel") is not None or values.get("timeproperty") is not None
    form = _read_form(exchange, params)
    if exchange.body is not None and form == "normalized" and "aggrMethods" in values:
        form = "aggregatedValues"
    aggregation = temporalq.parse_aggregation(values) if form == "aggregatedValues" else None
    view = _read_view(exchange, query, values, form)
    return Wanted(query, times, timed, form, aggregation, view, _attrs(query), _page_size(exchange))


def _read_form(exchange: Exchange, params: Mapping[str, str]) -> Form:
    asked = [name for name in exchange.options if name in FORMS]
    if {"temporalValues", "aggregatedValues"} <= set(asked) and "format" not in params:
        raise InvalidRequest("temporalValues and aggregatedValues exclude each other")
    if "format" in params:
        asked = [params["format"]]
    if not asked:
        return "normalized"
    if asked[0] not in FORMS:
        raise InvalidRequest(f"format: expected one of {', '.join(FORMS)}", field="format")
    return FORMS[asked[0]]


def _read_view(
    exchange: Exchange, query: plan.Query, values: Mapping[str, Any], form: Form
) -> View:
    shown = query.projection
    pick = None if shown.pick is None else frozenset(m.iri for m in shown.pick)
    omit = frozenset(m.iri for m in shown.omit or ())
    if pick is not None and not pick.isdisjoint(omit):
        raise BadRequestData("omit: names a member that pick names too", field="omit")
    datasets = None
    if values.get("datasetId") is not None:
        datasets = frozenset(names_of(values["datasetId"], "datasetId"))
        for dataset in datasets:
            if dataset != "@none" and not is_uri(dataset):
                raise BadRequestData(f"datasetId: {dataset!r} is no URI", field="datasetId")
    return View(
        format="concise" if form == "concise" else "normalized",
        sys_attrs="sysAttrs" in exchange.options,
        lang=values.get("lang"),
        pick=pick,
        omit=omit,
        attrs=None if shown.attrs is None else frozenset(shown.attrs),
        dataset_ids=datasets,
    )


def _attrs(query: plan.Query) -> tuple[str, ...] | None:
    shown = query.projection
    if shown.attrs is not None:
        return shown.attrs
    if shown.pick is not None:
        return tuple(member.iri for member in shown.pick if member.iri not in _MEMBERS)
    return None


def _page_size(exchange: Exchange) -> int:
    text = exchange.preferences.get("temporal-page", "")
    if not text.isdecimal() or int(text) == 0:
        return PAGE_SIZE
    return min(int(text), LARGEST_PAGE)


def _check_order(value: Any) -> None:
    """Raise unless ordering is by id alone (5.7.4.4)."""
    if value is None:
        return
    for name in names_of(value, "orderBy"):
        if name.partition(";")[0] != "id":
            raise BadRequestData("orderBy: the only order of histories is by id", field="orderBy")


def _check_filter(text: Any, terms: TermMap) -> None:
    """Raise on a context source filter that is no query; there are no sources to filter yet."""
    if text is not None:
        if not isinstance(text, str):
            raise BadRequestData("csf: expected a query", field="csf")
        q.parse(text, terms)
