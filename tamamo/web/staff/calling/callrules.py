"""Which alerts call which tree."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo import rules as alert_rules
from tamamo.calling import store
from tamamo.calling.errors import Changed
from tamamo.calling.matching import SEVERITIES, CallRule, Circle
from tamamo.kernel.database import Connection, transaction
from tamamo.web.staff.calling import room as rooms
from tamamo.web.staff.calling.choosing import whole
from tamamo.web.staff.calling.room import forth, options, require_change, room
from tamamo.web.staff.calling.words import severity_word
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import FormField
from tamamo.web.staff.frame import Step

_LONGEST = 100
_PLACE = ("latitude", "longitude", "kilometres")
#: Degrees and kilometres that a place can have.
_LIMITS = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 180.0), "kilometres": (0.1, 20_000.0)}


async def shown_rules(
    connection: Connection, desk: Desk, trees: dict[str, str]
) -> list[dict[str, Any]]:
    """Return the rules as a list shows them."""
    known = await _alert_rules(connection, desk)
    found = []
    for rule, _version in await store.rules(connection, desk.tenant):
        said = [_("%(severity)s and graver") % {"severity": severity_word(rule.severity)}]
        said += sorted(rule.categories)
        said += [known.get(one, one) for one in sorted(rule.alert_rules)]
        if rule.place:
            said.append(_("within %(n)s km") % {"n": f"{rule.place.kilometres:g}"})
        found.append(
            {
                "rule": rule,
                "url": desk.url("callrule", callrule=rule.id),
                "said": said,
                "tree": trees.get(rule.tree, "—"),
            }
        )
    return found


async def _alert_rules(connection: Connection, desk: Desk) -> dict[str, str]:
    """Return the ids and names of the town's rules of alerts."""
    entries = await alert_rules.listing(connection, desk.tenant)
    return {
        one.id: one.document.get("name", {}).get(language()) or one.id
        for one in entries
        if one.document
    }


class Form:
    """What was typed about a rule."""

    def __init__(self, rule: CallRule, version: int) -> None:
        self.rule = rule
        self.version = version
        self.errors: dict[str, str] = {}
        place = rule.place
        self.place = {name: f"{getattr(place, name):g}" if place else "" for name in _PLACE}
        self.categories = ", ".join(sorted(rule.categories))

    def read(self, data: QueryDict, trees: dict[str, str], known: dict[str, str]) -> None:
        """Take over what was typed, and note what is wrong with it."""
        self.version = whole(data, "version", 1, 10**8) or 1
        self.categories = data.get("categories", "")
        words = self.categories.replace("、", ",").split(",")
        self.rule = replace(
            self.rule,
            name=data.get("name", "").strip()[:_LONGEST],
            tree=data.get("tree", ""),
            severity=data.get("severity", ""),
            categories=frozenset(word.strip() for word in words if word.strip()),
            alert_rules=frozenset(data.getlist("alert_rules")) & known.keys(),
            active=data.get("active", "yes") == "yes",
        )
        if not self.rule.name:
            self.errors["name"] = _("Type a name.")
        if self.rule.tree not in trees:
            self.errors["tree"] = _("Choose the tree that is called.")
        if self.rule.severity not in SEVERITIES:
            self.errors["severity"] = _("Choose a severity of the list.")
        self._read_place(data)

    def _read_place(self, data: QueryDict) -> None:
        self.place = {name: data.get(name, "").strip() for name in _PLACE}
        if not any(self.place.values()):
            self.rule = replace(self.rule, place=None)
            return
        found: dict[str, float] = {}
        for name in _PLACE:
            low, high = _LIMITS[name]
            try:
                value = float(self.place[name])
            except ValueError:
                value = float("nan")
            if not low <= value <= high:
                text = _("A number from %(low)s to %(high)s; all three, or none.")
                self.errors[name] = text % {"low": f"{low:g}", "high": f"{high:g}"}
            found[name] = value
        if not self.errors.keys() & set(_PLACE):
            self.rule = replace(self.rule, place=Circle(**found))

    def fields(self, trees: dict[str, str], known: dict[str, str]) -> list[FormField]:
        """Return the fields."""
        rule, wrong = self.rule, self.errors
        severities = [(one, severity_word(one)) for one in SEVERITIES]
        chosen = sorted(rule.alert_rules)
        yes_no = (("yes", _("Calls")), ("no", _("Off")))
        places = {
            "latitude": _("Latitude"), "longitude": _("Longitude"), "kilometres": _("Radius"),
        }  # fmt: skip
        return [
            FormField("name", _("Name"), "text", rule.name, required=True, width="input--mid",
                      error=wrong.get("name", "")),
            FormField("tree", _("Contact tree"), "choice", required=True,
                      options=options([("", "—"), *trees.items()], rule.tree),
                      error=wrong.get("tree", "")),
            FormField("severity", _("From severity"), "choice", error=wrong.get("severity", ""),
                      options=options(severities, rule.severity)),
            FormField("alert_rules", _("Rules of alerts"), "choices",
                      help=_("None ticked: every rule."), options=options(known.items(), chosen)),
            FormField("categories", _("Categories"), "text", self.categories, width="input--mid",
                      help=_("Such as flood, coastalEvent; empty: every category.")),
            *(
                FormField(name, label, "text", self.place[name], inputmode="decimal",
                          width="input--short", error=wrong.get(name, ""),
                          unit=_("km") if name == "kilometres" else "")
                for name, label in places.items()
            ),
            FormField("active", _("State"), "choice",
                      options=options(yes_no, "yes" if rule.active else "no")),
        ]  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Make a rule."""
    require_change(desk)
    return await _edit(request, desk, Form(CallRule("", "", ""), 1))


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def edit(request: HttpRequest, desk: Desk, callrule: str) -> HttpResponse:
    """Show a rule, and change it."""
    async with transaction(desk.broker.pool) as connection:
        found, version = await store.rule_of(connection, desk.tenant, callrule)
    if request.method == "POST":
        require_change(desk)
    return await _edit(request, desk, Form(found, version))


async def _edit(request: HttpRequest, desk: Desk, form: Form) -> HttpResponse:
    async with transaction(desk.broker.pool) as connection:
        trees = {one.id: one.name for one, _v in await store.trees(connection, desk.tenant)}
        known = await _alert_rules(connection, desk)
        status = 200
        if request.method == "POST":
            form.read(request.POST, trees, known)
            status = 422 if form.errors else 200
            if not form.errors:
                try:
                    await store.save_rule(
                        connection, desk.tenant, form.rule, form.version, actor=desk.actor.subject
                    )
                except Changed:
                    text = _("Somebody else has changed this rule meanwhile. Open it again.")
                    form.errors["name"], status = text, 409
                else:
                    return forth(desk.url("trees"), "saved")
    fields = form.fields(trees, known)
    heading = form.rule.name or _("New rule: who is called")
    number = form.rule.id
    context = {
        "heading": heading,
        "trail": rooms.trail(desk, Step(_("Contact trees"), desk.url("trees")), heading),
        "fields": fields,
        "errors": rooms.faults(fields),
        "version": form.version,
        "back": desk.url("trees"),
        "delete_url": desk.url("callrule-delete", callrule=number) if number else "",
    }
    return rooms.shown(request, desk, "form.html", context, status)


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def delete(request: HttpRequest, desk: Desk, callrule: str) -> HttpResponse:
    """Delete a rule: the page names what happens, the button does it."""
    require_change(desk)
    async with transaction(desk.broker.pool) as connection:
        found, _version = await store.rule_of(connection, desk.tenant, callrule)
        if request.method == "POST":
            await store.delete_rule(connection, desk.tenant, callrule, actor=desk.actor.subject)
            return forth(desk.url("trees"), "deleted")
    return rooms.confirm(
        request,
        desk,
        _("Delete: %(name)s") % {"name": found.name},
        _("Alerts of “%(name)s” call nobody any more, unless another rule does.")
        % {"name": found.name},
        button=_("Delete “%(name)s”") % {"name": found.name},
        back=desk.url("callrule", callrule=callrule),
    )
