"""Entries as CKAN's packages, resources, organizations and groups, and packages as entries.

CKAN has one language; ours is Japanese, and both stand in `title_translated` and
`notes_translated`, as ckanext-fluent names them. Moments are UTC without a zone, as CKAN writes.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from tamamo.publishing.catalogue.entry import (
    Agent,
    Entry,
    Group,
    Licence,
    Resource,
    licence_of,
    says_simulated,
)
from tamamo.publishing.catalogue.forms import form_of
from tamamo.publishing.datasets import CYCLES, LICENCES, THEMES, Words


def package(entry: Entry, extras: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a dataset as CKAN's `package_show` answers it. extras: further pairs."""
    told = {**_extras(entry), **(extras or {})}
    created = _moment(entry.issued) or _moment(entry.changed)
    return {
        "id": entry.id,
        "name": entry.name,
        "title": entry.title.in_("ja"),
        "title_translated": _translated(entry.title),
        "notes": entry.description.in_("ja"),
        "notes_translated": _translated(entry.description),
        "url": entry.page,
        "version": entry.version,
        "type": "dataset",
        "state": "active",
        "private": False,
        "isopen": entry.licence.id in LICENCES and LICENCES[entry.licence.id].open,
        "author": None,
        "author_email": None,
        "maintainer": entry.contact.in_("ja") or entry.publisher.title.in_("ja"),
        "maintainer_email": None,
        "license_id": entry.licence.id,
        "license_title": entry.licence.title.in_("ja") or entry.licence.id,
        "license_url": entry.licence.url,
        "creator_user_id": None,
        "owner_org": entry.publisher.id,
        "organization": _organization(entry.publisher),
        "metadata_created": created,
        "metadata_modified": _moment(entry.changed),
        "num_resources": len(entry.resources),
        "num_tags": len(entry.tags),
        "resources": resources(entry),
        "tags": [tag(name) for name in entry.tags],
        "groups": [_group(one) for one in entry.groups],
        "extras": [{"key": key, "value": value} for key, value in sorted(told.items())],
        "relationships_as_subject": [],
        "relationships_as_object": [],
    }


def resources(entry: Entry) -> list[dict[str, Any]]:
    """Return a dataset's resources, as they stand in its package."""
    return [_resource(one, position, entry) for position, one in enumerate(entry.resources)]


def _resource(one: Resource, position: int, entry: Entry) -> dict[str, Any]:
    return {
        "id": one.id,
        "package_id": entry.id,
        "position": position,
        "name": one.title.in_("ja"),
        "name_translated": _translated(one.title),
        "description": "",
        "format": one.format,
        "mimetype": one.media or None,
        "mimetype_inner": None,
        "url": one.url,
        "url_type": None,
        "resource_type": None,
        "hash": "",
        "size": None,
        "state": "active",
        "created": _moment(entry.issued),
        "last_modified": _moment(entry.modified),
        "metadata_modified": _moment(entry.changed),
        "cache_url": None,
        "cache_last_updated": None,
        "datastore_active": one.table,
    }


def _extras(entry: Entry) -> dict[str, str]:
    told = {
        "contact": _text(entry.contact),
        "frequency": entry.cycle,
        "source": _text(entry.source),
        "standard": entry.standard,
        "spatial": _spatial(entry),
        "issued": entry.issued.isoformat() if entry.issued else "",
        "modified": entry.modified.isoformat() if entry.modified else "",
        "simulated": "true" if entry.simulated else "",
    }
    return {key: value for key, value in told.items() if value}


def _spatial(entry: Entry) -> str:
    """Return the box as ckanext-spatial writes it: GeoJSON in a text."""
    if entry.bbox is None:
        return ""
    west, south, east, north = entry.bbox
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return orjson.dumps({"type": "Polygon", "coordinates": [ring]}).decode()


def tag(name: str) -> dict[str, Any]:
    """Return a tag as CKAN answers it."""
    about = {"id": name, "name": name, "display_name": name}
    return {**about, "state": "active", "vocabulary_id": None}


def _organization(agent: Agent) -> dict[str, Any]:
    about = {"id": agent.id, "name": agent.id, "title": agent.title.in_("ja"), "description": ""}
    return {
        **about,
        "title_translated": _translated(agent.title),
        "type": "organization",
        "is_organization": True,
        "state": "active",
        "approval_status": "approved",
        "image_url": "",
    }


def _group(group: Group) -> dict[str, Any]:
    title = group.title.in_("ja")
    return {
        "id": group.id,
        "name": group.id,
        "title": title,
        "title_translated": _translated(group.title),
        "display_name": title,
        "description": group.uri,
        "image_display_url": "",
    }


def organization(agent: Agent, count: int | None) -> dict[str, Any]:
    """Return an organization as `organization_show` answers it. count: of its datasets."""
    return _whole(_organization(agent), count)


def group(one: Group, count: int | None) -> dict[str, Any]:
    """Return a theme as `group_show` answers it."""
    more = {"type": "group", "is_organization": False, "state": "active", "image_url": ""}
    return _whole({**_group(one), **more, "approval_status": "approved"}, count)


def _whole(about: dict[str, Any], count: int | None) -> dict[str, Any]:
    counted = {} if count is None else {"package_count": count}
    lists: dict[str, Any] = {"extras": [], "tags": [], "groups": [], "users": []}
    return {**about, "display_name": about["title"], "num_followers": 0, **counted, **lists}


def _translated(words: Words) -> dict[str, str]:
    """Return the languages there are."""
    return {name: text for name, text in (("ja", words.ja), ("en", words.en)) if text}


def _text(words: Words) -> str:
    """Return both languages as one text: JSON where there is English."""
    return orjson.dumps(_translated(words)).decode() if words.en else words.ja


def _moment(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def read_package(told: Mapping[str, Any]) -> Entry:
    """Return what any CKAN says of a dataset as an entry. Raises ValueError naming what is missing.

    Of what our own catalogue says nothing is lost.
    """
    name, identifier = told.get("name"), told.get("id")
    if not isinstance(name, str) or not isinstance(identifier, str):
        raise ValueError("a package has `id` and `name`")
    extras = _pairs(told.get("extras"))
    title = _words(told.get("title_translated"), told.get("title") or name)
    url = str(told.get("url") or "")
    return Entry(
        id=identifier,
        name=name,
        title=title,
        description=_words(told.get("notes_translated"), told.get("notes")),
        publisher=_agent(told),
        groups=tuple(_read_group(one) for one in _maps(told.get("groups"))),
        tags=tuple(str(one.get("name", "")) for one in _maps(told.get("tags"))),
        licence=_licence(told),
        cycle=_cycle(extras.get("frequency") or extras.get("update_frequency") or ""),
        issued=_read_moment(extras.get("issued")),
        modified=_read_moment(extras.get("modified")),
        changed=_read_moment(told.get("metadata_modified")),
        version=str(told.get("version") or ""),
        contact=_read_text(extras.get("contact", "")),
        source=_read_text(extras.get("source", "")),
        standard=extras.get("standard", ""),
        page=url,
        bbox=_box(extras.get("spatial", "")),
        simulated=extras.get("simulated") == "true" or says_simulated(title),
        resources=tuple(_read_resource(one) for one in _maps(told.get("resources"))),
    )


def _maps(told: Any) -> list[Mapping[str, Any]]:
    return [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []


def _pairs(told: Any) -> dict[str, str]:
    return {str(one.get("key")): str(one.get("value") or "") for one in _maps(told)}


def _words(translated: Any, plain: Any) -> Words:
    if isinstance(translated, Mapping) and (translated.get("ja") or translated.get("en")):
        return Words(str(translated.get("ja") or ""), str(translated.get("en") or ""))
    return Words(str(plain or ""))


def _agent(told: Mapping[str, Any]) -> Agent:
    about = told.get("organization")
    if not isinstance(about, Mapping):
        named = str(told.get("author") or told.get("maintainer") or "")
        return Agent(str(told.get("owner_org") or ""), Words(named))
    title = about.get("title") or about.get("name")
    return Agent(str(about.get("name", "")), _words(about.get("title_translated"), title))


def _read_group(told: Mapping[str, Any]) -> Group:
    name = str(told.get("name", ""))
    uri = str(told.get("description") or "")
    known = THEMES.get(name)
    if known is not None and known.uri == uri:
        return Group(name, known.title, uri)
    title = told.get("title") or told.get("display_name") or name
    uri = uri if uri.startswith("http") else ""
    return Group(name, _words(told.get("title_translated"), title), uri)


def _licence(told: Mapping[str, Any]) -> Licence:
    identifier = str(told.get("license_id") or "")
    if identifier in LICENCES:
        return licence_of(identifier)
    title = Words(str(told.get("license_title") or ""))
    return Licence(identifier, title, str(told.get("license_url") or ""))


def _cycle(text: str) -> str:
    """Return a cycle's uri; one that is not of the EU vocabulary is left out."""
    return text if text in {one.uri for one in CYCLES.values()} else ""


def _read_resource(told: Mapping[str, Any]) -> Resource:
    media = str(told.get("mimetype") or "")
    name = str(told.get("format") or "")
    identifier = str(told.get("id") or "")
    form = form_of(media, identifier.rpartition(".")[2]) or form_of(media, name)
    title = told.get("name") or name
    return Resource(
        identifier,
        _words(told.get("name_translated"), title),
        name,
        media,
        form.file_type_uri if form else "",
        str(told.get("url") or ""),
        table=told.get("datastore_active") is True,
    )


def _read_text(text: str) -> Words:
    if text.startswith("{"):
        try:
            return _words(orjson.loads(text), "")
        except orjson.JSONDecodeError:
            return Words(text)
    return Words(text)


def _box(text: str) -> tuple[float, float, float, float] | None:
    """Return the box around a GeoJSON polygon in a text; None where it is none."""
    try:
        ring = orjson.loads(text)["coordinates"][0]
        east, north = max(x for x, _ in ring), max(y for _, y in ring)
        west, south = min(x for x, _ in ring), min(y for _, y in ring)
        return float(west), float(south), float(east), float(north)
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def _read_moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
