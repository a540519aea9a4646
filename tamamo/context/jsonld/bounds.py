"""How much a @context may ask for: a short one can stand for gigabytes of names.

A name may be a prefix of the next, and a document may be referred to again and again: both grow
far beyond what was sent. So what a @context comes to is reckoned here before PyLD makes it, from
above: each prefix is taken for one, whether JSON-LD lets it be one or not.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import core
from tamamo.context.model.entity import DEFAULT_VOCABULARY

#: Definitions in all, those of a document counted as often as it is referred to.
MAX_DEFINITIONS: Final = 100_000
#: Characters of an IRI, the default vocabulary's included: each name that uses it is as long.
MAX_IRI: Final = 2_048
#: Characters of all IRIs together.
MAX_CHARACTERS: Final = 8 * 1024 * 1024
#: What a part costs however little it defines, and what copying the terms before it costs:
#: definitions, and terms as dear as one definition.
_PART, _COPIED = 10, 50


def check(context: list[Any], documents: Mapping[str, Any], known: Mapping[str, str]) -> None:
    """Raise BadRequestData when a @context stands for too much.

    documents: address → @context, for every address reachable from it. known: the core's terms
    and their IRIs, on top of which it is processed.
    """
    meter = _Meter(documents, known)
    meter.parts(context, "")


class _Meter:
    """Goes through the parts in the order in which they are processed."""

    def __init__(self, documents: Mapping[str, Any], known: Mapping[str, str]) -> None:
        self._documents = documents
        self._definitions = 0
        self._characters = 0
        #: Term → length of its IRI, as far as the parts before define it.
        self._lengths = {term: len(iri) for term, iri in known.items()}
        self._vocab = len(DEFAULT_VOCABULARY)
        #: Documents within which we are.
        self._open: set[str] = set()

    def parts(self, context: Any, base: str) -> None:
        for part in context if isinstance(context, list) else [context]:
            if isinstance(part, str):
                self._document(urljoin(base, part))
            self._count(_PART + len(self._lengths) // _COPIED)
            if isinstance(part, dict):
                self._object(part)

    def _document(self, url: str) -> None:
        if core.is_core(url) or url not in self._documents:
            return
        if url in self._open:
            raise BadRequestData(f"The @context at {url} refers to itself", field="/@context")
        self._open.add(url)
        self.parts(self._documents[url], url)
        self._open.remove(url)

    def _count(self, definitions: int) -> None:
        self._definitions += definitions
        if self._definitions > MAX_DEFINITIONS:
            raise BadRequestData(
                f"The @context comes to more than {MAX_DEFINITIONS} definitions, those of"
                " documents counted as often as they are referred to",
                field="/@context",
            )

    def _object(self, definitions: Mapping[str, Any]) -> None:
        vocab = definitions.get("@vocab")
        if isinstance(vocab, str):
            # It may go on from the one before.
            self._vocab += len(vocab) + self._lengths.get(vocab.partition(":")[0], 0)
            self._check("@vocab", self._vocab)
        self._count(len(definitions))
        found: dict[str, int] = {}
        for term in definitions:
            if not term.startswith("@") and term not in found:
                self._follow(term, definitions, found)
        self._lengths |= found

    def _follow(self, term: str, definitions: Mapping[str, Any], found: dict[str, int]) -> None:
        """Find the length of a term's IRI, and of those of the terms that it builds on."""
        way: dict[str, int] = {}
        length = 0
        name: str | None = term
        while name is not None and name not in way:
            if name in found:
                length = found[name]
                break
            if name not in definitions:
                length = self._lengths.get(name, 0)
                break
            builds_on, way[name] = self._step(name, definitions)
            name = builds_on
        for passed, more in reversed(way.items()):
            length += more
            found[passed] = length
            self._check(passed, length)
            self._characters += length
        if self._characters > MAX_CHARACTERS:
            raise BadRequestData(
                f"The IRIs of the @context come to more than {MAX_CHARACTERS} characters",
                field="/@context",
            )

    def _check(self, name: str, length: int) -> None:
        if length > MAX_IRI:
            raise BadRequestData(
                f"The @context makes an IRI of more than {MAX_IRI} characters of {name[:80]!r}",
                field="/@context",
            )

    def _step(self, term: str, definitions: Mapping[str, Any]) -> tuple[str | None, int]:
        """Return the term that a definition builds on, None for none, and what it adds."""
        value = definitions[term]
        if isinstance(value, dict):
            value = value.get("@id", value.get("@reverse", term))
        if not isinstance(value, str):
            return None, 0
        prefix, colon, _ = value.partition(":")
        if prefix != term and (prefix in definitions or prefix in self._lengths):
            return prefix, len(value)  # as it is, when the prefix is mapped to nothing
        return None, len(value) if colon else len(value) + self._vocab
