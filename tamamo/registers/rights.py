"""Who may see and do what with a register: what identity says, and what the declaration adds."""

from typing import Any, Final

from tamamo.context.model.entity import Entity
from tamamo.kernel.identity import Access, Part, Reach, Role
from tamamo.registers.declaration import Editors, Register
from tamamo.registers.model import Rights, Visitor

#: The roles by which somebody edits.
_EDITING: Final = frozenset({Role.EDITOR, Role.APPROVER, Role.OPERATOR})


def rights_of(visitor: Visitor, register: Register) -> Rights:
    """Return what a visitor may do with the register as a whole."""
    access, kinds = visitor.access, [register.type]
    readable = _reaches(access.read, register.type)
    writes = _reaches(access.write, register.type)
    columns = _columns(register, access.read) if readable else frozenset()
    fields = frozenset(
        column.name
        for column in register.form
        if writes
        and column.name in columns
        and (
            _may(visitor, register, column.edit)
            or _is_given(access.write, register.type, column.iri)
        )
        and _may_write(access.write, kinds, column.iri)
    )
    whole = bool(fields) and _writes_all(access.write, register.type)
    return Rights(
        read=readable,
        create=whole and _may(visitor, register, register.declaration.create or Editors()),
        delete=whole and _may(visitor, register, register.declaration.delete or Editors()),
        fields=fields,
        columns=columns,
    )


def may_read(access: Access, entity: Entity) -> bool:
    """Whether an entity is within what may be read."""
    return access.read.allows(entity.types, entity.scopes)


def may_write(access: Access, entity: Entity) -> bool:
    """Whether an entity is within what may be written."""
    return access.write.allows(entity.types, entity.scopes)


def condition(reach: Reach, params: dict[str, Any], register: Register) -> str:
    """Return the SQL condition on rows `r` of a register within reach.

    Part by part, as Part.takes says it of an entity.
    """
    if reach.everything:
        return "true"
    parts = [_part(part, params, register) for part in reach.parts]
    return "(" + " or ".join(["false", *(part for part in parts if part)]) + ")"


def _part(part: Part, params: dict[str, Any], register: Register) -> str:
    if part.types is not None and register.type not in part.types:
        return ""
    if register.type in part.but_types:
        return ""
    said = []
    if part.types is not None:
        said.append(f"r.types <@ {_bind(params, sorted(part.types))}::text[]")
    if part.but_types:
        said.append(f"not r.types && {_bind(params, sorted(part.but_types))}::text[]")
    if part.scopes is not None:
        paths = ["/" + scope.strip("/") for scope in part.scopes]
        held = "'/' || trim('/' from s.scope) || '/'"
        said.append(
            "exists (select from unnest(r.scopes) as s (scope) join"
            f" unnest({_bind(params, paths)}::text[]) as m (mine)"
            f" on starts_with({held}, m.mine || '/'))"
        )
    return "(" + (" and ".join(said) or "true") + ")"


def _bind(params: dict[str, Any], value: Any) -> str:
    name = f"a{len(params)}"
    params[name] = value
    return f"%({name})s"


def _reaches(reach: Reach, kind: str) -> bool:
    return reach.everything or any(
        (part.types is None or kind in part.types) and kind not in part.but_types
        for part in reach.parts
    )


def _columns(register: Register, reach: Reach) -> frozenset[str]:
    """Return the columns that may be seen of every record within reach.

    Where some records show less than others, only what all of them show may be searched and
    sorted by: the order would tell the rest.
    """
    every = frozenset(column.name for column in register.columns)
    if reach.everything:
        return every
    parts = [part for part in reach.parts if _part(part, {}, register)]
    whole = [p for p in parts if p.attrs is None and p.scopes is None and not p.but_types]
    if whole or all(part.attrs is None for part in parts):
        return every
    shown = None
    for part in parts:
        names = (
            every
            if part.attrs is None
            else frozenset(c.name for c in register.columns if c.iri in part.attrs)
        )
        shown = names if shown is None else shown & names
    # The key is read from the id, which everybody sees who sees the record.
    return (shown or frozenset()) | {register.key.name}


def _writes_all(reach: Reach, kind: str) -> bool:
    """Whether entities may come and go, not only some of their attributes change."""
    return reach.everything or any(
        part.attrs is None
        and (part.types is None or kind in part.types)
        and kind not in part.but_types
        for part in reach.parts
    )


def _is_given(reach: Reach, kind: str, iri: str) -> bool:
    """Whether identity gives this very field: to a unit the column names, or to one above it."""
    return any(
        part.attrs is not None and iri in part.attrs and kind in (part.types or ())
        for part in reach.parts
    )


def _may_write(reach: Reach, kinds: list[str], iri: str) -> bool:
    return reach.everything or any(
        (part.types is None or kinds[0] in part.types) and (part.attrs is None or iri in part.attrs)
        for part in reach.parts
    )


def _may(visitor: Visitor, register: Register, editors: Editors | None) -> bool:
    """Whether the visitor is among those whom the declaration names.

    By one grant, and one that is for the register's type: to be an editor of this unit and an
    approver of another makes nobody an approver here.
    """
    if editors is None:
        return False
    if Role.OPERATOR in visitor.access.roles or not (editors.roles or editors.units):
        return True
    # A token may leave less than is granted.
    named = _EDITING & visitor.access.roles & set(editors.roles or _EDITING)
    return any(
        grant.role in named
        and (grant.types is None or register.type in grant.types)
        and (not editors.units or any(_is_of(grant.unit, unit) for unit in editors.units))
        for grant in visitor.actor.grants
        if grant.counts_in(visitor.tenant)
    )


def _is_of(held: str | None, unit: str) -> bool:
    """Whether a grant's unit is a unit, or one above it; units are paths of names."""
    return (
        held is None
        or held == unit
        or held.rpartition("/")[2] == unit
        or unit.startswith(held + "/")
    )
