"""Edits as the pages list them: who, when, before, after, and the button that takes them back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tamamo.registers import Edit, Register
from tamamo.web.portal.words import full_date
from tamamo.web.staff.cells import ShownChange, language, shown_change
from tamamo.web.staff.desk import Desk


@dataclass(frozen=True, slots=True)
class ShownEdit:
    """One edit for the page."""

    key: str
    kind: str
    kind_class: str
    who: str
    at: datetime
    title: str
    url: str
    register: str
    note: str
    changes: tuple[ShownChange, ...]
    caption: str
    undone: bool
    undo: str
    undo_text: str


def shown_edits(desk: Desk, edits: Iterable[Edit], *, named: bool = False) -> list[ShownEdit]:
    """Return edits for the page. named: with the register's name, where several are mixed."""
    known = {register.id: register for register in desk.visible}
    return [
        _shown(desk, known[edit.register], edit, named) for edit in edits if edit.register in known
    ]


def kind_word(kind: str) -> str:
    """Return the word for what an edit was."""
    return {
        "create": pgettext("edit", "Created"),
        "edit": pgettext("edit", "Edited"),
        "delete": pgettext("edit", "Deleted"),
        "bulk": pgettext("edit", "Bulk edit"),
        "import": pgettext("edit", "Import"),
        "undo": pgettext("edit", "Undo"),
        "feed": pgettext("edit", "Data feed or API"),
    }.get(kind, kind)


def _shown(desk: Desk, register: Register, edit: Edit, named: bool) -> ShownEdit:
    undo, undo_text = _undo(desk, register, edit)
    who = edit.name or edit.actor or pgettext("edit", "Data feed or API")
    return ShownEdit(
        key=str(edit.id),
        kind=kind_word(edit.kind),
        kind_class={"create": "green", "delete": "red", "undo": "yellow"}.get(edit.kind, ""),
        who=who,
        at=edit.at,
        title=edit.title or edit.entity_id,
        url=desk.url("record", register=register.id, entity=edit.entity_id),
        register=register.title.in_(language()) if named else "",
        note=edit.note,
        changes=tuple(shown_change(register, change) for change in edit.changes),
        caption=_("What %(who)s changed, %(when)s") % {"who": who, "when": full_date(edit.at)},
        undone=edit.undone_by is not None,
        undo=undo,
        undo_text=undo_text,
    )


def _undo(desk: Desk, register: Register, edit: Edit) -> tuple[str, str]:
    """Return where an edit is undone and the button's words; a batch is undone as a whole."""
    if not edit.undoable or not desk.rights(register).fields:
        return "", ""
    if edit.batch:
        address = desk.url("undo-batch", register=register.id, batch=edit.batch)
        return address, _("Undo the whole step")
    return desk.url("undo", register=register.id, edit=edit.id), _("Undo")
