"""A dataset as every catalogue tells it: what CKAN and DCAT both can say.

Our own datasets become entries before they are told; what a catalogue of others tells is read into
entries. So a harvest of our own catalogue can be compared with what it was made from.
"""

from datetime import datetime
from typing import Final

import msgspec

from tamamo.publishing.catalogue.forms import FORMS, Form
from tamamo.publishing.datasets import CYCLES, LICENCES, Dataset, Organization, Words

#: What a title of made-up data ends with, in every form that leaves the house (rule 15).
MARKS: Final = Words("（模擬）", " (simulated)")


class Agent(msgspec.Struct, frozen=True):
    """Who publishes. id: a unit's name in addresses, stable."""

    id: str
    title: Words


class Group(msgspec.Struct, frozen=True):
    """A theme. uri: in the EU vocabulary data-theme."""

    id: str
    title: Words
    uri: str = ""


class Licence(msgspec.Struct, frozen=True):
    """Under what it may be used."""

    id: str
    title: Words = Words()
    url: str = ""


class Resource(msgspec.Struct, frozen=True):
    """A dataset in one form. url: of the file. table: its rows can be asked for one by one."""

    id: str
    title: Words
    format: str
    media: str = ""
    file_type: str = ""
    url: str = ""
    table: bool = False


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset. id: unique in the world; name: within its catalogue.

    page: its page for people. bbox: west, south, east, north in degrees. cycle: the uri in the EU
    vocabulary frequency. changed: anything of it, data or description.
    """

    id: str
    name: str
    title: Words
    description: Words = Words()
    publisher: Agent
    groups: tuple[Group, ...] = ()
    tags: tuple[str, ...] = ()
    licence: Licence = Licence("")
    cycle: str = ""
    issued: datetime | None = None
    modified: datetime | None = None
    changed: datetime | None = None
    version: str = ""
    contact: Words = Words()
    source: Words = Words()
    standard: str = ""
    page: str = ""
    bbox: tuple[float, float, float, float] | None = None
    simulated: bool = False
    resources: tuple[Resource, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """A town's catalogue. root: where its pages begin, without a slash at the end."""

    town: str
    title: Words
    root: str

    def page(self, name: str) -> str:
        """Return the address of a dataset's page."""
        return f"{self.root}/data/{name}/"

    def file(self, name: str, form: Form, version: int | None = None) -> str:
        """Return the address of a dataset's file: of the newest version, or of a certain one."""
        part = "" if version is None else f"v{version}/"
        return f"{self.root}/data/{name}/{part}{name}{form.suffix}"


def entry_of(dataset: Dataset, place: Place) -> Entry:
    """Return one of our datasets as an entry."""
    about = dataset.metadata
    cycle = CYCLES.get(about.cycle)
    # What is fed live is new at every moment: told so, each reading would differ from the last.
    modified = None if dataset.kind == "live" else dataset.modified_at
    return Entry(
        id=dataset.uuid,
        name=dataset.id,
        title=marked(about.title) if about.simulated else about.title,
        description=about.description,
        publisher=publisher_of(dataset, place),
        groups=tuple(Group(one.id, one.title, one.uri) for one in dataset.groups),
        tags=about.tags,
        licence=licence_of(about.licence),
        cycle=cycle.uri if cycle else "",
        issued=dataset.published_at,
        modified=modified,
        changed=max(dataset.changed_at, modified or dataset.changed_at),
        version="" if dataset.version is None else str(dataset.version),
        contact=about.contact,
        source=about.source,
        standard=about.standard,
        page=place.page(dataset.id),
        bbox=dataset.bbox,
        simulated=about.simulated,
        resources=_resources(dataset, place),
    )


def publisher_of(dataset: Dataset, place: Place) -> Agent:
    """Return who publishes a dataset."""
    return agent_of(dataset.organization, place)


def agent_of(organization: Organization, place: Place) -> Agent:
    """Return a unit as a publisher; the town itself where no unit is named."""
    if not organization.unit:
        return Agent(place.town, place.title)
    return Agent(organization.name, Words(organization.title))


def licence_of(identifier: str) -> Licence:
    """Return a licence we know by its id; of another one the id alone."""
    known = LICENCES.get(identifier)
    return Licence(identifier, known.title, known.url) if known else Licence(identifier)


def marked(title: Words) -> Words:
    """Return a title that says its data are made up."""
    ja = title.ja if not title.ja or MARKS.ja in title.ja else title.ja + MARKS.ja
    en = title.en if not title.en or MARKS.en.strip() in title.en else title.en + MARKS.en
    return Words(ja, en)


def says_simulated(title: Words) -> bool:
    """Say whether a title has the mark of made-up data."""
    return MARKS.ja in title.ja or MARKS.en.strip() in title.en


def resource_id(uuid: str, form: Form) -> str:
    """Return the id of a dataset in one form, unique in the world as the dataset's."""
    return f"{uuid}.{form.id}"


def _resources(dataset: Dataset, place: Place) -> tuple[Resource, ...]:
    return tuple(
        Resource(
            resource_id(dataset.uuid, form),
            form.title,
            form.name,
            form.media,
            form.file_type_uri,
            place.file(dataset.id, form),
            table=form.id == "csv",
        )
        for form in (FORMS[name] for name in dataset.formats if name in FORMS)
    )
