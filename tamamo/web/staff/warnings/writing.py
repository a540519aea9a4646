"""Writing a draft, and editing it; two people at one text."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Forbidden
from tamamo.publishing.warnings import (
    Draft,
    InvalidWarning,
    Office,
    WarningConflict,
    composing,
    store,
)
from tamamo.web.portal.warnings.shown import page_language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault as Line
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.warnings import form, prefill, room
from tamamo.web.staff.warnings.form import Typed
from tamamo.web.staff.warnings.prefill import Source


@require_http_methods(["GET", "HEAD", "POST"])
@room.warnings_desk
async def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Choose a template, then write: nothing is kept before it is complete."""
    _require_writer(desk)
    engine = room.engine(desk)
    async with transaction(desk.broker.pool) as connection:
        office = await engine.office(connection, desk.tenant)
    source = await prefill.source_of(desk, request.GET.get("from", ""))
    template = office.setup.template(request.GET.get("template", ""))
    if template is None:
        return _choose(request, desk, office, source)
    begun = prefill.begun(template, office, engine.now(desk.tenant), source)
    page = _Page(
        request, desk, office, _("New warning"), template=template.name.get(page_language())
    )
    if request.method != "POST":
        return page.form(form.typed_from(begun))
    typed = form.typed_of(request.POST)
    content, unread = form.read(typed, begun)
    faults = unread or composing.faults_of(content, office, engine.now(desk.tenant))
    if faults:
        return page.form(typed, faults=faults)
    made = await engine.draft(desk.actor, desk.tenant, content, template=template.id)
    return HttpResponseRedirect(desk.url("warning-draft", draft=made.id) + "?done=draft")


@require_http_methods(["GET", "HEAD", "POST"])
@room.warnings_desk
async def edit(request: HttpRequest, desk: Desk, draft: UUID) -> HttpResponse:
    """Change the text; what was approved is not any more."""
    _require_writer(desk)
    engine = room.engine(desk)
    async with transaction(desk.broker.pool) as connection:
        office = await engine.office(connection, desk.tenant)
        found = await store.draft(connection, desk.tenant, draft)
    if not found.open:
        told = {"state": found.state, "by": found.changed_by}
        raise WarningConflict("state", "It is over", **told)
    page = _Page(request, desk, office, _("Edit the text"), draft=found)
    if request.method != "POST":
        return page.form(form.typed_from(found.content))
    typed = form.typed_of(request.POST)
    content, unread = form.read(typed, found.content)
    if unread:
        return page.form(typed, faults=unread)
    version = request.POST.get("version", "")
    try:
        await engine.edit(
            desk.actor,
            desk.tenant,
            draft,
            int(version) if version.isdecimal() and len(version) < 10 else 0,
            content,
        )
    except InvalidWarning as problem:
        return page.form(typed, faults=problem.faults)
    except WarningConflict as conflict:
        if conflict.why != "changed":
            raise
        return await page.conflict(typed)
    return HttpResponseRedirect(desk.url("warning-draft", draft=draft) + "?done=edit")


class _Page:
    """A form of one request."""

    def __init__(
        self,
        request: HttpRequest,
        desk: Desk,
        office: Office,
        heading: str,
        *,
        template: str = "",
        draft: Draft | None = None,
    ) -> None:
        self.request, self.desk, self.office = request, desk, office
        self.heading, self.template, self.draft = heading, template, draft

    def form(
        self, typed: Typed, *, faults: Any = (), errors: list[Line] | None = None, status: int = 422
    ) -> HttpResponse:
        """Show the form with what was typed; 422 with what is wrong with it."""
        lines = errors if errors is not None else form.lines(faults)
        back = self.desk.url("warnings")
        version = ""
        if self.draft is not None:
            back = self.desk.url("warning-draft", draft=self.draft.id)
            version = str(self.draft.version)
        context = {
            "heading": self.heading,
            "template": self.template,
            "trail": room.trail(self.desk, Step(self.heading)),
            "groups": form.groups(typed, self.office, faults),
            "errors": lines,
            "version": version,
            "voids": self.draft is not None and self.draft.state in ("submitted", "approved"),
            "back": back,
            "here": self.request.get_full_path(),
        }
        return show(
            self.request, self.desk, "staff/warnings/form.html", context, status if lines else 200
        )

    async def conflict(self, typed: Typed) -> HttpResponse:
        """Show what was typed beside what somebody else saved; sending it again replaces that."""
        assert self.draft is not None
        by = self.draft.changed_by
        who = (await room.names(self.desk, by)).get(by, by)
        theirs = form.typed_from(self.draft.content)
        differs = [
            f"{form.label(name)}: {theirs.texts[name] or '—'}"
            for name in form.NAMES
            if theirs.texts[name] != typed.texts[name]
        ]
        text = _("%(who)s changed the text meanwhile. Yours is kept below, and not saved yet.")
        lines = [Line("", text % {"who": who})]
        lines += [Line("", _("Stored now: %(text)s") % {"text": one}) for one in differs]
        return self.form(typed, errors=lines, status=409)


def _choose(
    request: HttpRequest, desk: Desk, office: Office, source: Source | None
) -> HttpResponse:
    """Show the templates; those for what the alert is about first."""
    language = page_language()
    kind = source.kind if source else ""
    listed = sorted(office.setup.templates, key=lambda one: kind not in one.suits if kind else 0)
    more = "&" + urlencode({"from": source.id}) if source else ""
    context = {
        "trail": room.trail(desk, Step(_("New warning"))),
        "source": source and source.title.get(language),
        "simulated": bool(source and source.simulated),
        "templates": [
            {
                "name": one.name.get(language),
                "level": one.level,
                "url": f"{desk.url('warning-new')}?template={one.id}{more}",
                "suits": bool(kind) and kind in one.suits,
            }
            for one in listed
        ],
    }
    return show(request, desk, "staff/warnings/choose.html", context)


def _require_writer(desk: Desk) -> None:
    if not room.writes(desk):
        raise Forbidden("Editors and approvers of the town write warnings")
