"""What staff keep: contacts, rosters, trees, rules. Each act is in the audit log with it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, LiteralString

import orjson
from psycopg.errors import UniqueViolation
from psycopg.rows import dict_row

from tamamo.calling import contact as contacts_model
from tamamo.calling import duty, matching, tree
from tamamo.calling.contact import Contact
from tamamo.calling.duty import Change, Roster
from tamamo.calling.errors import Changed, InvalidCalling, NotThere
from tamamo.calling.matching import CallRule
from tamamo.calling.tree import Tree
from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append, personal_read
from tamamo.kernel.database import Connection
from tamamo.messaging import push

_SQL = sql.load("tamamo.calling")
_TREES, _ROSTERS = "call_tree", "duty_roster"


@cache
def _of(table: str, name: str) -> bytes:
    """Return a statement on one of the two tables of documents."""
    return _SQL[name].replace("{table}", table).encode()


async def _rows(
    connection: Connection, statement: LiteralString | bytes, values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(statement, values)
    return await cursor.fetchall()


async def contacts(connection: Connection, tenant: str) -> list[Contact]:
    """Return all contacts of a tenant. Whoever shows them to somebody notes it: see `note_read`."""
    rows = await _rows(connection, _SQL["contacts"], {"tenant": tenant})
    return [contacts_model.of_columns(row) for row in rows]


async def contacts_by_id(
    connection: Connection, tenant: str, ids: Iterable[str]
) -> dict[str, Contact]:
    """Return those of some contacts that are there."""
    values = {"tenant": tenant, "ids": list(ids)}
    rows = await _rows(connection, _SQL["contacts_by_id"], values)
    return {one.id: one for one in map(contacts_model.of_columns, rows)}


async def contact(connection: Connection, tenant: str, number: str) -> Contact:
    """Return a contact. Raises NotThere."""
    found = await contacts_by_id(connection, tenant, [number])
    if number not in found:
        raise NotThere(f"There is no contact {number}")
    return found[number]


async def contact_of(connection: Connection, tenant: str, subject: str) -> Contact | None:
    """Return the contact that has an account, None where there is none."""
    values = {"tenant": tenant, "subject": subject}
    rows = await _rows(connection, _SQL["contact_of_subject"], values)
    return contacts_model.of_columns(rows[0]) if rows else None


async def note_read(
    connection: Connection, tenant: str, actor: str, read: Iterable[Contact], purpose: str
) -> None:
    """Note who was shown these people, before they are."""
    objects = [f"contact:{one.id}" for one in read]
    if objects:
        await personal_read(
            connection, tenant=tenant, actor=actor, objects=objects, purpose=purpose
        )


async def save_contact(connection: Connection, tenant: str, contact: Contact, *, actor: str) -> str:
    """Keep a contact, a new one where its id is empty; return its id.

    Raises Changed when somebody else changed it since that version, InvalidCalling for an account
    that is another contact's.
    """
    values = {
        "tenant": tenant, "id": contact.id, "name": contact.name,
        "organisation": contact.organisation, "staff": contact.staff, "subject": contact.subject,
        "language": contact.language, "note": contact.note, "version": contact.version,
        "addresses": _json([{"channel": a.channel.value, "to": a.to} for a in contact.addresses]),
    }  # fmt: skip
    try:
        async with connection.transaction():
            number = await _kept(connection, "contact", values)
    except UniqueViolation as error:
        raise InvalidCalling("That account is another contact's", "subject") from error
    # That it was changed, by whom and which members; the data themselves are not the log's.
    after = {"channels": [one.channel.value for one in contact.addresses], "staff": contact.staff}
    await _noted(connection, (tenant, actor), "contact", (contact.id, number), after)
    return number


async def delete_contact(connection: Connection, tenant: str, number: str, *, actor: str) -> None:
    """Delete somebody and their browsers. Raises NotThere."""
    await _deleted(connection, _SQL["delete_contact"], tenant, number)
    await push.forget(connection, tenant, f"contact:{number}")
    await append(connection, Event(tenant, actor, "contact.delete", f"contact:{number}"))


async def trees(connection: Connection, tenant: str) -> list[tuple[Tree, int]]:
    """Return the trees of a tenant, each with its version."""
    values = {"tenant": tenant, "id": None}
    rows = await _rows(connection, _of(_TREES, "documents"), values)
    return [(tree.of_document(r["id"], r["name"], r["document"]), r["version"]) for r in rows]


async def tree_of(connection: Connection, tenant: str, number: str) -> tuple[Tree, int]:
    """Return a tree and its version. Raises NotThere."""
    row = await _document(connection, _TREES, tenant, number)
    return tree.of_document(row["id"], row["name"], row["document"]), row["version"]


async def save_tree(
    connection: Connection, tenant: str, made: Tree, version: int, *, actor: str
) -> str:
    """Keep a tree, a new one where its id is empty; return its id. Raises Changed."""
    document = tree.to_document(made)
    return await _save_document(
        connection, _TREES, tenant, (made.id, made.name, document, version), actor
    )


async def delete_tree(connection: Connection, tenant: str, number: str, *, actor: str) -> None:
    """Delete a tree. Raises NotThere, InvalidCalling while a rule calls it."""
    if any(rule.tree == number for rule, _ in await rules(connection, tenant)):
        raise InvalidCalling("A rule still calls this tree", "tree")
    await _deleted(connection, _of(_TREES, "delete_document"), tenant, number)
    await append(connection, Event(tenant, actor, "call_tree.delete", f"call_tree:{number}"))


async def rosters(connection: Connection, tenant: str) -> list[tuple[Roster, int]]:
    """Return the duty rosters of a tenant, each with its version."""
    values = {"tenant": tenant, "id": None}
    rows = await _rows(connection, _of(_ROSTERS, "documents"), values)
    return [(duty.of_document(r["id"], r["name"], r["document"]), r["version"]) for r in rows]


async def roster_of(connection: Connection, tenant: str, number: str) -> tuple[Roster, int]:
    """Return a roster and its version. Raises NotThere."""
    row = await _document(connection, _ROSTERS, tenant, number)
    return duty.of_document(row["id"], row["name"], row["document"]), row["version"]


async def save_roster(
    connection: Connection, tenant: str, made: Roster, version: int, *, actor: str
) -> str:
    """Keep a roster, a new one where its id is empty; return its id. Raises Changed."""
    document = duty.to_document(made.shifts)
    return await _save_document(
        connection, _ROSTERS, tenant, (made.id, made.name, document, version), actor
    )


async def delete_roster(connection: Connection, tenant: str, number: str, *, actor: str) -> None:
    """Delete a roster. Raises NotThere, InvalidCalling while a tree names it."""
    for one, _ in await trees(connection, tenant):
        if any(target.roster == number for step in one.steps for target in step.targets):
            raise InvalidCalling("A tree still names this roster", "roster")
    await _deleted(connection, _of(_ROSTERS, "delete_document"), tenant, number)
    await append(connection, Event(tenant, actor, "duty_roster.delete", f"duty_roster:{number}"))


async def changes(
    connection: Connection, tenant: str, roster: str, begins: datetime, ends: datetime
) -> list[Change]:
    """Return the changes of a roster that touch a stretch of time, in the order they were made."""
    values = {"tenant": tenant, "roster": roster, "begins": begins, "ends": ends}
    cursor = await connection.execute(_SQL["changes"], values)
    return [Change(*row) for row in await cursor.fetchall()]


async def add_change(
    connection: Connection, tenant: str, roster: str, change: Change, *, actor: str
) -> str:
    """Keep a change of a roster; return its id."""
    values = {
        "tenant": tenant, "roster": roster, "begins": change.begins, "ends": change.ends,
        "absent": change.absent, "present": change.present, "reason": change.reason,
        "actor": actor,
    }  # fmt: skip
    cursor = await connection.execute(_SQL["add_change"], values)
    row = await cursor.fetchone()
    assert row is not None
    after = {name: values[name] for name in ("begins", "ends", "absent", "present")}
    event = Event(tenant, actor, "duty_roster.swap", f"duty_roster:{roster}", after=after)
    await append(connection, event)
    return str(row[0])


async def delete_change(connection: Connection, tenant: str, number: str, *, actor: str) -> str:
    """Take a change back; return its roster. Raises NotThere."""
    row = await _deleted(connection, _SQL["delete_change"], tenant, number)
    event = Event(
        tenant, actor, "duty_roster.unswap", f"duty_roster:{row}", before={"change": number}
    )
    await append(connection, event)
    return row


async def rules(connection: Connection, tenant: str) -> list[tuple[CallRule, int]]:
    """Return which alerts call which tree, in order, each with its version."""
    rows = await _rows(connection, _SQL["rules"], {"tenant": tenant, "id": None})
    return [(matching.of_columns(row), row["version"]) for row in rows]


async def rule_of(connection: Connection, tenant: str, number: str) -> tuple[CallRule, int]:
    """Return a rule and its version. Raises NotThere."""
    rows = await _rows(connection, _SQL["rules"], {"tenant": tenant, "id": number})
    if not rows:
        raise NotThere(f"There is no rule {number}")
    return matching.of_columns(rows[0]), rows[0]["version"]


async def save_rule(
    connection: Connection, tenant: str, rule: CallRule, version: int, *, actor: str
) -> str:
    """Keep a rule, a new one where its id is empty; return its id. Raises Changed."""
    document = matching.to_document(rule)
    values = {
        "tenant": tenant, "id": rule.id, "name": rule.name, "tree": rule.tree,
        "active": rule.active, "document": _json(document), "version": version,
    }  # fmt: skip
    number = await _kept(connection, "rule", values)
    after = {"name": rule.name, "tree": rule.tree, "active": rule.active, **document}
    await _noted(connection, (tenant, actor), "call_rule", (rule.id, number), after)
    return number


async def delete_rule(connection: Connection, tenant: str, number: str, *, actor: str) -> None:
    """Delete a rule. Raises NotThere."""
    await _deleted(connection, _SQL["delete_rule"], tenant, number)
    await append(connection, Event(tenant, actor, "call_rule.delete", f"call_rule:{number}"))


async def copy(connection: Connection, of: str, into: str) -> None:
    """Copy a town's contacts, trees, rosters and rules into a drill of it, under the same ids.

    Whom the drill may reach is its own list's to say.
    """
    await connection.execute(_SQL["copy"], {"of": of, "into": into})


async def _kept(connection: Connection, what: str, values: Mapping[str, Any]) -> str:
    name = f"change_{what}" if values["id"] else f"add_{what}"
    cursor = await connection.execute(_SQL[name], values)
    row = await cursor.fetchone()
    if row is None:
        raise Changed("Somebody else has changed it, or it is gone")
    return str(values["id"] or row[0])


async def _save_document(
    connection: Connection,
    table: str,
    tenant: str,
    made: tuple[str, str, Mapping[str, Any], int],
    actor: str,
) -> str:
    known, name, document, version = made
    values = {
        "tenant": tenant, "id": known, "name": name, "document": _json(document),
        "version": version,
    }  # fmt: skip
    statement = _of(table, "change_document" if known else "add_document")
    cursor = await connection.execute(statement, values)
    row = await cursor.fetchone()
    if row is None:
        raise Changed("Somebody else has changed it, or it is gone")
    number = known or str(row[0])
    await _noted(connection, (tenant, actor), table, (known, number), {"name": name, **document})
    return number


async def _document(connection: Connection, table: str, tenant: str, number: str) -> dict[str, Any]:
    values = {"tenant": tenant, "id": number}
    rows = await _rows(connection, _of(table, "documents"), values)
    if not rows:
        raise NotThere(f"There is no {table} {number}")
    return rows[0]


async def _deleted(
    connection: Connection, statement: LiteralString | bytes, tenant: str, number: str
) -> str:
    cursor = await connection.execute(statement, {"tenant": tenant, "id": number})
    row = await cursor.fetchone()
    if row is None:
        raise NotThere(f"There is no {number}")
    return str(row[0])


async def _noted(
    connection: Connection,
    by: tuple[str, str],
    what: str,
    numbers: tuple[str, str],
    after: Mapping[str, Any],
) -> None:
    """Note an act. by: tenant and actor. numbers: the id before, if any, and after."""
    (tenant, actor), (known, number) = by, numbers
    action = f"{what}.{'change' if known else 'create'}"
    await append(connection, Event(tenant, actor, action, f"{what}:{number}", after=after))


def _json(value: Mapping[str, Any] | Sequence[Any]) -> str:
    return orjson.dumps(value).decode()
