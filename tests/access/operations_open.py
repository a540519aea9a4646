"""The same for the open catalogue: CKAN's actions, DCAT, downloads. Beta's is there for everybody.

What Beta has not published, or took back, is nobody's: asked for by name it is as if it were not.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from starlette.routing import Route

from tamamo.publishing.catalogue.addresses import ACTION
from tamamo.publishing.catalogue.ckan.actions import ACTIONS
from tests.access.operations import Shape, entry
from tests.access.world import Ids

#: Of the two names of a town's things: a draft with a version that waits, and what was taken back.
_HIDDEN: Final = ("{word}draft", "{word}gone")
#: Of any file of those: as resources are named.
_FILES: Final = tuple(f"{name}{form}" for name in _HIDDEN for form in ("", ".csv", ".json"))
_ALL: Final = {"all_fields": "true", "include_datasets": "true", "limit": "100"}
#: Action → parameters that could tell of what is hidden. None named: it takes none.
_ASKED: Final[Mapping[str, tuple[Mapping[str, str], ...]]] = {
    "help_show": ({"name": "package_show"},),
    "package_show": tuple({"id": name} for name in _HIDDEN),
    "package_search": (
        {"q": "{word}title", "rows": "100"},
        {"q": "*:*", "fq": "name:{word}draft", "include_private": "true", "include_drafts": "true"},
        {"fq": "organization:{word}unit", "facet.field": '["organization","tags","groups"]'},
        {"fq": "state:draft", "sort": "metadata_modified asc"},
    ),
    "package_autocomplete": ({"q": "{word}"},),
    "current_package_list_with_resources": ({"limit": "100"},),
    "resource_show": tuple({"id": name} for name in _FILES),
    "tag_list": (_ALL, {"query": "{word}"}),
    "tag_show": ({"id": "{word}tag", "include_datasets": "true"},),
    "format_autocomplete": ({"q": "c"},),
    "organization_list": (_ALL, {"organizations": "{word}unit"}),
    "organization_show": ({"id": "{word}unit"} | _ALL,),
    "organization_autocomplete": ({"q": "{word}"},),
    "group_list": (_ALL,),
    "group_show": ({"id": "{word}group"} | _ALL,),
    "group_autocomplete": ({"q": "{word}"},),
    "group_package_show": ({"id": "{word}group"},),
    "datastore_search": (
        *({"resource_id": name, "include_total": "true"} for name in _FILES[:4]),
        {"resource_id": "open-list", "q": "{word}cell"},
    ),
    "datastore_info": tuple({"id": name} for name in _FILES[:4]),
}
_PREFIX: Final = "/api/3/action/"


def expanded(route: Route) -> Iterator[tuple[str, str]]:
    """Yield the operations of a route: those of CKAN's API stand behind one."""
    if f":{ACTION}}}" not in route.path:
        for method in (route.methods or {"GET"}) - {"HEAD"}:
            yield method, route.path
        return
    for name in ACTIONS:
        for method in ("GET", "POST"):
            yield method, route.path.partition("/api/")[0] + _PREFIX + name


def _filled(asked: Mapping[str, str], ids: Ids) -> dict[str, str]:
    return {key: value.replace("{word}", ids.word) for key, value in asked.items()}


def _action(name: str, root: str) -> None:
    given: tuple[Mapping[str, str], ...] = _ASKED.get(name, ({},))
    path = f"{root}{_PREFIX}{name}".replace("{town}", "beta")

    def by_query(ids: Ids) -> Iterator[Shape]:
        for asked in given:
            yield Shape(f"{path}?{urlencode(_filled(asked, ids))}", few=True)

    def by_body(ids: Ids) -> Iterator[Shape]:
        for asked in given:
            body: dict[str, Any] = _filled(asked, ids)
            yield Shape(path, body, few=True)

    entry("GET", f"{root}{_PREFIX}{name}")(by_query)
    entry("POST", f"{root}{_PREFIX}{name}")(by_body)


def _file(path: str, *places: str) -> None:
    """Register a route of files and graphs, asked for in Beta."""

    def shapes(ids: Ids) -> Iterator[Shape]:
        for place in places:
            yield Shape(place.replace("{word}", ids.word).replace("{town}", "beta"), few=True)

    entry("GET", path)(shapes)


for _root in ("", "/t/{town}"):
    for _name in ACTIONS:
        _action(_name, _root)
    _file(f"{_root}/catalog{{suffix:anygraph}}", f"{_root}/catalog.jsonld", f"{_root}/catalog.ttl",
          f"{_root}/catalog.rdf?q={{word}}title")  # fmt: skip
    _file(
        f"{_root}/data/{{id}}{{suffix:graph}}",
        *(f"{_root}/data/{name}{form}" for name in _HIDDEN for form in (".jsonld", ".ttl")),
    )
    _file(f"{_root}/data/{{id}}/{{folder:version}}{{file:datafile}}",
          *(f"{_root}/data/{name}/{folder}{name}.{form}" for name in _HIDDEN
            for folder in ("", "v1/") for form in ("csv", "json")))  # fmt: skip
