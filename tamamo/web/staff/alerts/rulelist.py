"""The rules of a town: list, one with its versions, on and off, deleted or as shipped again."""

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tamamo import rules
from tamamo.kernel.database import single, transaction
from tamamo.rules import RuleEntry
from tamamo.web.staff.alerts import room, words
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import Step, show


@require_safe
@staff
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the rules of the town, those that are off included."""
    room.require_sight(desk)
    async with single(desk.broker.pool) as connection:
        entries = await rules.listing(connection, desk.tenant)
        named = await room.names(connection, [entry.changed_by for entry in entries])
    context = {
        "trail": [Step(_("Alerts"), desk.url("alerts")), Step(_("Rules"))],
        "rows": [_row(desk, entry, named) for entry in entries],
        "may_act": room.may_act(desk),
        "done": Done("success", _("The rule is deleted")) if _says(request, "gone") else None,
        "urls": {"new": desk.url("rule-new")},
    }
    return show(request, desk, "staff/alerts/rules.html", context)


def _says(request: HttpRequest, word: str) -> bool:
    return request.GET.get("done") == word


def title(document: Any) -> str:
    """Return what a rule is called in the page's language."""
    named = document.get("name", {})
    return str(named.get(language()) or named.get("ja") or document.get("id", ""))


def _row(desk: Desk, entry: RuleEntry, named: dict[str, str]) -> dict[str, Any]:
    return {
        "entry": entry,
        "title": title(entry.document),
        "origin": words.origin_word(entry.origin),
        "severity": words.severity_word(entry.document["severity"]),
        "type": words.type_word(entry.document["subject"]["type"]),
        "by": named.get(entry.changed_by or "", ""),
        "url": desk.url("rule", rule=entry.id),
    }


async def entry_of(desk: Desk, rule: str) -> RuleEntry:
    """Return one rule of the town; 404 where there is none."""
    try:
        async with single(desk.broker.pool) as connection:
            return await rules.entry(connection, desk.tenant, rule)
    except rules.NoSuchRule as unknown:
        raise Http404(rule) from unknown


@require_safe
@staff
async def page(request: HttpRequest, desk: Desk, rule: str) -> HttpResponse:
    """Show one rule with all its versions."""
    room.require_sight(desk)
    entry = await entry_of(desk, rule)
    async with single(desk.broker.pool) as connection:
        versions = await rules.versions(connection, desk.tenant, rule)
        named = await room.names(connection, [one.actor for one in versions])
    texts = {
        "saved": _("The rule is saved"),
        "on": _("The rule is switched on"),
        "off": _("The rule is switched off; alerts it raised are back to normal"),
        "shipped": _("The rule is as it was shipped"),
    }
    said = texts.get(request.GET.get("done", ""))
    context = {
        "trail": [
            Step(_("Alerts"), desk.url("alerts")),
            Step(_("Rules"), desk.url("rules")),
            Step(title(entry.document)),
        ],
        "entry": entry,
        "title": title(entry.document),
        "origin": words.origin_word(entry.origin),
        "severity": words.severity_word(entry.document["severity"]),
        "text": str(entry.document["text"].get(language()) or entry.document["text"]["ja"]),
        "document": pretty(entry.document),
        "versions": _versions(versions, named),
        "may_act": room.may_act(desk),
        "done": Done("success", said) if said else None,
        "urls": {
            "edit": desk.url("rule-edit", rule=rule),
            "switch": desk.url("rule-switch", rule=rule),
            "remove": desk.url("rule-remove", rule=rule),
            "alerts": desk.url("alerts") + f"?state=all&rule={rule}",
        },
    }
    return show(request, desk, "staff/alerts/rule.html", context)


def pretty(document: Any) -> str:
    """Return a declaration as text that people edit."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=False)


def _versions(versions: Any, named: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "version": one,
            "by": named.get(one.actor, one.actor),
            "document": pretty(one.document) if one.document is not None else "",
        }
        for one in versions
    ]


@require_POST
@staff
async def switch(request: HttpRequest, desk: Desk, rule: str) -> HttpResponse:
    """Switch a rule on or off."""
    room.require_act(desk)
    await entry_of(desk, rule)
    enabled = request.POST.get("enabled") == "1"
    async with transaction(desk.broker.pool) as connection:
        await rules.switch(connection, desk.tenant, rule, enabled, actor=desk.actor.subject)
    said = "on" if enabled else "off"
    return HttpResponseRedirect(f"{desk.url('rule', rule=rule)}?done={said}")


@staff
async def remove(request: HttpRequest, desk: Desk, rule: str) -> HttpResponse:
    """Delete a rule of the town, or take back what the town changed; asked before it is done."""
    room.require_act(desk)
    entry = await entry_of(desk, rule)
    if entry.origin == "shipped":
        raise Http404(rule)
    if request.method != "POST":
        context = {
            "trail": [
                Step(_("Rules"), desk.url("rules")),
                Step(title(entry.document), desk.url("rule", rule=rule)),
                Step(_("Delete")),
            ],
            "entry": entry,
            "title": title(entry.document),
            "back": desk.url("rule", rule=rule),
        }
        return show(request, desk, "staff/alerts/rule_remove.html", context)
    async with transaction(desk.broker.pool) as connection:
        await rules.remove(connection, desk.tenant, rule, actor=desk.actor.subject)
    if entry.origin == "changed":
        return HttpResponseRedirect(f"{desk.url('rule', rule=rule)}?done=shipped")
    return HttpResponseRedirect(desk.url("rules") + "?done=gone")
