"""Editing one record: form, difference before it is saved, two editors on one record."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.kernel.errors import Forbidden
from tamamo.registers import (
    Column,
    EditConflict,
    FieldError,
    Invalid,
    Record,
    Register,
    Rights,
)
from tamamo.web.staff import forms
from tamamo.web.staff.cells import language, shown, shown_change
from tamamo.web.staff.conflict import conflict_page, merged
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.entry import staff
from tamamo.web.staff.forms import Typed
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.record import one, record_trail, trail


class Editing:
    """One request that edits a record, or makes a new one (record None)."""

    def __init__(
        self,
        request: HttpRequest,
        desk: Desk,
        register: Register,
        rights: Rights,
        record: Record | None,
    ) -> None:
        self.request = request
        self.desk = desk
        self.register = register
        self.record = record
        own = [register.key] if record is None else []
        writable = [c for c in register.form if c.name in rights.fields and c not in own]
        self.columns: Sequence[Column] = [*own, *writable]
        self.typed: Typed = forms.typed_of(request.POST, self.columns)
        self.version = request.POST.get("version", record.version if record else "")

    @property
    def heading(self) -> str:
        """What the page is about."""
        if self.record is None:
            return _("New record: %(register)s") % {"register": self._title}
        return _("Edit: %(name)s") % {"name": self.record.title}

    @property
    def trail(self) -> list[Step]:
        """The way here."""
        if self.record is None:
            return trail(self.desk, self.register, _("New record"))
        return record_trail(self.desk, self.register, self.record, _("Edit"))

    @property
    def urls(self) -> dict[str, str]:
        """Where the form goes, and where cancelling leads."""
        name = self.register.id
        if self.record is None:
            here = self.desk.url("new", register=name)
            back = self.desk.url("register", register=name)
        else:
            place = {"register": name, "entity": self.record.id}
            here, back = self.desk.url("edit", **place), self.desk.url("record", **place)
        return {"here": here, "back": back}

    @property
    def public(self) -> bool:
        """Whether everybody sees what is saved."""
        return self.desk.town.shows(self.register)

    @property
    def _title(self) -> str:
        return self.register.title.in_(language())

    def form(
        self, typed: Mapping[str, str | Sequence[str]], errors: Sequence[FieldError] = ()
    ) -> HttpResponse:
        """Show the form with what was typed; 422 with what is wrong with it."""
        names = {column.name for column in self.columns}
        context: dict[str, Any] = {
            "heading": self.heading,
            "trail": self.trail,
            "urls": self.urls,
            "version": self.version,
            "groups": forms.groups(self.register, self.columns, typed, errors),
            "errors": forms.faults(self.register, errors),
            "public": self.public,
            "fixed": [
                shown(column, self.record.cells[column.name])
                for column in self.register.columns
                if self.record and column.name in self.record.cells and column.name not in names
            ],
        }
        status = 422 if errors else 200
        return show(self.request, self.desk, "staff/form.html", context, status)

    async def preview(self, values: Mapping[str, Any]) -> HttpResponse:
        """Show the difference, with what was typed kept in the page."""
        entity = self.record.id if self.record else None
        found = await self.desk.registers.preview(
            self.desk.visitor, self.register.id, entity, values
        )
        context = {
            "heading": _("Check the changes"),
            "trail": self.trail,
            "urls": self.urls,
            "changes": [shown_change(self.register, change) for change in found.changes],
            "consequence": self._consequence(),
            "typed": [("version", self.version), *forms.hidden(self.typed)],
            "save_text": _("Publish the changes") if self.record else _("Publish the record"),
        }
        return show(self.request, self.desk, "staff/preview.html", context)

    def _consequence(self) -> str:
        if self.record is None:
            text = _("This new record of “%(register)s” will be public at once.")
            return text % {"register": self._title}
        text = _("These changes to “%(name)s” will be public at once.")
        return text % {"name": self.record.title}

    async def save(self, values: Mapping[str, Any]) -> HttpResponse:
        """Save and show the record, with its undo. Raises Invalid, EditConflict."""
        registers, visitor = self.desk.registers, self.desk.visitor
        if self.record is None:
            done = await registers.create(visitor, self.register.id, values)
        else:
            changed = await registers.edit(
                visitor, self.register.id, self.record.id, self.version, values
            )
            if changed is None:
                return HttpResponseRedirect(f"{self.urls['back']}?same=1")
            done = changed
        address = self.desk.url("record", register=self.register.id, entity=done.entity_id)
        return HttpResponseRedirect(f"{address}?done={done.id}")

    async def answer(self) -> HttpResponse:
        """Do what the pressed button says."""
        do = self.request.POST.get("do", "preview")
        if do == "back":
            return self.form(self.typed)
        if do == "merge" and self.record is not None:
            current = self.desk.registers.typed(self.register, self.record)
            self.typed = merged(self.request.POST, self.columns, self.typed, current)
        values, errors = self.desk.registers.parse(self.register, self.typed)
        if errors:
            return self.form(self.typed, errors)
        try:
            if do == "preview" and self.public:
                return await self.preview(values)
            return await self.save(values)
        except Invalid as refusal:
            return self.form(self.typed, refusal.errors)
        except EditConflict as conflict:
            assert self.record is not None
            return conflict_page(
                self.request,
                self.desk,
                register=self.register,
                record=self.record,
                typed=self.typed,
                conflict=conflict,
            )


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def edit(request: HttpRequest, desk: Desk, register: str, entity: str) -> HttpResponse:
    """Edit a record."""
    found = desk.register(register)
    rights = desk.rights(found)
    if not rights.fields:
        raise Forbidden
    try:
        record = await one(desk, found, entity)
    except Http404:
        if request.method != "POST":
            raise
        return _gone(request, desk, found)
    editing = Editing(request, desk, found, rights, record)
    if request.method == "POST":
        return await editing.answer()
    return editing.form(desk.registers.typed(found, record))


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def new(request: HttpRequest, desk: Desk, register: str) -> HttpResponse:
    """Make a record."""
    found = desk.register(register)
    rights = desk.rights(found)
    if not rights.create:
        raise Forbidden
    editing = Editing(request, desk, found, rights, None)
    if request.method == "POST":
        return await editing.answer()
    return editing.form({})


def _gone(request: HttpRequest, desk: Desk, register: Register) -> HttpResponse:
    """Answer 409: somebody deleted the record; what was typed is shown once more."""
    typed = forms.typed_of(request.POST, register.form)
    texts = (
        f"{column.label.in_(language())}: {typed[column.name]}"
        for column in register.form
        if typed.get(column.name)
    )
    context = {
        "heading": _("Somebody deleted this record while you were editing"),
        "text": _("It can be brought back from the history of edits. What you had typed:"),
        "detail": " / ".join(texts),
        "links": [
            {"url": desk.url("changes", register=register.id), "text": _("History of edits")}
        ],
    }
    return show(request, desk, "staff/refused.html", context, status=409)


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def delete(request: HttpRequest, desk: Desk, register: str, entity: str) -> HttpResponse:
    """Delete a record: the page names what happens, the button does it."""
    found = desk.register(register)
    if not desk.rights(found).delete:
        raise Forbidden
    record = await one(desk, found, entity)
    status, faults = 200, []
    if request.method == "POST":
        version = request.POST.get("version", "")
        try:
            done = await desk.registers.delete(desk.visitor, found.id, entity, version)
        except EditConflict:
            text = _("Somebody changed the record meanwhile. Look at it again before deleting it.")
            status, faults = 409, [forms.Fault("", text)]
        else:
            address = desk.url("register", register=found.id)
            return HttpResponseRedirect(f"{address}?deleted={done.id}")
    title = found.title.in_(language())
    context = {
        "heading": _("Delete: %(name)s") % {"name": record.title},
        "trail": record_trail(desk, found, record, _("Delete")),
        "consequence": _("“%(name)s” will be deleted from “%(register)s”.")
        % {"name": record.title, "register": title},
        "errors": faults,
        "version": record.version,
        "save_text": _("Delete “%(name)s”") % {"name": record.title},
        "urls": {
            "here": desk.url("delete", register=found.id, entity=entity),
            "back": desk.url("record", register=found.id, entity=entity),
        },
    }
    return show(request, desk, "staff/delete.html", context, status)
