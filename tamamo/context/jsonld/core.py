"""The core NGSI-LD contexts, pinned in the package (clause 4.4, annex B)."""

from functools import cache
from importlib import resources
from typing import Any

import orjson

_BASE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context"
_VERSIONS = ("1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "1.9")

#: The core context of this broker: the one answers name when the request brought none.
DEFAULT_CORE = f"{_BASE}-v1.8.jsonld"

#: Addresses under which ETSI publishes a core context → the pinned version.
_PINNED = {f"{_BASE}-v{version}.jsonld": version for version in _VERSIONS} | {
    f"{_BASE}.jsonld": _VERSIONS[-1]
}

#: The published addresses, and when these copies were taken.
PINNED = tuple(_PINNED)
PINNED_AT = "2026-11-22T00:00:00Z"


def is_core(url: str) -> bool:
    """Whether the address is one of a pinned core context (http and https alike)."""
    return _https(url) in _PINNED


@cache
def document(url: str) -> dict[str, Any]:
    """Return the term definitions of a pinned core context.

    `@protected` is left out, since this broker gives the core terms precedence itself, and so are
    scoped contexts: the only one (ngsildproof in v1.9) refers to a remote document, and its
    members are known by name.
    """
    name = f"ngsi-ld-core-context-v{_PINNED[_https(url)]}.jsonld"
    text = resources.files(__package__).joinpath("contexts", name).read_bytes()
    definitions: dict[str, Any] = dict(orjson.loads(text)["@context"])
    definitions.pop("@protected", None)
    for term, definition in definitions.items():
        if isinstance(definition, dict) and "@context" in definition:
            definitions[term] = {k: v for k, v in definition.items() if k != "@context"}
    return definitions


@cache
def terms() -> tuple[dict[str, str], dict[str, str]]:
    """Return the default core context as (term → IRI, prefix → IRI), what PyLD makes of it too.

    It defines terms by IRIs and compact IRIs only, so that a process without a @context of a user
    need not load PyLD, 9 MB.
    """
    definitions = document(DEFAULT_CORE)

    def expand(text: str) -> str:
        prefix, colon, rest = text.partition(":")
        if text.startswith("@") or rest.startswith("//"):
            return text
        if colon:
            return expand(_iri(definitions[prefix])) + rest if prefix in definitions else text
        return str(definitions["@vocab"]) + text

    written = {term: _iri(value, term) for term, value in definitions.items() if term[0] != "@"}
    forward = {term: expand(text) for term, text in written.items() if text[0] != "@"}
    # JSON-LD 1.1, 4.2.2: a simple term that ends in a gen-delim is a prefix.
    simple = {term for term, value in definitions.items() if isinstance(value, str)}
    prefixes = {term: iri for term, iri in forward.items() if term in simple and iri[-1] in ":/?#"}
    return forward, prefixes


def _iri(definition: Any, term: str = "") -> str:
    text = definition if isinstance(definition, str) else definition.get("@id", term)
    return str(text)


def _https(url: str) -> str:
    return "https://" + url[len("http://") :] if url.startswith("http://") else url
