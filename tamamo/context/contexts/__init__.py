"""The @contexts this broker stores and serves (clauses 5.13, 6.29, 6.30)."""

from tamamo.context.contexts.library import ContextLibrary, Entry, Kind
from tamamo.context.contexts.service import ContextService

__all__ = ["ContextLibrary", "ContextService", "Entry", "Kind"]
