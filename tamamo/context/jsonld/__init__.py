"""JSON-LD @contexts: what names mean (clauses 4.4, 5.5.7)."""

from tamamo.context.jsonld.core import DEFAULT_CORE
from tamamo.context.jsonld.store import ContextStore
from tamamo.context.jsonld.terms import TermMap

__all__ = ["DEFAULT_CORE", "ContextStore", "TermMap"]
