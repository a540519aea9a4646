"""The rule editor: form or text, a preview against the last 30 days, then saving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo import rules
from tamamo.kernel.database import transaction
from tamamo.rules import Preview, RuleChanged, RuleEntry, RuleInvalid
from tamamo.web.staff.alerts import room, ruleform, words
from tamamo.web.staff.alerts.alertstate import SEVERITIES
from tamamo.web.staff.alerts.ruleform import BLOCKS, SIDES, Read, TooRich
from tamamo.web.staff.alerts.rulelist import entry_of, pretty, title
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import Step, show

#: Types of subjects that are offered; any other can be typed.
TYPES: Final = (
    "FloodMonitoring", "SeaConditions", "WeatherObserved", "EvacuationShelter", "RoadSegment",
    "Device", "WeatherAlert",
)  # fmt: skip
#: What a new rule begins with.
_NEW: Final = {
    "severity": "medium", "type": "FloodMonitoring", "join": "all", "c1_kind": "threshold",
    "c1_attribute": "currentLevel", "c1_side": "at_least", "c1_bound_attribute": "alertLevel",
    "c1_clear_by": "0.1", "for": "10", "unit": "m",
}  # fmt: skip
_SHOWN: Final = 50
_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Editor:
    """One rule on its way through the form. entry: None for a new one."""

    request: HttpRequest
    desk: Desk
    entry: RuleEntry | None
    version: str

    async def form(
        self,
        values: Mapping[str, str],
        errors: Sequence[dict[str, str]] = (),
        *,
        status: int = 200,
        **more: Any,
    ) -> HttpResponse:
        """Show the form with what was typed."""
        desk, entry = self.desk, self.entry
        named = title(entry.document) if entry else _("New rule")
        context = {
            "trail": [
                Step(_("Alerts"), desk.url("alerts")),
                Step(_("Rules"), desk.url("rules")),
                Step(named),
            ],
            "title": named,
            "new": entry is None,
            "as_text": bool(values.get("json")) or self.request.GET.get("as") == "text",
            "v": values,
            "version": self.version,
            "errors": errors,
            "bad": {error["field"]: error["text"] for error in errors},
            "blocks": [_block(values, block, errors) for block in BLOCKS],
            "severities": [(name, words.severity_word(name)) for name in SEVERITIES],
            "types": TYPES,
            "categories": rules.schema()["$defs"]["category"]["enum"],
            "sub_categories": rules.schema()["$defs"]["sub_category"]["enum"],
            "joins": [("all", _("All of them hold")), ("any", _("One of them holds"))],
            "urls": {"back": desk.url("rule", rule=entry.id) if entry else desk.url("rules")},
            **more,
        }
        return show(self.request, desk, "staff/alerts/form.html", context, status)

    async def take(self, values: dict[str, str]) -> HttpResponse:
        """Do what the pressed button says: preview, or save."""
        if self.entry is not None:
            values["id"] = self.entry.id
        form = ruleform.read(values)
        if self.entry is not None and values.get("json"):
            form.document["id"] = self.entry.id
        errors = [_error(one.field, words.error_text(one.code)) for one in form.errors]
        try:
            if errors:
                raise RuleInvalid(())
            room.require_watchable(self.desk, rules.parse(form.document))
        except RuleInvalid as invalid:
            errors += _faults(form, invalid)
            return await self.form(values, errors, status=422)
        if self.request.POST.get("action") != "save":
            found = await rules.preview(self.desk.broker, self.desk.tenant, form.document)
            return await self.form(values, preview=_shown(found))
        return await self._save(values, form)

    async def _save(self, values: Mapping[str, str], form: Read) -> HttpResponse:
        desk = self.desk
        version = int(self.version) if self.entry and self.version.isdecimal() else None
        try:
            async with transaction(desk.broker.pool) as connection:
                await rules.save(
                    connection, desk.tenant, form.document, actor=desk.actor.subject,
                    version=version,
                )  # fmt: skip
        except RuleInvalid as invalid:
            return await self.form(values, _faults(form, invalid), status=422)
        except RuleChanged:
            return await self.form(values, status=409, changed=True)
        address = desk.url("rule", rule=form.document["id"])
        return HttpResponseRedirect(f"{address}?done=saved")


def _error(field: str, text: str) -> dict[str, str]:
    return {"field": field, "anchor": f"f-{field}" if field else "", "label": "", "text": text}


def _faults(form: Read, invalid: RuleInvalid) -> list[dict[str, str]]:
    japanese = language() == "ja"
    return [
        _error(form.place_of(fault.field) or "id", fault.ja if japanese else fault.en)
        for fault in invalid.faults
    ]


def _block(
    values: Mapping[str, str], block: int, errors: Sequence[dict[str, str]]
) -> dict[str, Any]:
    prefix = f"c{block}_"
    own = {name.removeprefix(prefix): values[name] for name in values if name.startswith(prefix)}
    sides = [
        ("at_least", _("at or above")), ("at_most", _("at or below")), ("rises", _("rises by")),
        ("falls", _("falls by")), ("outside", _("outside")), ("inside", _("inside")),
    ]  # fmt: skip
    return {
        "number": block,
        "prefix": prefix,
        "v": own,
        "kinds": words.kind_words(),
        "sides": [side for side in sides if any(side[0] in one for one in SIDES.values())],
        "open": block == 1 or bool(own.get("kind")),
        "bad": {
            error["field"].removeprefix(prefix): error["text"]
            for error in errors
            if error["field"].startswith(prefix)
        },
    }


def _shown(found: Preview) -> dict[str, Any]:
    return {
        "text": words.fired_text(found.fired, _DAYS),
        "found": found,
        "episodes": [
            {"one": one, "name": one.name.get(language()) or one.name.get("ja") or one.subject}
            for one in found.episodes[:_SHOWN]
        ],
        "more": max(0, found.fired - _SHOWN),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Make a new rule."""
    room.require_act(desk)
    editor = Editor(request, desk, None, "")
    if request.method == "POST":
        return await editor.take(ruleform.typed(request.POST))
    return await editor.form(dict.fromkeys(ruleform.FIELDS, "") | _NEW)


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def edit(request: HttpRequest, desk: Desk, rule: str) -> HttpResponse:
    """Change a rule; a shipped one becomes the town's own version of it."""
    room.require_act(desk)
    entry = await entry_of(desk, rule)
    if request.method == "POST":
        editor = Editor(request, desk, entry, request.POST.get("version", "")[:12])
        return await editor.take(ruleform.typed(request.POST))
    editor = Editor(request, desk, entry, str(entry.version))
    empty = dict.fromkeys(ruleform.FIELDS, "")
    if request.GET.get("as") == "text":
        return await editor.form(empty | {"json": pretty(entry.document)})
    try:
        return await editor.form(ruleform.write(entry.document))
    except TooRich:
        return await editor.form(empty | {"json": pretty(entry.document)}, too_rich=True)
