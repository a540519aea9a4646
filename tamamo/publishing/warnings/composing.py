"""A draft as everybody will read it: gaps filled, the area in words, the CAP document."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from tamamo.kernel.database import Connection
from tamamo.kernel.drills import Drill
from tamamo.kernel.towns import DEFAULT, Town
from tamamo.publishing.warnings import cap, store
from tamamo.publishing.warnings.content import Content, Fault, Words, check
from tamamo.publishing.warnings.model import TYPES, Draft, Published, Status
from tamamo.publishing.warnings.setup import Setup, fill, gaps

#: What the default tenant is called until somebody says so, as everywhere else.
_FIRST: Final = Words("高松市", "Takamatsu")
_TEXTS: Final = ("headline", "description", "instruction")


@dataclass(frozen=True, slots=True)
class Office:
    """Who speaks: a town with its setup. public_url: where its pages are, "" where none is set.

    drill: it is one, and everything is marked so. arc: below which its messages are named.
    """

    town: Town
    setup: Setup
    arc: str
    public_url: str = ""
    drill: Drill | None = None

    @property
    def title(self) -> Words:
        """The town's name."""
        titles = self.town.titles
        if self.town.name == DEFAULT and not titles:
            return _FIRST
        return Words(self.town.title("ja"), self.town.title("en"))

    @property
    def languages(self) -> tuple[str, ...]:
        """In which languages everything is said."""
        return self.town.languages

    @property
    def sender(self) -> str:
        """Who sends, as CAP names it."""
        return f"urn:oid:{self.arc}"

    def path(self, path: str, language: str = "ja") -> str:
        """Return the path of a page of the town in a language."""
        root = "" if self.town.name == DEFAULT else f"/t/{self.town.name}"
        return f"{root}/en{path}" if language == "en" else f"{root}{path}"

    def url(self, path: str, language: str = "ja") -> str:
        """Return the address of a page of the town, "" where the installation has none."""
        root = self.public_url.rstrip("/")
        return root and root + self.path(path, language)


def arc_of(setup: Setup, own: UUID) -> str:
    """Return the arc of a town's messages: the one it was given, or one below 2.25 (X.667)."""
    return setup.issuer.oid or f"2.25.{own.int}"


async def own_arc(connection: Connection, tenant: str) -> UUID:
    """Return the number of a town's own arc; 0 before its first message, which makes it."""
    row = await store.execute(connection, "read_arc", {"tenant": tenant})
    return UUID(int=0) if row is None else UUID(str(row[0]))


def area_words(content: Content, office: Office) -> Words:
    """Return where a warning holds, in words: the places and what is said in addition.

    Of what was published: as it was said then, whatever the places are called today.
    """
    if content.area.named.ja:
        return content.area.named
    places = [office.setup.place(name) for name in content.area.places]
    named = [place.name for place in places if place is not None]
    more = content.area.words
    ja = "、".join([one.ja for one in named] + ([more.ja] if more.ja else []))
    en = ", ".join([one.en or one.ja for one in named] + ([more.en] if more.en else []))
    if not named and not content.area.polygons and not more.ja:
        return Words(f"{office.title.ja}全域", f"All of {office.title.en}")
    return Words(ja or office.title.ja, en or office.title.en)


def resolved(content: Content, office: Office) -> Content:
    """Return the text with the area and the town filled in, and the issuer's contact."""
    content = unnamed(content)
    named = area_words(content, office)
    facts = {"area": named, "town": office.title}
    texts = {name: fill(getattr(content, name), facts) for name in _TEXTS}
    contact = content.contact or office.setup.issuer.contact
    area = msgspec.structs.replace(content.area, named=named)
    return msgspec.structs.replace(content, **texts, contact=contact, area=area)


def unnamed(content: Content) -> Content:
    """Return a text whose area is named anew when it is shown: with what a draft begins."""
    return msgspec.structs.replace(
        content, area=msgspec.structs.replace(content.area, named=Words())
    )


def faults_of(
    content: Content, office: Office, now: datetime, *, ending: bool = False
) -> list[Fault]:
    """Return what keeps a text from being published. ending: it withdraws, so it need not last."""
    listed = (place.id for place in office.setup.places)
    found = check(content, now, office.languages, listed)
    if ending:
        found = [fault for fault in found if fault.field != "valid_to"]
        found += _end_of(content, now)
    return [*found, *_gaps(content)]


def _end_of(content: Content, now: datetime) -> Iterable[Fault]:
    if content.valid_to is None:
        yield Fault("valid_to", "missing")
    elif content.valid_to <= now:
        yield Fault("valid_to", "past")
    elif content.valid_from is not None and content.valid_to <= content.valid_from:
        yield Fault("valid_to", "order")


def _gaps(content: Content) -> Iterable[Fault]:
    for name in _TEXTS:
        for language in ("ja", "en", "easy"):
            left = set(gaps(getattr(getattr(content, name), language))) - {"{area}", "{town}"}
            if left:
                yield Fault(f"{name}_{language}", "gap")


def status_of(content: Content, office: Office) -> Status:
    """Return whether it is meant: drills and tries never are."""
    if office.drill is not None:
        return "Exercise"
    return "Test" if content.test or content.simulated else "Actual"


def rings_of(content: Content, office: Office) -> list[tuple[tuple[float, float], ...]]:
    """Return the polygons of a warning: those drawn for it and those of its places."""
    found = list(content.area.polygons)
    for name in content.area.places:
        place = office.setup.place(name)
        if place is not None and place.polygon:
            found.append(place.polygon)
    return found


def is_whole(content: Content) -> bool:
    """Whether it holds in the whole town."""
    return not (content.area.places or content.area.polygons or content.area.words.ja)


def sending(
    draft: Draft,
    office: Office,
    earlier: list[Published],
    sent: datetime,
    identifier: str,
) -> cap.Sending:
    """Return what a draft's document says if it is sent at a moment.

    earlier: all messages of the warning so far, which later ones name.
    """
    content = resolved(draft.content, office)
    notes = [office.drill.title] if office.drill is not None else []
    if draft.purpose == "cancel":
        notes.append(content.description.ja)
    return cap.Sending(
        identifier=identifier,
        sender=office.sender,
        sent=sent,
        type=TYPES[draft.purpose],
        status=status_of(content, office),
        content=content,
        languages=office.languages,
        title=office.title,
        code=office.town.code or "",
        area=area_words(content, office),
        rings=rings_of(content, office),
        whole=is_whole(content),
        references=[one.reference for one in sorted(earlier, key=lambda one: one.number)],
        note=" ".join(notes),
        web=office.url(f"/warnings/{draft.warning}/"),
    )


def identifier_of(office: Office, sent: datetime, number: int) -> str:
    """Return the name of a message: the town's arc, the moment (UTC) and the running number."""
    at = sent.utctimetuple()
    moment = ".".join(str(part) for part in at[:6])
    return f"urn:oid:{office.arc}.{moment}.{number}"


def opposite(base: Published) -> Content:
    """Return the text with which a withdrawal begins."""
    was = base.content
    return msgspec.structs.replace(
        was,
        headline=Words(f"解除：{was.headline.ja}", f"Lifted: {was.headline.en}"),
        description=Words(
            f"「{was.headline.ja}」を解除しました。",
            f"“{was.headline.en}” has been lifted.",
        ),
        instruction=Words(
            "引き続き、市町や気象庁からの情報に注意してください。",
            "Please keep watching for announcements of your town and the Meteorological Agency.",
        ),
        valid_from=None,
        response="AllClear",
        urgency="Past",
        severity="Minor",
        certainty="Observed",
    )
