"""The actions about organizations (units of the town) and groups (themes)."""

from collections.abc import Sequence
from typing import Any, Final

from tamamo.publishing.catalogue.ckan import search
from tamamo.publishing.catalogue.ckan.asked import Asked
from tamamo.publishing.catalogue.ckan.datasets import find, told
from tamamo.publishing.catalogue.ckan.errors import NotFound, ValidationError
from tamamo.publishing.catalogue.ckan.package import group, organization
from tamamo.publishing.catalogue.entry import Group, agent_of
from tamamo.publishing.datasets import THEMES
from tamamo.publishing.datasets.store import organization_of

#: Datasets told with an organization or a group.
_DATASETS: Final = 1_000
_SORTS: Final = {"name": "name", "title": "title", "package_count": "count", "packages": "count"}

_Counted = tuple[dict[str, Any], int]


async def organization_list(asked: Asked) -> list[Any]:
    """Return the units that publish. all_fields, sort, limit, offset, q, organizations."""
    return _listed(asked, await _organizations(asked), asked.several("organizations"))


async def group_list(asked: Asked) -> list[Any]:
    """Return the themes. all_fields, sort, limit, offset, q, groups."""
    return _listed(asked, await _groups(asked), asked.several("groups"))


def _listed(asked: Asked, found: list[_Counted], named: Sequence[str]) -> list[Any]:
    name, _, direction = asked.text("sort", "title asc").strip().partition(" ")
    if name not in _SORTS:
        raise ValidationError("sort", f"Cannot sort by field `{name}`")
    by = _SORTS[name]
    backwards = direction.strip() == "desc" or (by == "count" and not direction)
    found.sort(key=lambda one: one[1] if by == "count" else str(one[0][by]), reverse=backwards)
    wanted = asked.text("q", "").lower()
    kept = [
        one
        for one, _ in found
        if (not named or one["name"] in named)
        and (wanted in one["name"].lower() or wanted in one["title"].lower())
    ]
    start = asked.number("offset", 0)
    kept = kept[start : start + asked.number("limit", 1_000, 1_000)]
    return kept if asked.yes("all_fields", default=False) else [one["name"] for one in kept]


async def _organizations(asked: Asked) -> list[_Counted]:
    known = await asked.engine.organizations(None, asked.town)
    own = await find(asked, search.Wanted().also("organization", asked.town), "id", 0, 0)
    if own.total and all(one.unit for one in known):
        known.append(organization_of("", own.total))
    return [(organization(agent_of(one, asked.place), one.datasets), one.datasets) for one in known]


async def _groups(asked: Asked) -> list[_Counted]:
    counts = {theme.id: count for theme, count in await asked.engine.groups(None, asked.town)}
    return [
        (group(Group(one.id, one.title, one.uri), counts.get(one.id, 0)), counts.get(one.id, 0))
        for one in THEMES.values()
    ]


async def organization_show(asked: Asked) -> dict[str, Any]:
    """Return a unit. id; include_datasets."""
    return await _shown(asked, await _organizations(asked), "organization")


async def group_show(asked: Asked) -> dict[str, Any]:
    """Return a theme. id; include_datasets."""
    return await _shown(asked, await _groups(asked), "groups")


async def _shown(asked: Asked, known: list[_Counted], field: str) -> dict[str, Any]:
    identifier = asked.text("id")
    about = next((one for one, _ in known if one["name"] == identifier), None)
    if about is None:
        raise NotFound
    if not asked.yes("include_dataset_count", default=True):
        about.pop("package_count", None)
    if not asked.yes("include_datasets", default=False):
        return about
    wanted = search.Wanted().also(field, identifier)
    most = 10 if field == "organization" else _DATASETS
    found = await find(asked, wanted, "-modified", 0, most)
    return {**about, "packages": [told(asked, one) for one in found.datasets]}


async def group_package_show(asked: Asked) -> list[dict[str, Any]]:
    """Return the datasets of a theme. id; limit."""
    identifier = asked.text("id")
    if identifier not in THEMES:
        raise NotFound
    wanted, limit = search.Wanted().also("groups", identifier), asked.number("limit", 10, _DATASETS)
    found = await find(asked, wanted, "-modified", 0, limit)
    return [told(asked, one) for one in found.datasets]


async def organization_autocomplete(asked: Asked) -> list[dict[str, str]]:
    """Return the units whose name holds a text. q; limit (20)."""
    return _completed(asked, await _organizations(asked))


async def group_autocomplete(asked: Asked) -> list[dict[str, str]]:
    """Return the themes whose name holds a text. q; limit (20)."""
    return _completed(asked, await _groups(asked))


def _completed(asked: Asked, known: list[_Counted]) -> list[dict[str, str]]:
    wanted = asked.text("q").lower()
    found = [
        {"id": one["id"], "name": one["name"], "title": one["title"]}
        for one, _ in known
        if wanted in one["name"].lower() or wanted in one["title"].lower()
    ]
    return found[: asked.number("limit", 20)]


async def nothing(_: Asked) -> list[Any]:
    """Return an empty list: of what depends on who signs in, and nobody does."""
    return []
