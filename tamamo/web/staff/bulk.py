"""Editing many records at once: fields, what would change, one step that can be undone."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from tamamo.kernel.errors import Forbidden
from tamamo.registers import (
    Column,
    EditConflict,
    FieldError,
    Invalid,
    ListQuery,
    Register,
    Rights,
)
from tamamo.web.staff import filters, forms
from tamamo.web.staff.cells import language, shown_change
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.entry import staff
from tamamo.web.staff.forms import Fault, Typed
from tamamo.web.staff.frame import show
from tamamo.web.staff.liststate import parse_text
from tamamo.web.staff.record import trail
from tamamo.web.staff.words import number


class BulkEditing:
    """One request that edits the records somebody ticked, or all of a filter."""

    def __init__(
        self, request: HttpRequest, desk: Desk, register: Register, rights: Rights
    ) -> None:
        self.request = request
        self.desk = desk
        self.register = register
        post = request.POST
        self.ids = post.getlist("id")
        self.query_text = post.get("query", "")
        self.state = parse_text(self.query_text, filters.names(register))
        self.every = post.get("every") == "1"
        self.columns: Sequence[Column] = [c for c in register.form if c.name in rights.fields]
        self.typed: Typed = forms.typed_of(post, self.columns)
        self.ticked = self._ticked(post.getlist("change"))

    def _ticked(self, marked: list[str]) -> list[str]:
        """Return the fields to change: those with a value need no tick, only emptying does."""
        names = {name.removeprefix(forms.PREFIX) for name in marked}
        return [
            column.name
            for column in self.columns
            if column.name in names or any(forms.texts_of(self.typed, column).values())
        ]

    @property
    def chosen(self) -> list[str] | ListQuery:
        """The records: ids, or the filter whose every record is meant."""
        return filters.query_of(self.register, self.state) if self.every else self.ids

    @property
    def urls(self) -> dict[str, str]:
        """Where the form goes, and where cancelling leads: the list as it was."""
        address = self.desk.url("register", register=self.register.id)
        return {
            "here": self.desk.url("bulk", register=self.register.id),
            "back": address + self.state.query(),
        }

    def _selected(self) -> list[tuple[str, str]]:
        pairs = [("query", self.query_text)]
        if self.every:
            return [*pairs, ("every", "1")]
        return [*pairs, *(("id", entity) for entity in self.ids)]

    def _context(self) -> dict[str, Any]:
        title = self.register.title.in_(language())
        text = _("Bulk edit: %(register)s") % {"register": title}
        if not self.every:
            count = len(self.ids)
            text = ngettext("Edit %(n)s record", "Edit %(n)s records", count) % {"n": number(count)}
        return {
            "heading": text,
            "trail": trail(self.desk, self.register, _("Bulk edit")),
            "urls": self.urls,
        }

    def form(self, errors: Sequence[FieldError] = (), summary: str = "") -> HttpResponse:
        """Show the fields with what was typed; 422 with what is wrong."""
        listed = [Fault("", summary)] if summary else forms.faults(self.register, errors)
        context = self._context() | {
            "selected": self._selected(),
            "fields": forms.for_many(
                self.register, self.columns, self.typed, errors, ticked=self.ticked
            ),
            "errors": listed,
        }
        status = 422 if listed else 200
        return show(self.request, self.desk, "staff/bulk.html", context, status)

    async def preview(self, values: dict[str, Any]) -> HttpResponse:
        """Show how many records change, the first of them, and those refused with reasons."""
        found = await self.desk.registers.bulk_preview(
            self.desk.visitor, self.register.id, self.chosen, values
        )
        typed = [*self._selected(), *(("change", name) for name in self.ticked)]
        typed += [("token", found.token), *forms.hidden(self.typed)]
        figures = [
            (_("Will change"), found.changed),
            (_("Stay as they are"), found.unchanged),
            (_("Refused"), found.refused_count),
        ]
        save = ngettext("Change %(n)s record", "Change %(n)s records", found.changed)
        context = self._context() | {
            "figures": [{"label": label, "text": number(count)} for label, count in figures],
            "refused": [
                {
                    "title": one.title,
                    "text": " ".join(error.text(language()) for error in one.errors),
                }
                for one in found.refused
            ],
            "samples": [
                {"title": title, "changes": [shown_change(self.register, c) for c in changes]}
                for _entity, title, changes in found.sample
            ],
            "typed": typed,
            "may_save": found.changed > 0,
            "save_text": save % {"n": number(found.changed)},
        }
        return show(self.request, self.desk, "staff/bulk_preview.html", context)

    async def save(self, values: dict[str, Any]) -> HttpResponse:
        """Change them in one step and go back to the list, which offers to undo it."""
        done = await self.desk.registers.bulk_edit(
            self.desk.visitor,
            self.register.id,
            self.chosen,
            values,
            token=self.request.POST.get("token"),
        )
        back = self.urls["back"]
        mark = "&" if "?" in back else "?"
        return HttpResponseRedirect(f"{back}{mark}batch={done.id}&n={done.changed}")

    async def answer(self) -> HttpResponse:
        """Do what the pressed button says."""
        do = self.request.POST.get("do", "edit")
        if do in ("edit", "back"):
            return self.form()
        known = [column for column in self.columns if column.name in self.ticked]
        if not known:
            return self.form(summary=_("Fill in at least one field, or tick one to empty it."))
        chosen: Typed = {}
        for column in known:
            chosen |= forms.texts_of(self.typed, column)
        values, errors = self.desk.registers.parse(self.register, chosen)
        if errors:
            return self.form(errors)
        try:
            return await (self.save(values) if do == "save" else self.preview(values))
        except Invalid as refusal:
            return self.form(refusal.errors)
        except EditConflict:
            text = _("Some of the records changed meanwhile. Check the changes again.")
            return self.form(summary=text)


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def bulk(request: HttpRequest, desk: Desk, register: str) -> HttpResponse:
    """Edit the records that were ticked in the list."""
    found = desk.register(register)
    rights = desk.rights(found)
    if not rights.fields:
        raise Forbidden
    editing = BulkEditing(request, desk, found, rights)
    if request.method != "POST":
        return HttpResponseRedirect(editing.urls["back"])
    if not editing.ids and not editing.every:
        return _nothing(request, desk, found, editing)
    return await editing.answer()


def _nothing(
    request: HttpRequest, desk: Desk, register: Register, editing: BulkEditing
) -> HttpResponse:
    """Answer 422: no record was ticked."""
    context = {
        "heading": _("No record is selected"),
        "text": _("Tick the records in the list, then press “Edit the selected”."),
        "links": [{"url": editing.urls["back"], "text": register.title.in_(language())}],
    }
    return show(request, desk, "staff/refused.html", context, status=422)
