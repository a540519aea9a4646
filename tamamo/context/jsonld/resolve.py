"""From a user's @context to a term map: PyLD processes it, the core context goes on top."""

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import bounds, core
from tamamo.context.jsonld.terms import TermMap
from tamamo.context.model.entity import DEFAULT_VOCABULARY

_FIELD = "/@context"
#: A context that refers to more others than this is refused.
MAX_DOCUMENTS = 20


def remote_urls(context: Any) -> Iterator[str]:
    """Yield the addresses a @context refers to, those of pinned core contexts left out.

    Raises BadRequestData when the @context has the wrong shape or holds a scoped context, which
    could redefine the core terms (clause 5.5.7).
    """
    items = context if isinstance(context, list) else [context]
    if len(items) > MAX_DOCUMENTS:
        raise BadRequestData(f"A @context has at most {MAX_DOCUMENTS} parts", field=_FIELD)
    for item in items:
        if isinstance(item, str):
            if not core.is_core(item):
                yield item
        elif isinstance(item, dict):
            _check_object(item)
        elif item is not None:
            raise BadRequestData(
                "A @context is an address, an object, or an array of these", field=_FIELD
            )


def term_map(context: Any, documents: Mapping[str, Any]) -> TermMap:
    """Return the term map of a @context whose remote documents are at hand.

    documents: address → the value of `@context` in that document, for every address reachable.
    Raises BadRequestData when JSON-LD does not allow the @context, or it stands for too much.
    """
    parts = _plain(context)
    bounds.check(parts, documents, default_map().forward)
    active = _process(parts, documents)
    forward, prefixes = _mappings(active)
    base = default_map()
    return TermMap(
        forward | base.forward, prefixes | base.prefixes, DEFAULT_VOCABULARY, context, base.forward
    )


@cache
def default_map() -> "CoreTerms":
    """Return the terms of the default core context."""
    return CoreTerms(*core.terms())


class CoreTerms:
    """The core context's terms and prefixes."""

    def __init__(self, forward: dict[str, str], prefixes: dict[str, str]) -> None:
        self.forward = forward
        self.prefixes = prefixes
        self.terms = TermMap(forward, prefixes, DEFAULT_VOCABULARY, None, forward)


def _check_object(definitions: Mapping[str, Any]) -> None:
    if "@import" in definitions:
        raise BadRequestData("@import is not supported", field=f"{_FIELD}/@import")
    for term, definition in definitions.items():
        if isinstance(definition, dict) and "@context" in definition:
            raise BadRequestData(
                f"The @context scopes another one to {term!r}; scoped contexts are not allowed",
                field=f"{_FIELD}/{term}",
            )


def _plain(context: Any) -> list[Any]:
    """Return the parts of a @context that say what names mean.

    Core contexts and nulls go: the core comes first and last in any case. So do the members that
    concern values only, which PyLD does not all survive when they are null.
    """
    items = context if isinstance(context, list) else [context]
    return [
        _names_only(item) if isinstance(item, dict) else item
        for item in items
        if item is not None and not (isinstance(item, str) and core.is_core(item))
    ]


def _names_only(definitions: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in definitions.items()
        if name not in {"@base", "@language", "@direction"}
        and not (name == "@vocab" and value is None)
    }


@cache
def _pyld() -> Any:
    """Return PyLD's module, loaded when the first @context of a user must be processed.

    It opens a session of `requests` when it finds that package, 5 MB in every process for what is
    never used: documents come by tamamo.kernel.outgoing.
    """
    there = sys.modules.get("requests")
    sys.modules["requests"] = None  # type: ignore[assignment]
    try:
        from pyld import jsonld  # noqa: PLC0415
    finally:
        del sys.modules["requests"]
        if there is not None:
            sys.modules["requests"] = there
    return jsonld


@cache
def _core_active() -> dict[str, Any]:
    active: dict[str, Any] = _run(None, core.document(core.DEFAULT_CORE), {})
    return active


def _process(context: list[Any], documents: Mapping[str, Any]) -> dict[str, Any]:
    """Process the user's part on top of the core terms, which it may use in definitions."""
    if not context:
        return _core_active()
    try:
        return _run(_core_active(), context, documents)
    except _pyld().JsonLdError as error:
        reason = error.code or "invalid context"
        term = (error.details or {}).get("term")
        detail = f"The @context is not valid JSON-LD: {reason}" + (f" at {term!r}" if term else "")
        raise BadRequestData(detail, field=_FIELD) from error
    except _PYLD_FAILURES as error:
        raise BadRequestData("The @context is not valid JSON-LD", field=_FIELD) from error


#: What PyLD raises, beside its own error, on contexts that are no JSON-LD at all.
_PYLD_FAILURES = (LookupError, ValueError, TypeError, AttributeError, RecursionError)


def _run(
    active: dict[str, Any] | None, context: Any, documents: Mapping[str, Any]
) -> dict[str, Any]:
    def load(url: str, _options: Any) -> dict[str, Any]:
        document = {} if core.is_core(url) else _plain(documents[url])
        return {"contextUrl": None, "documentUrl": url, "document": {"@context": document}}

    jsonld = _pyld()
    options = {
        "base": "",
        "processingMode": "json-ld-1.1",
        "documentLoader": load,
        "contextResolver": jsonld.ContextResolver({}, load, max_context_urls=MAX_DOCUMENTS),
    }
    processor = jsonld.JsonLdProcessor()
    start = active or processor.process_context({}, None, options)
    processed: dict[str, Any] = processor.process_context(start, {"@context": context}, options)
    return processed


def _mappings(active: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    forward: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    for term, mapping in active["mappings"].items():
        iri = mapping and mapping.get("@id")
        if not iri or iri.startswith("@") or mapping.get("reverse"):
            continue  # aliases of keywords and terms mapped to nothing name no attribute
        forward[term] = iri
        if mapping.get("_prefix"):
            prefixes[term] = iri
    return forward, prefixes
