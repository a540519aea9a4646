"""CAP 1.2 (OASIS Standard, 1 July 2010): a message as a document, validated by OASIS's own schema.

A document is made and validated once, when it is published, and kept as it is. lxml is imported
when one is made: who only reads pages does not need it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

from tamamo.kernel.time import JST
from tamamo.publishing.warnings.content import Content, Point, Words
from tamamo.publishing.warnings.errors import InvalidDocument
from tamamo.publishing.warnings.model import Status, Type

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
#: Which of our texts stands in which block: RFC 5646 tags; easy Japanese has none of its own.
BLOCKS: Final = {"ja": "ja-JP", "en": "en-US", "easy": "ja-x-easy"}
#: What the codes of an area are called (全国地方公共団体コード, 総務省).
CODE_NAME: Final = "団体コード"
_SCHEMA: Final = "schema/CAP-v1.2.xsd"
#: Not in identifiers, senders and references (3.2.1).
_REFUSED: Final = frozenset(" ,<&\t\r\n")


@dataclass(frozen=True, slots=True)
class Sending:
    """A message with all that a document says of it.

    title: the town's name. code: 団体コード, "" without one. area: the place in words. rings: where
    it holds, longitude and latitude; none: the whole town. note: why, for withdrawals and drills.
    """

    identifier: str
    sender: str
    sent: datetime
    type: Type
    status: Status
    content: Content
    languages: tuple[str, ...]
    title: Words
    code: str
    area: Words
    rings: Sequence[Sequence[Point]]
    whole: bool
    references: Sequence[str] = ()
    note: str = ""
    web: str = ""


def moment_text(moment: datetime) -> str:
    """Return a moment as CAP wants it: Japan time, whole seconds, never Z (3.3.2)."""
    return moment.astimezone(JST).replace(microsecond=0).isoformat()


def document(message: Sending) -> str:
    """Return the document, validated. Raises InvalidDocument saying what is wrong."""
    from lxml import etree  # noqa: PLC0415 - heavy, and only who publishes needs it

    alert = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})
    head = [
        ("identifier", message.identifier),
        ("sender", message.sender),
        ("sent", moment_text(message.sent)),
        ("status", message.status),
        ("msgType", message.type),
        ("scope", "Public"),
        ("note", message.note),
        ("references", " ".join(message.references)),
    ]
    try:
        _add(alert, head)
        for language in _languages(message):
            _info(alert, message, language)
    except ValueError as error:  # a character XML has no place for
        raise InvalidDocument(str(error)) from error
    text: str = etree.tostring(alert, encoding="unicode", pretty_print=True)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'
    faults = [*_named_well(message), *validate(text)]
    if faults:
        raise InvalidDocument("; ".join(faults[:5]), errors=faults[:20])
    return text


def validate(text: str) -> list[str]:
    """Return what the schema finds wrong with a document; nothing: it is valid."""
    from lxml import etree  # noqa: PLC0415

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    source = files("tamamo.publishing.warnings").joinpath(_SCHEMA).read_bytes()
    schema = etree.XMLSchema(etree.fromstring(source, parser))
    try:
        parsed = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        return [str(error)]
    schema.validate(parsed)
    return [f"line {entry.line}: {entry.message}" for entry in schema.error_log]


def _named_well(message: Sending) -> Iterable[str]:
    """What the schema does not say: names that others can take apart (3.2.1)."""
    for name, text in (("identifier", message.identifier), ("sender", message.sender)):
        if not text or not _REFUSED.isdisjoint(text):
            yield f"{name}: {text!r} has a character that has no place there"
    if message.type != "Alert" and not message.references:
        yield "references: an update or a cancellation names what it is about"


def _languages(message: Sending) -> list[str]:
    found: list[str] = [one for one in ("ja", "en") if one in message.languages]
    easy = message.content.headline.easy and message.content.instruction.easy
    return [*found, "easy"] if easy and "ja" in found else found


def _info(alert: Any, message: Sending, language: str) -> None:
    content = message.content
    info = _child(alert, "info")
    speaks = "ja" if language == "easy" else language
    _add(
        info,
        [
            ("language", BLOCKS[language]),
            ("category", content.category),
            ("event", content.event.get(language)),
            ("responseType", content.response),
            ("urgency", content.urgency),
            ("severity", content.severity),
            ("certainty", content.certainty),
            ("effective", moment_text(message.sent)),
            ("onset", moment_text(content.valid_from or message.sent)),
            ("expires", "" if content.valid_to is None else moment_text(content.valid_to)),
            ("senderName", message.title.get(speaks)),
            ("headline", content.headline.get(language)),
            ("description", content.description.get(language)),
            ("instruction", content.instruction.get(language)),
            ("web", message.web),
            ("contact", content.contact),
        ],
    )
    if content.level:
        _pair(
            info, "parameter", "警戒レベル" if speaks == "ja" else "AlertLevel", str(content.level)
        )
    if message.code:
        _pair(info, "parameter", CODE_NAME, message.code)
    _area(info, message, speaks)


def _area(info: Any, message: Sending, language: str) -> None:
    """Add where it holds. The code stands for the whole town, so only then is it the area's."""
    area = _child(info, "area")
    _add(area, [("areaDesc", message.area.get(language) or message.title.get(language))])
    for ring in message.rings:
        _add(area, [("polygon", " ".join(f"{lat:.6f},{lon:.6f}" for lon, lat in ring))])
    if message.whole and message.code:
        _pair(area, "geocode", CODE_NAME, message.code)


def _pair(parent: Any, name: str, key: str, value: str) -> None:
    _add(_child(parent, name), [("valueName", key), ("value", value)])


def _child(parent: Any, name: str) -> Any:
    from lxml import etree  # noqa: PLC0415

    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")


def _add(parent: Any, texts: Iterable[tuple[str, str]]) -> None:
    """Add elements; what is empty is left out, as nothing is said."""
    for name, text in texts:
        if text:
            _child(parent, name).text = text
