"""A resolved @context as bytes, to be kept with what was written under it.

What lives for months, such as a subscription, must not depend on somebody's server still serving
the @context when a process starts.
"""

import zlib
from functools import lru_cache

import orjson

from tamamo.context.jsonld import resolve
from tamamo.context.jsonld.terms import TermMap


def pack(terms: TermMap) -> bytes:
    """Return the term map as bytes: what it adds to the core context."""
    base = resolve.default_map()
    forward, prefixes, vocab = terms.definitions
    own = {
        "forward": {name: iri for name, iri in forward.items() if base.forward.get(name) != iri},
        "prefixes": {name: iri for name, iri in prefixes.items() if name not in base.prefixes},
        "vocab": vocab,
        "link": terms.link,
        "address": terms.address,
    }
    return zlib.compress(orjson.dumps(own), 6)


@lru_cache(maxsize=256)  # many subscriptions share a @context
def unpack(packed: bytes) -> TermMap:
    """Return the term map of bytes made by `pack`."""
    own = orjson.loads(zlib.decompress(packed))
    base = resolve.default_map()
    terms = TermMap(
        own["forward"] | base.forward,
        own["prefixes"] | base.prefixes,
        own["vocab"],
        own["link"],
        base.forward,
    )
    return terms.with_address(own.get("address"))
