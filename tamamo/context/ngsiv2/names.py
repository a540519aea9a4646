"""Names across the two APIs: ids to URIs, attributes and types to IRIs, service paths to scopes.

Every mapping goes both ways without loss; what could not come back the same is refused.
"""

import re
from typing import Final
from urllib.parse import unquote

from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.context.model.instances import attribute_iri
from tamamo.context.model.kinds import NOT_ATTRIBUTES, SYSTEM_MEMBERS, VALUE_MEMBERS
from tamamo.context.model.values import NGSI_NULL, Fault, is_name, is_uri

#: What ids that are no URIs are put behind. The type is not part of it: clients ask without.
ID_PREFIX: Final = "urn:ngsi-ld:ngsiv2:"
#: Longest id, name or type, in characters (NGSIv2, "Field syntax restrictions").
MAX_FIELD: Final = 256
#: Attributes that only the broker writes; rendered when they are asked for by name.
BUILTIN_ATTRIBUTES: Final = ("dateCreated", "dateModified", "dateExpires", "servicePath")
#: Metadata that only the broker writes.
BUILTIN_METADATA: Final = ("dateCreated", "dateModified", "previousValue", "actionType")
#: Type of entities that come without one (NGSIv2, "Partial Representations").
DEFAULT_TYPE: Final = "Thing"

#: Control characters, white space and & ? / # (and U+0000 to be sure).
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\s&?/#]")
#: What a URI cannot hold, and the sign that stands for it.
_QUOTED = re.compile(r"[%<>\"{}|\\^`]")
#: Names that mean something else within an NGSI-LD entity or attribute.
_RESERVED: Final = (
    NOT_ATTRIBUTES | VALUE_MEMBERS | SYSTEM_MEMBERS | {"scope", "expiresAt", "ngsildproof"}
)
_LEVEL = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
MAX_LEVELS: Final = 10
MAX_PATHS: Final = 10


def check_field(text: object, *path: str | int) -> str:
    """Return an id, name or type that NGSIv2 allows, or a URI. Raises Fault."""
    if not isinstance(text, str):
        raise Fault("is not a text", *path)
    if not 1 <= len(text) <= MAX_FIELD:
        raise Fault(f"has not 1 to {MAX_FIELD} characters", *path)
    if _FORBIDDEN.search(text) and not is_uri(text):
        raise Fault("holds white space, a control character, &, ?, / or #", *path)
    return text


def to_uri(entity_id: str) -> str:
    """Return the URI of an entity: a URI as it is, any other id behind ID_PREFIX."""
    if is_uri(entity_id) and entity_id != NGSI_NULL and to_id(entity_id) == entity_id:
        return entity_id
    return ID_PREFIX + _quote(entity_id)


def to_id(uri: str) -> str:
    """Return the id under which NGSIv2 knows an entity; the inverse of `to_uri`."""
    if not uri.startswith(ID_PREFIX):
        return uri
    inner = unquote(uri[len(ID_PREFIX) :])
    return inner if inner and to_uri(inner) == uri else uri


def read_id(text: object, *path: str | int) -> str:
    """Return the URI of an id in a body or a parameter. Raises Fault."""
    uri = to_uri(check_field(text, *path))
    if not is_uri(uri):
        raise Fault("holds characters that cannot be seen", *path)
    return uri


def attribute(name: str, terms: TermMap) -> str:
    """Return the IRI of an attribute or metadata element. Raises Fault."""
    check_field(name)
    iri = None
    if name not in _RESERVED:
        try:
            iri = attribute_iri(name, terms)
        except Fault:
            iri = None  # a name that NGSI-LD has no short form for
    return _exact(name, iri or DEFAULT_VOCABULARY + _quote(name), terms)


def type_iri(name: object, terms: TermMap, *path: str | int) -> str:
    """Return the IRI of the type of an entity, an attribute or metadata. Raises Fault."""
    text = check_field(name, *path)
    plain = is_name(text) and text not in {"id", "type", NGSI_NULL}
    iri = terms.expand_type(text) if plain else DEFAULT_VOCABULARY + _quote(text)
    try:
        return _exact(text, iri, terms)
    except Fault as fault:
        raise fault.under(*path) from None


def name_of(iri: str, terms: TermMap) -> str:
    """Return the NGSIv2 name of an IRI: its place in the default vocabulary, or its short form."""
    if iri.startswith(DEFAULT_VOCABULARY):
        return unquote(iri[len(DEFAULT_VOCABULARY) :])
    return terms.compact_iri(iri)


def read_paths(header: str | None) -> tuple[str, ...]:
    """Return the paths of a Fiware-ServicePath header, none without one. Raises Fault."""
    if header is None or not header.strip():
        return ()
    paths = tuple(part.strip() for part in header.split(","))
    if len(paths) > MAX_PATHS:
        raise Fault(f"names more than {MAX_PATHS} paths", "Fiware-ServicePath")
    for path in paths:
        _check_path(path)
    return paths


def _check_path(path: str) -> None:
    if path in {"/", "/#"}:
        return
    levels = path.removesuffix("/#").removeprefix("/").split("/")
    if not path.startswith("/") or len(levels) > MAX_LEVELS:
        reason = f"a path begins with / and has at most {MAX_LEVELS} levels"
        raise Fault(f"{path!r}: {reason}", "Fiware-ServicePath")
    if not all(_LEVEL.fullmatch(level) for level in levels):
        reason = "a level is a letter, then at most 49 letters, numbers and _"
        raise Fault(f"{path!r}: {reason}", "Fiware-ServicePath")


def _quote(text: str) -> str:
    return _QUOTED.sub(lambda match: f"%{ord(match[0]):02X}", text)


def _exact(name: str, iri: str, terms: TermMap) -> str:
    if name_of(iri, terms) != name or not is_uri(iri):
        raise Fault(f"{name!r} stands for something else in NGSI-LD and cannot be used here")
    return iri
