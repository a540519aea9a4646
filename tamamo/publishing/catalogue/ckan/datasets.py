"""The actions about datasets and their resources: package_*, resource_show, tags, licences."""

from collections.abc import Mapping
from typing import Any, Final

from tamamo.publishing.catalogue.ckan import search
from tamamo.publishing.catalogue.ckan.asked import Asked
from tamamo.publishing.catalogue.ckan.errors import NotFound, ValidationError
from tamamo.publishing.catalogue.ckan.package import package, resources, tag
from tamamo.publishing.catalogue.entry import agent_of, publisher_of, resource_id
from tamamo.publishing.catalogue.forms import FORMS, Form
from tamamo.publishing.datasets import (
    LICENCES,
    Dataset,
    DatasetQuery,
    Facet,
    Found,
)
from tamamo.publishing.datasets.store import organization_of

#: As many datasets CKAN answers at most in one page (`ckan.search.rows_max`).
MOST: Final = 1_000
#: CKAN's facets → the engine's.
_FACETS: Final[Mapping[str, str]] = {
    "organization": "organization",
    "groups": "groups",
    "tags": "tags",
    "res_format": "formats",
    "license_id": "licence",
}


async def package_list(asked: Asked) -> list[str]:
    """Return the names of all datasets, in their order. limit, offset."""
    names = [name for name, _ in await asked.engine.ids(None, asked.town)]
    start = asked.number("offset", 0)
    limit = asked.number("limit", len(names))
    return names[start : start + limit]


async def package_show(asked: Asked) -> dict[str, Any]:
    """Return a dataset with its resources. id: its id or name."""
    return told(asked, await asked.dataset(asked.text("id")))


def told(asked: Asked, dataset: Dataset) -> dict[str, Any]:
    """Return a dataset as a package."""
    about = {
        "kind": dataset.kind,
        "rows": "" if dataset.rows is None else str(dataset.rows),
        "next_due": "" if dataset.next_due is None else dataset.next_due.isoformat(),
        "overdue": "true" if dataset.overdue else "false",
        "update_frequency": dataset.metadata.cycle,
    }
    return package(asked.entry(dataset), {key: value for key, value in about.items() if value})


async def package_search(asked: Asked) -> dict[str, Any]:
    """Return the datasets that match, and how many there are by value.

    q, fq, fq_list: conditions; sort; rows (10, at most 1000), start; facet.field, facet.limit.
    """
    asked_for = [asked.text("q", "*:*"), asked.text("fq", ""), *asked.several("fq_list")]
    wanted = search.read(*(text for text in asked_for if text))
    sort = asked.text("sort", "score desc, metadata_modified desc")
    rows, start = asked.number("rows", 10, MOST), asked.number("start", 0)
    names = asked.several("facet.field") if asked.yes("facet", default=True) else ()
    facets = tuple(name for name in names if name in _FACETS)
    found = await find(asked, wanted, search.order(sort), start, rows, facets=facets)
    return {
        "count": found.total,
        "sort": sort,
        "results": [told(asked, one) for one in found.datasets],
        **_facets(asked, found, names),
    }


async def find(
    asked: Asked,
    wanted: search.Wanted,
    sort: str,
    start: int,
    rows: int,
    *,
    facets: tuple[str, ...] = (),
) -> Found:
    """Return a page of what is searched for."""
    if wanted.nothing:
        return Found(0, ())
    if "ids" in wanted.filters:
        return await _named(asked, wanted, start, rows)
    query = DatasetQuery(
        q=wanted.text,
        organization=_units(asked, wanted),
        group=wanted.filters.get("groups"),
        format=wanted.filters.get("formats"),
        tag=wanted.filters.get("tags"),
        licence=wanted.filters.get("licence"),
        modified=wanted.modified,
        sort=sort,
        start=start,
        rows=rows,
    )
    names = tuple(_FACETS[name] for name in facets)
    return await asked.engine.search(None, asked.town, query, facets=names)


def _units(asked: Asked, wanted: search.Wanted) -> tuple[str, ...] | None:
    """Return the units asked for; what no unit has is the town's own, under the town's name."""
    named = wanted.filters.get("organization", ())
    return tuple("" if one == asked.town else one for one in named) or None


async def _named(asked: Asked, wanted: search.Wanted, start: int, rows: int) -> Found:
    """Return the one dataset that a search names, when it is what else is asked for too."""
    identifiers = wanted.filters["ids"]
    try:
        dataset = await asked.dataset(identifiers[0])
    except NotFound:
        return Found(0, ())
    has: dict[str, set[str]] = {
        "ids": {dataset.id, dataset.uuid},
        "organization": {publisher_of(dataset, asked.place).id},
        "groups": {one.id for one in dataset.groups},
        "formats": {*dataset.formats},
        "tags": set(dataset.metadata.tags),
        "licence": {dataset.metadata.licence},
    }
    fits = all(has[name].issuperset(values) for name, values in wanted.filters.items())
    shown = (dataset,) if start == 0 and rows > 0 else ()
    return Found(1, shown) if fits else Found(0, ())


def _facets(asked: Asked, found: Found, names: tuple[str, ...]) -> dict[str, Any]:
    limit = asked.parameters.get("facet.limit", 50)
    try:
        most = int(str(limit))
    except ValueError:
        raise ValidationError("facet.limit", "Invalid integer") from None
    least = asked.number("facet.mincount", 1)
    plain: dict[str, dict[str, int]] = {}
    full: dict[str, dict[str, Any]] = {}
    for name in names:
        values = [
            one
            for one in found.facets.get(_FACETS.get(name, ""), ())
            if one.count >= least and (name != "res_format" or one.value != "csv-bom")
        ]
        shown = values if most < 0 else values[:most]
        items = [_item(asked, name, one) for one in shown]
        plain[name] = {item["name"]: item["count"] for item in items}
        full[name] = {"title": name, "items": items}
    return {"facets": plain, "search_facets": full}


def _item(asked: Asked, name: str, facet: Facet) -> dict[str, Any]:
    if name == "organization":
        agent = agent_of(organization_of(facet.value), asked.place)
        return {"name": agent.id, "display_name": agent.title.in_("ja"), "count": facet.count}
    if name == "res_format":
        form = FORMS.get(facet.value)
        shown = form.name if form else facet.value
        return {"name": shown, "display_name": shown, "count": facet.count}
    return {"name": facet.value, "display_name": facet.label.in_("ja"), "count": facet.count}


async def package_autocomplete(asked: Asked) -> list[dict[str, str]]:
    """Return datasets whose words begin so. q; limit (10)."""
    wanted = search.Wanted(words=(asked.text("q"),))
    found = await find(asked, wanted, "relevance", 0, asked.number("limit", 10, 100))
    return [
        {
            "name": one.id,
            "title": one.title.in_("ja"),
            "match_field": "title",
            "match_displayed": one.title.in_("ja"),
        }
        for one in found.datasets
    ]


async def current_package_list_with_resources(asked: Asked) -> list[dict[str, Any]]:
    """Return the datasets, the newest change first. limit, offset."""
    limit, start = asked.number("limit", MOST, MOST), asked.number("offset", 0)
    found = await find(asked, search.Wanted(), "-modified", start, limit)
    return [told(asked, one) for one in found.datasets]


async def resource_show(asked: Asked) -> dict[str, Any]:
    """Return a resource: a dataset in one form. id."""
    dataset, form = await resource(asked, asked.text("id"))
    wanted = resource_id(dataset.uuid, form)
    for one in resources(asked.entry(dataset)):
        if one["id"] == wanted:
            return one
    raise NotFound


async def resource(asked: Asked, identifier: str) -> tuple[Dataset, Form]:
    """Return what a resource's id names: `<id or name of the dataset>.<form>`. Raises NotFound."""
    stem, _, name = identifier.rpartition(".")
    form = FORMS.get(name)
    if form is None or not stem:
        raise NotFound
    return await asked.dataset(stem), form


async def tag_list(asked: Asked) -> list[Any]:
    """Return the tags. query: what they hold; all_fields."""
    wanted = (asked.text("query", "") or asked.text("q", "")).lower()
    names = [name for name, _ in await asked.engine.tags(None, asked.town)]
    found = [name for name in sorted(names) if wanted in name.lower()]
    return [tag(name) for name in found] if asked.yes("all_fields", default=False) else found


async def tag_show(asked: Asked) -> dict[str, Any]:
    """Return a tag. id; include_datasets."""
    name = asked.text("id")
    if name not in {one for one, _ in await asked.engine.tags(None, asked.town)}:
        raise NotFound
    if not asked.yes("include_datasets", default=False):
        return tag(name)
    found = await find(asked, search.Wanted().also("tags", name), "title", 0, MOST)
    return {**tag(name), "packages": [told(asked, one) for one in found.datasets]}


async def license_list(_: Asked) -> list[dict[str, Any]]:
    """Return the licences that datasets of this installation are under."""
    return [
        {
            "id": one.id,
            "title": one.title.in_("ja"),
            "url": one.url,
            "status": "active",
            "od_conformance": "approved" if one.open else "not reviewed",
            "domain_data": True,
            "domain_content": True,
            "domain_software": False,
        }
        for one in LICENCES.values()
    ]


async def format_autocomplete(asked: Asked) -> list[str]:
    """Return the forms whose name holds a text. q; limit (5)."""
    wanted = asked.text("q").lower()
    names = dict.fromkeys(form.name for form in FORMS.values())
    found = [name.lower() for name in names if wanted in name.lower()]
    return found[: asked.number("limit", 5)]
