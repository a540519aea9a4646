"""The term map: what names mean in one @context, ready for the hot path."""

from collections.abc import Mapping
from typing import Any, Final

from tamamo.context.jsonld.core import DEFAULT_CORE, is_core

#: Remembered expansions and compactions of one map; names come from users, so it is bounded.
_MEMORY: Final = 20_000
#: Bytes about a term takes beside its characters: entries of dictionaries, heads of texts.
_TERM: Final = 300


class TermMap:
    """Expands names to IRIs and compacts IRIs to names, as one @context defines (clause 5.5.7).

    Treat it as frozen: it is shared by all requests with the same @context. The core context
    always has precedence (clause 4.4). Compaction follows JSON-LD: a term, the default
    vocabulary, a compact IRI (`prefix:name`), the IRI itself.

    link: the user's @context exactly as given, None when the request brought none.
    """

    __slots__ = (
        "_backward",
        "_compacted",
        "_expanded",
        "_forward",
        "_prefixes",
        "_vocab",
        "address",
        "attributes",
        "link",
        "types",
    )

    def __init__(
        self,
        forward: Mapping[str, str],
        prefixes: Mapping[str, str],
        vocab: str,
        link: Any = None,
        preferred: Mapping[str, str] | None = None,
    ) -> None:
        """Build a map.

        forward: term → IRI, all definitions merged. prefixes: those terms of `forward` that may
        be a prefix of a compact IRI. vocab: IRI of names without a definition. preferred: the
        terms that win over others of the same IRI when compacting (the core's).
        """
        self.link = link
        #: Where this broker serves `link`, when it has no address of its own.
        self.address: str | None = None
        self._forward = dict(forward)
        self._prefixes = dict(prefixes)
        self._vocab = vocab
        # Of several terms for an IRI the shortest wins, then the least: JSON-LD's own order.
        self._backward: dict[str, str] = {}
        for term in sorted(self._forward, key=lambda name: (len(name), name)):
            self._backward.setdefault(self._forward[term], term)
        for term, iri in (preferred or {}).items():
            self._backward[iri] = term
        #: Attribute names checked before → IRI, so that a name is checked once (parsing fills it).
        self.attributes: dict[str, str] = {}
        #: The same for names of types.
        self.types: dict[str, str] = {}
        self._expanded: dict[str, str] = {}
        self._compacted: dict[str, str] = {}

    def with_link(self, link: Any) -> "TermMap":
        """Return the same meanings under another @context to echo."""
        other = object.__new__(TermMap)
        for name in TermMap.__slots__:
            object.__setattr__(other, name, getattr(self, name))
        other.link = link
        other.address = None
        return other

    def with_address(self, address: str | None) -> "TermMap":
        """Return the same meanings and @context, which can also be had at an address."""
        other = self.with_link(self.link)
        other.address = address
        return other

    @property
    def definitions(self) -> tuple[Mapping[str, str], Mapping[str, str], str]:
        """The arguments this map was built of: term → IRI, prefixes, vocabulary."""
        return self._forward, self._prefixes, self._vocab

    @property
    def size(self) -> int:
        """About the bytes that the definitions take."""
        return sum(_TERM + len(term) + len(iri) for term, iri in self._forward.items())

    @property
    def echo(self) -> Any:
        """The @context an answer carries in its body: the user's, else the core's address."""
        return DEFAULT_CORE if self.link is None else self.link

    @property
    def link_url(self) -> str:
        """The address for a Link header (clause 6.3.6), as far as the @context has one.

        Without one that means all of it: the first address in it that is not a core context's,
        and without any the core's.
        """
        if self.address is not None:
            return self.address
        urls = [item for item in self._parts() if isinstance(item, str)]
        return next((url for url in urls if not is_core(url)), urls[0] if urls else DEFAULT_CORE)

    @property
    def has_address(self) -> bool:
        """Whether `link_url` means the whole @context: no part of it was given in the body."""
        if self.address is not None:
            return True
        parts = [item for item in self._parts() if item is not None]
        urls = [item for item in parts if isinstance(item, str)]
        return len(urls) == len(parts) and sum(not is_core(url) for url in urls) <= 1

    def _parts(self) -> list[Any]:
        return self.link if isinstance(self.link, list) else [self.link]

    def expand_term(self, name: str) -> str:
        """Return the IRI of a name of a type or an attribute. IRIs come back unchanged."""
        iri = self._expanded.get(name)
        if iri is None:
            iri = self._expand(name)
            if len(self._expanded) >= _MEMORY:
                self._expanded.clear()
            self._expanded[name] = iri
        return iri

    def remember_attribute(self, name: str) -> str:
        """Return the IRI of a valid attribute name, and find it in `attributes` from now on."""
        if len(self.attributes) >= _MEMORY:
            self.attributes.clear()
        iri = self.attributes[name] = self.expand_term(name)
        return iri

    def remember_type(self, name: str) -> str:
        """Return the IRI of a valid type name, and find it in `types` from now on."""
        if len(self.types) >= _MEMORY:
            self.types.clear()
        iri = self.types[name] = self.expand_type(name)
        return iri

    def expand_type(self, name: str) -> str:
        """Return the IRI of an entity type name."""
        return self.expand_term(name)

    def expand_vocab_value(self, value: Any) -> Any:
        """Expand the value of a VocabProperty: a string, or a list of strings (clause 4.5.20)."""
        if isinstance(value, list):
            return [self.expand_term(item) for item in value]
        return self.expand_term(value)

    def compact_iri(self, iri: str) -> str:
        """Return the name for an IRI, the IRI itself where no name is known."""
        name = self._compacted.get(iri)
        if name is None:
            name = self._compact(iri)
            if len(self._compacted) >= _MEMORY:
                self._compacted.clear()
            self._compacted[iri] = name
        return name

    def compact_vocab_value(self, value: Any) -> Any:
        """Compact the value of a VocabProperty: an IRI, or a list of IRIs."""
        if isinstance(value, list):
            return [self.compact_iri(item) if isinstance(item, str) else item for item in value]
        return self.compact_iri(value) if isinstance(value, str) else value

    def _expand(self, name: str) -> str:
        iri = self._forward.get(name)
        if iri is not None:
            return iri
        prefix, colon, suffix = name.partition(":")
        if not colon:
            return self._vocab + name
        if suffix.startswith("//"):
            return name
        base = self._prefixes.get(prefix)
        return name if base is None else base + suffix

    def _compact(self, iri: str) -> str:
        term = self._backward.get(iri)
        if term is not None:
            return term
        if iri.startswith(self._vocab):
            suffix = iri[len(self._vocab) :]
            if suffix and ":" not in suffix and not self._is_taken(suffix):
                return suffix
        candidates = [
            f"{prefix}:{iri[len(base) :]}"
            for prefix, base in self._prefixes.items()
            if iri.startswith(base) and len(iri) > len(base)
        ]
        free = [name for name in candidates if name not in self._forward]
        return min(free, key=lambda name: (len(name), name), default=iri)

    def _is_taken(self, name: str) -> bool:
        return name in self._forward or name in {"id", "type"} or name.startswith("@")
