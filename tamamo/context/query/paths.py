"""Attribute paths of a query term (clause 4.9): what they address, in Python and in PostgreSQL.

`a.b` goes through attributes into sub-attributes, a last name such as observedAt is a member of
the instance, `[x.y]` goes into the value, and `a{b}` follows a relationship to another entity.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tamamo.context.errors import OperationNotSupported
from tamamo.context.model.entity import Entity, Instance
from tamamo.context.query.text import ENTITY_MEMBERS, ENTITY_TIMES, Cursor, Terms, bind

#: Finds an entity by id, for paths that follow relationships.
Lookup = Callable[[str], Entity | None]

MAX_NAMES = 20
MAX_LINKS = 5

#: Members of an instance that are no sub-attributes (clauses 4.5.2, 4.8).
TIME_MEMBERS = frozenset({"observedAt", "createdAt", "modifiedAt", "deletedAt", "expiresAt"})
MEMBERS = TIME_MEMBERS | {"unitCode", "datasetId", "objectType", "valueType"}

#: Where each kind of attribute holds its value; no instance has two of them.
_VALUE_MEMBERS = ("value", "object", "vocab", "json", "valueList")
#: Kinds whose values are URIs: equal or unequal, never in an order or of a pattern.
_URI_MEMBERS = ("object", "objectList", "vocab")

_ENTITY_COLUMNS = {
    "createdAt": "created_at",
    "modifiedAt": "modified_at",
    "expiresAt": "expires_at",
    "deletedAt": "null::timestamptz",
}
_VALUE_STEP = re.compile(r"[\w@$*-]+")
_INDEX = re.compile(r"-?[0-9]{1,6}")

_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class EntityTime:
    """A time of the entity itself: createdAt, modifiedAt, expiresAt, deletedAt."""

    name: str


@dataclass(frozen=True, slots=True)
class AttrPath:
    """An attribute or sub-attribute, a member of it, or a part of its value."""

    names: tuple[str, ...]
    member: str | None = None
    value_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkPath:
    """A path in the entities a relationship points to, of one of the types if any are given."""

    name: str
    types: tuple[str, ...]
    target: "Path"


Path = EntityTime | AttrPath | LinkPath


@dataclass(frozen=True, slots=True)
class Target:
    """What a path addresses in one instance: the values that may match."""

    values: tuple[Any, ...]
    #: The same, arrays opened: equality looks into an array, order and patterns do not.
    elements: tuple[Any, ...]
    is_uri: bool = False


def parse(cursor: Cursor, terms: Terms, *, links: int = 0) -> Path:
    """Read the path that begins here."""
    cursor.skip_spaces()
    start = cursor.at
    name = cursor.name("the name of an attribute")
    if cursor.take("{"):
        return _parse_link(cursor, terms, name, links)
    if name in ENTITY_TIMES:
        return EntityTime(name)
    if name in ENTITY_MEMBERS and not getattr(terms, "takes_members", False):
        raise cursor.error(f"an attribute; for {name} there is a parameter of its own", start)
    names, member = [terms.expand_term(name)], None
    while cursor.peek(".") and not cursor.peek(".."):
        cursor.expect(".")
        start = cursor.at
        step = cursor.name("the name of a sub-attribute")
        if member is not None:
            raise cursor.error(f"no further name after {member}", start)
        if step in MEMBERS:
            member = step
        else:
            names.append(terms.expand_term(step))
        if len(names) > MAX_NAMES:
            raise cursor.too_complex(f"a path of more than {MAX_NAMES} names")
    if member is None and cursor.take("["):
        return AttrPath(tuple(names), None, _parse_value_path(cursor))
    return AttrPath(tuple(names), member)


def _parse_link(cursor: Cursor, terms: Terms, name: str, links: int) -> LinkPath:
    if links >= MAX_LINKS:
        raise cursor.too_complex(f"more than {MAX_LINKS} relationships in a row")
    types: list[str] = []
    start = cursor.at
    hint = _TYPE_HINT.match(cursor.text, cursor.at)
    if hint:
        types = [terms.expand_type(kind.strip()) for kind in hint[1].split(",")]
        cursor.at = hint.end()
    target = parse(cursor, terms, links=links + 1)
    if isinstance(target, EntityTime):
        raise cursor.error("the name of an attribute", start)
    cursor.expect("}")
    return LinkPath(terms.expand_term(name), tuple(types), target)


#: `Type:name` or `Type,Type:name` within braces; `prefix:name` cannot be told apart and is a type.
_TYPE_HINT = re.compile(r"\s*([^\W\d_]\w*(?:\s*,\s*[^\W\d_]\w*)*)\s*:(?!//)")


def _parse_value_path(cursor: Cursor) -> tuple[str, ...]:
    steps = [cursor.pattern(_VALUE_STEP, "the name of a member, a language or *")]
    while cursor.take("."):
        steps.append(cursor.pattern(_VALUE_STEP, "the name of a member"))
        if len(steps) > MAX_NAMES:
            raise cursor.too_complex(f"a path of more than {MAX_NAMES} names")
    cursor.expect("]")
    return tuple(steps)


def depth(path: Path) -> int:
    """Return how many relationships the path follows."""
    return 1 + depth(path.target) if isinstance(path, LinkPath) else 0


# In Python


def targets(path: AttrPath, entity: Entity) -> Iterator[Target]:
    """Yield what the path addresses, once for each instance that has it."""
    instances: list[Instance] = entity.attrs.get(path.names[0], [])
    for name in path.names[1:]:
        instances = [below for instance in instances for below in instance.get(name, [])]
    for instance in instances:
        target = _target(path, instance)
        if target is not None:
            yield target


def entity_time(path: EntityTime, entity: Entity) -> str | None:
    """Return the time of the entity, if it has it."""
    times = {
        "createdAt": entity.created_at,
        "modifiedAt": entity.modified_at,
        "expiresAt": entity.expires_at,
    }
    return times.get(path.name)


def _target(path: AttrPath, instance: Instance) -> Target | None:
    if path.member is not None:
        value = instance.get(path.member, _MISSING)
        return None if value is _MISSING else Target((value,), (value,))
    if "languageMap" in instance:
        return _language_target(path.value_path, instance["languageMap"])
    value = _walk(_seed(instance), path.value_path)
    if value is _MISSING:
        return None
    elements = tuple(_bare(item) for item in (value if isinstance(value, list) else [value]))
    return Target((_bare(value),), elements, any(name in instance for name in _URI_MEMBERS))


def _language_target(steps: tuple[str, ...], language_map: dict[str, Any]) -> Target | None:
    """Return the texts of a language, or of all with `*` or without a path."""
    if not steps or steps == ("*",):
        chosen = list(language_map.values())
    elif len(steps) == 1 and steps[0] in language_map:
        chosen = [language_map[steps[0]]]
    else:
        return None
    texts = [text for item in chosen for text in (item if isinstance(item, list) else [item])]
    return Target(tuple(texts), tuple(texts))


def _seed(instance: Instance) -> Any:
    for member in _VALUE_MEMBERS:
        if member in instance:
            return instance[member]
    if "objectList" in instance:
        return objects_of(instance)
    return _MISSING


def objects_of(instance: Instance) -> list[str]:
    """Return the ids of the entities a Relationship or ListRelationship points to."""
    held = instance.get("object", instance.get("objectList", []))
    items = held if isinstance(held, list) else [held]
    found = [item.get("object") if isinstance(item, dict) else item for item in items]
    return [item for item in found if isinstance(item, str)]


def _walk(value: Any, steps: tuple[str, ...]) -> Any:
    """Go down the members of objects and the indexes of arrays."""
    for step in steps:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and _INDEX.fullmatch(step):
            at = int(step)
            if not -len(value) <= at < len(value):
                return _MISSING
            value = value[at]
        else:
            return _MISSING
    return value


def _bare(value: Any) -> Any:
    """Return the value inside a typed value {"@type", "@value"} (annex C.6)."""
    return value["@value"] if isinstance(value, dict) and "@value" in value else value


def linked(path: LinkPath, entity: Entity, lookup: Lookup | None) -> Iterator[Entity]:
    """Yield the entities the path leads to. Raises OperationNotSupported without a lookup."""
    if lookup is None:
        raise OperationNotSupported("q: paths into linked entities cannot be evaluated here")
    for instance in entity.attrs.get(path.name, []):
        for entity_id in objects_of(instance):
            found = lookup(entity_id)
            if found and (not path.types or set(path.types) & set(found.types)):
                yield found


# In PostgreSQL


def sql_entity_time(path: EntityTime, alias: str) -> str:
    """Return the column of an entity's time."""
    column = _ENTITY_COLUMNS[path.name]
    return column if "::" in column else f"{alias}.{column}"


def sql_exists(path: AttrPath, alias: str, params: dict[str, Any], condition: str = "true") -> str:
    """Return whether an instance, `i`, has the target and fulfils the condition on it."""
    steps = "".join(f".{json.dumps(name, ensure_ascii=False)}[*]" for name in path.names)
    instances = f"jsonb_path_query({alias}.attrs, {bind(params, '$' + steps)}::jsonpath) as i"
    tests = [test for test in (_sql_defined(path, params), condition) if test != "true"]
    return f"exists (select 1 from {instances} where {' and '.join(tests) or 'true'})"


def sql_any(path: AttrPath, params: dict[str, Any], test: str, *, opened: bool) -> str:
    """Return whether a value of the target in instance `i` passes the test, an expression on `c`.

    opened: look into arrays.
    """
    seed = _sql_seed(path, params)
    values = f"jsonb_build_array({seed})"
    if opened:
        values = f"case when jsonb_typeof({seed}) = 'array' then {seed} else {values} end"
    if path.member is None:
        language = _sql_language(path.value_path, params)
        values = f"case when i ? 'languageMap' then {language} else {values} end"
    return (
        "exists (select 1 from (select coalesce(v -> '@value', v) as c"
        f" from jsonb_array_elements({values}) as v) as candidates where {test})"
    )


def sql_no_uri(path: AttrPath) -> str:
    """Return whether instance `i` holds something else than URIs."""
    if path.member is not None:
        return "true"
    members = ", ".join(f"'{member}'" for member in _URI_MEMBERS)
    return f"not i ?| array[{members}]"


def sql_linked(path: LinkPath, alias: str, condition: str, params: dict[str, Any]) -> str:
    """Return whether an entity the path leads to, `<alias>l`, fulfils the condition."""
    step = f"$.{json.dumps(path.name, ensure_ascii=False)}[*]"
    ids = "case when i ? 'object' then jsonb_path_query_array(i, '$.object[*]')"
    ids += f" else {_SQL_OBJECT_LIST} end"
    target = f"{alias}l"
    hint = ""
    if path.types:
        hint = f" and {target}.types && {bind(params, list(path.types))}::text[]"
    return (
        f"exists (select 1 from jsonb_path_query({alias}.attrs, {bind(params, step)}::jsonpath)"
        f" as i, jsonb_array_elements_text({ids}) as linked(id) join entity {target}"
        f" on {target}.tenant = {alias}.tenant and {target}.id = linked.id"
        f"{hint} where {condition})"
    )


_SQL_ALL_MEMBERS = ", ".join(
    f"'{member}'" for member in (*_VALUE_MEMBERS, "objectList", "languageMap")
)
_SQL_OBJECT_LIST = (
    "jsonb_path_query_array(i, '$.objectList[*].object')"
    " || jsonb_path_query_array(i, '$.objectList[*] ? (@.type() == \"string\")')"
)


def _sql_seed(path: AttrPath, params: dict[str, Any]) -> str:
    if path.member is not None:
        return f"i -> '{path.member}'"
    members = ", ".join(f"i -> '{member}'" for member in _VALUE_MEMBERS)
    seed = f"coalesce({members}, case when i ? 'objectList' then {_SQL_OBJECT_LIST} end)"
    if path.value_path:
        return f"{seed} #> {bind(params, list(path.value_path))}::text[]"
    return seed


def _sql_language(steps: tuple[str, ...], params: dict[str, Any]) -> str:
    """Return the array of texts of a language map."""
    if not steps or steps == ("*",):
        return "jsonb_path_query_array(i, '$.languageMap.*[*]')"
    if len(steps) > 1:
        return "'[]'::jsonb"
    step = bind(params, f"$.languageMap.{json.dumps(steps[0], ensure_ascii=False)}[*]")
    return f"jsonb_path_query_array(i, {step}::jsonpath)"


def _sql_defined(path: AttrPath, params: dict[str, Any]) -> str:
    """Return whether instance `i` has the target."""
    if path.member is not None:
        return f"i ? '{path.member}'"
    if not path.value_path:
        return f"i ?| array[{_SQL_ALL_MEMBERS}]"
    language = "true"
    if path.value_path != ("*",):
        language = "false"
        if len(path.value_path) == 1:
            language = f"(i -> 'languageMap') ? {bind(params, path.value_path[0])}"
    seed = _sql_seed(path, params)
    return f"case when i ? 'languageMap' then {language} else ({seed}) is not null end"
