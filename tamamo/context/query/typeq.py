"""The entity type selection language (4.17): `Building|House`, `(Home;Vehicle),Motorhome`."""

from typing import Any, TypeAlias

from tamamo.context.errors import TooComplexQuery
from tamamo.context.model.entity import Entity
from tamamo.context.query import logic
from tamamo.context.query.logic import One, Or, Tree
from tamamo.context.query.text import Cursor, Terms, bind, is_name

MAX_LENGTH = 32 * 1024

#: Conditions on single types, given as IRIs.
Node: TypeAlias = Tree[str]


def parse(text: str, terms: Terms, field: str = "type") -> Node | None:
    """Return the tree of a type selection, or None for `*`: every type (table 6.4.3.2-1).

    Raises BadRequestData with the place of the fault.
    """
    if len(text) > MAX_LENGTH:
        raise TooComplexQuery(f"{field}: longer than {MAX_LENGTH} characters", field=field)
    if text.strip() == "*":
        return None
    cursor = Cursor(text, field)

    def leaf() -> str:
        cursor.skip_spaces()
        start = cursor.at
        name = cursor.until(";|,()")
        if not is_name(name):
            raise cursor.error("the name or IRI of an entity type", start)
        return terms.expand_type(name)

    return logic.parse(cursor, leaf, ("|", ","))


def matches(node: Node | None, entity: Entity) -> bool:
    """Say whether the entity is of the types asked for."""
    return node is None or logic.holds(node, lambda iri: iri in entity.types)


def single(node: Node | None) -> str | None:
    """Return the type's IRI when the selection is one type."""
    return node.term if isinstance(node, One) else None


def alternatives(node: Node | None) -> tuple[str, ...] | None:
    """Return the IRIs when the selection is one type, or any of several; else None."""
    if isinstance(node, One):
        return (node.term,)
    if isinstance(node, Or) and all(isinstance(term, One) for term in node.terms):
        return tuple(logic.leaves(node))
    return None


def to_sql(node: Node | None, params: dict[str, Any], alias: str = "e") -> str:
    """Return the selection as an expression over `type` and `types`; adds to `params`.

    `type` is the first of `types`: only rows of several types need the array looked into, which
    is what the two indexes are made for.
    """
    if node is None:
        return "true"
    iris = alternatives(node)
    if iris:
        held = bind(params, list(iris))
        return (
            f"({alias}.type = any({held}::text[])"
            f" or (cardinality({alias}.types) > 1 and {alias}.types && {held}::text[]))"
        )
    return logic.to_sql(node, lambda iri: f"{bind(params, iri)}::text = any({alias}.types)")
