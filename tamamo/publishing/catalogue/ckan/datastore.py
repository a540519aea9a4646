"""The actions about rows: datastore_search with filters and pages, datastore_info. No SQL."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from tamamo.kernel.cells import as_text
from tamamo.publishing.catalogue.ckan.asked import Asked
from tamamo.publishing.catalogue.ckan.datasets import resource
from tamamo.publishing.catalogue.ckan.errors import NotFound, ValidationError
from tamamo.publishing.datasets import (
    BadDatasetQuery,
    Dataset,
    Field,
    RowPage,
    RowsQuery,
)

#: Rows in one answer at most (`ckan.datastore.search.rows_max`), and without a limit.
MOST, USUAL = 32_000, 100
_TYPES: Final[Mapping[str, str]] = {
    "integer": "int",
    "year": "int",
    "number": "numeric",
    "latitude": "numeric",
    "longitude": "numeric",
    "boolean": "bool",
    "date": "date",
    "moment": "timestamptz",
}
_NUMBER: Final = {"id": "_id", "type": "int"}
_SEPARATORS: Final = {"csv": ",", "tsv": "\t"}


async def datastore_search(asked: Asked) -> dict[str, Any]:
    """Return rows of a dataset. resource_id: of its resource, or the dataset's id or name.

    filters: {"field": value or list of values}; {"_id": {"gt": n}} for the next page; q: words;
    fields; sort: "field desc"; limit (100, at most 32000), offset; include_total;
    include_next_page; records_format: objects, lists, csv or tsv.
    """
    identifier = _identifier(asked)
    dataset = await table(asked, identifier)
    query = _query(asked, dataset)
    style = asked.text("records_format", "objects")
    if style not in {"objects", "lists", *_SEPARATORS}:
        raise ValidationError("records_format", "Must be objects, lists, csv or tsv")
    try:
        page = await asked.engine.rows(None, asked.town, dataset.id, query)
    except BadDatasetQuery as problem:
        raise ValidationError("query", problem.detail) from None
    wanted = _fields(asked, dataset)
    names = [one["id"] for one in wanted]
    answer = {
        "include_total": query.count,
        "limit": query.limit,
        "offset": query.offset,
        "records_format": style,
        "resource_id": identifier,
        "fields": wanted,
        "records": _records(page, names, style),
        "_links": _links(asked, query),
    }
    if query.count:
        answer |= {"total": page.total, "total_was_estimated": False}
    if asked.yes("include_next_page", default=False) and page.rows and not query.sort:
        answer["next_page"] = {"_id": {"gt": page.rows[-1].number}}
    return answer


async def datastore_info(asked: Asked) -> dict[str, Any]:
    """Return a dataset's columns and how many rows it has. resource_id."""
    identifier = _identifier(asked)
    dataset = await table(asked, identifier)
    meta = {"id": identifier, "aliases": [dataset.id], "count": dataset.rows}
    return {
        "meta": {**meta, "table_type": "BASE TABLE" if dataset.kind == "file" else "VIEW"},
        "fields": [{**_field(one), "schema": {"is_index": False}} for one in dataset.fields],
    }


def _identifier(asked: Asked) -> str:
    """Return which resource is asked for; `id` is what the parameter was called once."""
    return asked.text("id", "") or asked.text("resource_id")


async def table(asked: Asked, identifier: str) -> Dataset:
    """Return the dataset whose rows a resource's id stands for. Raises NotFound."""
    try:
        return (await resource(asked, identifier))[0]
    except NotFound:
        return await asked.dataset(identifier)


def _query(asked: Asked, dataset: Dataset) -> RowsQuery:
    known = {one.name for one in dataset.fields}
    for refused in ("distinct", "distinct_on"):
        if asked.yes(refused, default=False):
            raise ValidationError(refused, "Is not offered")
    filters, after = _filters(asked, known)
    words = _words(asked, filters, known)
    sort = _sort(asked, known)
    if after is not None and sort:
        raise ValidationError("filters", "_id goes with no other sort")
    return RowsQuery(
        filters=filters,
        q=words,
        sort=sort,
        limit=asked.number("limit", USUAL, MOST),
        offset=asked.number("offset", 0),
        after=after,
        count=asked.yes("include_total", default=True),
    )


def _filters(asked: Asked, known: set[str]) -> tuple[dict[str, Any], int | None]:
    given = asked.json("filters") or {}
    if not isinstance(given, dict):
        raise ValidationError("filters", "Must be an object of field and value")
    filters, after = dict(given), None
    if "_id" in filters:
        condition = filters.pop("_id")
        after = condition.get("gt") if isinstance(condition, dict) else None
        if not isinstance(after, int) or len(condition) > 1:
            raise ValidationError("filters", 'of _id there is {"gt": number} only')
    for name, value in filters.items():
        if name not in known:
            raise ValidationError("filters", f'Field "{name}" not in table')
        values = value if isinstance(value, list) else [value]
        if any(isinstance(one, dict | list) for one in values):
            raise ValidationError("filters", f"{name}: a value, or a list of values")
    return filters, after


def _words(asked: Asked, filters: dict[str, Any], known: set[str]) -> str:
    """Return what is searched in all fields; q may name one value a field, which are filters."""
    given = asked.json("full_text") or asked.json("q")
    if not isinstance(given, dict):
        return str(given or "")
    if unknown := set(given) - known:
        raise ValidationError("q", f'Field "{min(unknown)}" not in table')
    filters.update(given)
    return ""


def _sort(asked: Asked, known: set[str]) -> tuple[str, ...]:
    sort = []
    for part in asked.several("sort"):
        name, _, rest = part.partition(" ")
        direction = rest.lower().removesuffix("nulls last").strip()
        name = name.strip('"')
        if name == "_id" and direction != "desc":
            continue
        if name not in known or direction not in {"", "asc", "desc"}:
            raise ValidationError("sort", f'Cannot sort by "{part}"')
        sort.append(f"-{name}" if direction == "desc" else name)
    return tuple(sort)


def _fields(asked: Asked, dataset: Dataset) -> list[dict[str, Any]]:
    wanted = asked.several("fields")
    known = {"_id": _NUMBER, **{one.name: _field(one) for one in dataset.fields}}
    if unknown := [name for name in wanted if name not in known]:
        raise ValidationError("fields", f'field "{unknown[0]}" not in table')
    return [known[name] for name in wanted or known]


def _field(field: Field) -> dict[str, Any]:
    label = field.label.in_("ja")
    info = {"label": label, "label_en": field.label.in_("en"), "unit": field.unit}
    told = {key: value for key, value in info.items() if value}
    return {"id": field.name, "type": _TYPES.get(field.kind, "text"), "info": told}


def _records(page: RowPage, names: Sequence[str], style: str) -> Any:
    lists = [
        [row.number if name == "_id" else row.values.get(name) for name in names]
        for row in page.rows
    ]
    if style == "objects":
        return [dict(zip(names, values, strict=True)) for values in lists]
    if style == "lists":
        return lists
    text = io.StringIO()
    writer = csv.writer(text, delimiter=_SEPARATORS[style], lineterminator="\n")
    for values in lists:
        writer.writerow([as_text(one) if isinstance(one, str) else one for one in values])
    return text.getvalue()


def _links(asked: Asked, query: RowsQuery) -> dict[str, str]:
    """Return where this search begins and goes on, as CKAN does: paths of this host."""

    def link(offset: int) -> str:
        given = {
            name: value if isinstance(value, str) else orjson.dumps(value).decode()
            for name, value in asked.parameters.items()
            if name != "offset"
        }
        path = f"{asked.api}/datastore_search?"
        return path + urlencode(given | ({"offset": str(offset)} if offset else {}))

    links = {"start": link(0), "next": link(query.offset + query.limit)}
    if query.offset:
        links["prev"] = link(max(0, query.offset - query.limit))
    return links
