"""Contact trees, with who would be called now, and which alerts call them."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.calling import store
from tamamo.calling.errors import Changed, InvalidCalling
from tamamo.calling.tree import (
    MOST_MINUTES,
    MOST_PEOPLE,
    MOST_ROUNDS,
    MOST_STEPS,
    Mode,
    Step,
    Tree,
)
from tamamo.kernel.database import Connection, transaction
from tamamo.web.staff.calling import room as rooms
from tamamo.web.staff.calling.callrules import shown_rules
from tamamo.web.staff.calling.choosing import names, target_rows, targets_of, texts_of, whole
from tamamo.web.staff.calling.planned import planned
from tamamo.web.staff.calling.room import forth, options, require_change, room
from tamamo.web.staff.calling.words import mode_word
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault, FormField
from tamamo.web.staff.frame import Step as TrailStep

_LONGEST = 100


@require_safe
@room
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the trees of a town, whom each would call now, and which alerts call them."""
    now = desk.broker.towns.clock(desk.tenant)
    async with transaction(desk.broker.pool) as connection:
        await names(connection, desk, "staff.trees")
        found = [one for one, _version in await store.trees(connection, desk.tenant)]
        rows = [
            {
                "tree": one,
                "url": desk.url("tree", tree=one.id),
                "planned": await planned(connection, desk, one, now),
            }
            for one in found
        ]
        rules = await shown_rules(connection, desk, {one.id: one.name for one in found})
    context = {
        "tabs": rooms.tabs(desk, "trees"),
        "rows": rows,
        "rules": rules,
        "now": now,
        "new_url": desk.url("tree-new"),
        "new_rule_url": desk.url("callrule-new"),
    }
    return rooms.shown(request, desk, "trees.html", context)


class Form:
    """What was typed about a tree. steps: as typed, those without people too."""

    def __init__(self, tree: Tree, version: int) -> None:
        self.tree = tree
        self.version = version
        self.errors: dict[str, str] = {}
        self.minutes = [f"{step.minutes:g}" for step in tree.steps]
        self.rounds, self.gather = str(tree.rounds), f"{tree.gather:g}"

    def read(self, data: QueryDict) -> None:
        """Take over what was typed, and note what is wrong with it."""
        self.version = whole(data, "version", 1, 10**8) or 1
        rounds, gather = whole(data, "rounds", 0, MOST_ROUNDS), whole(data, "gather", 0, 240)
        self.rounds, self.gather = data.get("rounds", ""), data.get("gather", "")
        if rounds is None:
            self.errors["rounds"] = _("A whole number from 0 to %(n)s.") % {"n": MOST_ROUNDS}
        if gather is None:
            self.errors["gather"] = _("A whole number from 0 to 240.")
        count = min(whole(data, "steps", 1, MOST_STEPS) or 1, MOST_STEPS)
        steps = [self._step(data, number) for number in range(count)]
        name = data.get("name", "").strip()[:_LONGEST]
        if not name:
            self.errors["name"] = _("Type a name.")
        self.tree = Tree(self.tree.id, name, tuple(steps), rounds or 0, gather or 0)

    def _step(self, data: QueryDict, number: int) -> Step:
        key = f"s{number}-minutes"
        minutes = whole(data, key, 0, MOST_MINUTES)
        if minutes is None:
            self.errors[key] = _("A whole number of minutes, up to %(n)s.") % {"n": MOST_MINUTES}
        self.minutes[number : number + 1] = [data.get(key, "")]
        return Step(
            targets_of(data.getlist(f"s{number}-target")),
            minutes or 0,
            Mode.IN_TURN if data.get(f"s{number}-mode") == "in_turn" else Mode.TOGETHER,
            data.get(f"s{number}-name", "").strip()[:_LONGEST],
        )

    def settle(self, people: dict[str, str], rosters: dict[str, str]) -> None:
        """Leave out steps nobody was chosen for; note what is wrong with the others."""
        kept = [n for n, step in enumerate(self.tree.steps) if step.targets]
        if not kept:
            self.errors["s0-target-0"] = _("Choose somebody to call, or a roster.")
            return
        for number in kept:
            for target in self.tree.steps[number].targets:
                known = target.contact in people if target.contact else target.roster in rosters
                if not known:
                    text = _("Somebody chosen here is no contact any more.")
                    self.errors[f"s{number}-target-0"] = text
        if self.errors:
            return
        steps = tuple(self.tree.steps[number] for number in kept)
        self.minutes = [self.minutes[number] for number in kept]
        self.tree = Tree(self.tree.id, self.tree.name, steps, self.tree.rounds, self.tree.gather)

    def fields(self) -> list[FormField]:
        """Return the fields of the whole tree."""
        return [
            FormField(
                "name", _("Name"), "text", self.tree.name, required=True,
                error=self.errors.get("name", ""), width="input--mid",
            ),
            FormField(
                "rounds", _("Rounds"), "text", self.rounds, inputmode="numeric",
                help=_("How often all steps are gone through until the call is unanswered; "
                       "0: until somebody answers, or the alert is over."),
                error=self.errors.get("rounds", ""), width="input--short",
            ),
            FormField(
                "gather", _("Gather alerts"), "text", self.gather, unit=_("minutes"),
                inputmode="numeric", error=self.errors.get("gather", ""), width="input--short",
                help=_("Alerts within this time join a call instead of making another."),
            ),
        ]  # fmt: skip

    def steps(self, people: dict[str, str], rosters: dict[str, str]) -> list[dict[str, Any]]:
        """Return the steps as the template draws them."""
        modes = [(mode.value, mode_word(mode)) for mode in Mode]
        found = []
        for number, step in enumerate(self.tree.steps):
            key = f"s{number}"
            rows = target_rows(
                f"{key}-target", texts_of(step.targets), people, rosters, MOST_PEOPLE
            )
            minutes = FormField(
                f"{key}-minutes", _("Minutes until the next"), "text", self.minutes[number],
                inputmode="numeric", width="input--short",
                error=self.errors.get(f"{key}-minutes", ""),
            )  # fmt: skip
            found.append(
                {
                    "key": key,
                    "title": _("Step %(n)s") % {"n": number + 1},
                    "name": FormField(f"{key}-name", _("What it is called"), "text", step.name,
                                      width="input--mid"),
                    "mode": FormField(f"{key}-mode", _("How they are called"), "choice",
                                      options=options(modes, step.mode.value)),
                    "minutes": minutes,
                    "targets": rows,
                    "error": self.errors.get(f"{key}-target-0", ""),
                }
            )  # fmt: skip
        return found

    def faults(self, steps: Sequence[dict[str, Any]]) -> list[Fault]:
        """Return the lines of the error summary."""
        found = rooms.faults(self.fields())
        for step in steps:
            own = [Fault(step["title"], step["error"], f"f-{step['key']}-target-0")]
            found += [one for one in own if one.text]
            found += [
                Fault(f"{step['title']}: {one.label}", one.text, one.anchor)
                for one in rooms.faults([step["minutes"]])
            ]
        return found


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Make a tree."""
    require_change(desk)
    return await _edit(request, desk, Form(Tree("", "", (Step(()), Step(())), rounds=0), 1))


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def edit(request: HttpRequest, desk: Desk, tree: str) -> HttpResponse:
    """Show a tree with whom it would call now, and change it."""
    async with transaction(desk.broker.pool) as connection:
        found, version = await store.tree_of(connection, desk.tenant, tree)
    if request.method == "POST":
        require_change(desk)
    return await _edit(request, desk, Form(found, version))


async def _edit(request: HttpRequest, desk: Desk, form: Form) -> HttpResponse:
    async with transaction(desk.broker.pool) as connection:
        people = await names(connection, desk, "staff.tree")
        rosters = {one.id: one.name for one, _v in await store.rosters(connection, desk.tenant)}
        do = request.POST.get("do", "") if request.method == "POST" else ""
        status = 200
        if do:
            form.read(request.POST)
            if do == "more":
                form.errors = {}
                more = (Step(()),) if len(form.tree.steps) < MOST_STEPS else ()
                steps = (*form.tree.steps, *more)
                form.tree = Tree(form.tree.id, form.tree.name, steps, form.tree.rounds,
                                 form.tree.gather)  # fmt: skip
                form.minutes += ["5"] * len(more)
            else:
                form.settle(people, rosters)
                status = 422 if form.errors else 200
                if do == "save" and not form.errors:
                    saved = await _save(connection, desk, form)
                    if saved is not None:
                        return saved
                    status = 409
        return await _page(connection, request, desk, (form, people, rosters), status)


async def _save(connection: Connection, desk: Desk, form: Form) -> HttpResponse | None:
    try:
        await store.save_tree(
            connection, desk.tenant, form.tree, form.version, actor=desk.actor.subject
        )
    except Changed:
        form.errors["name"] = _("Somebody else has changed this tree meanwhile. Open it again.")
        return None
    return forth(desk.url("trees"), "saved")


async def _page(
    connection: Connection,
    request: HttpRequest,
    desk: Desk,
    parts: tuple[Form, dict[str, str], dict[str, str]],
    status: int,
) -> HttpResponse:
    form, people, rosters = parts
    steps = form.steps(people, rosters)
    now = desk.broker.towns.clock(desk.tenant)
    callable_ = bool(form.tree.steps) and any(step.targets for step in form.tree.steps)
    heading = form.tree.name or _("New contact tree")
    context = {
        "heading": heading,
        "trail": rooms.trail(desk, TrailStep(_("Contact trees"), desk.url("trees")), heading),
        "fields": form.fields(),
        "steps": steps,
        "count": len(steps),
        "errors": form.faults(steps) if form.errors else [],
        "planned": await planned(connection, desk, form.tree, now) if callable_ else [],
        "now": now,
        "version": form.version,
        "back": desk.url("trees"),
        "delete_url": desk.url("tree-delete", tree=form.tree.id) if form.tree.id else "",
    }
    return rooms.shown(request, desk, "tree.html", context, status)


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def delete(request: HttpRequest, desk: Desk, tree: str) -> HttpResponse:
    """Delete a tree: the page names what happens, the button does it."""
    require_change(desk)
    back = desk.url("tree", tree=tree)
    async with transaction(desk.broker.pool) as connection:
        found, _version = await store.tree_of(connection, desk.tenant, tree)
    if request.method == "POST":
        try:
            async with transaction(desk.broker.pool) as connection:
                await store.delete_tree(connection, desk.tenant, tree, actor=desk.actor.subject)
        except InvalidCalling:
            text = _("A rule still calls this tree. Delete or change the rule first.")
            return rooms.refusal(request, desk, text, back)
        return forth(desk.url("trees"), "deleted")
    return rooms.confirm(
        request,
        desk,
        _("Delete: %(name)s") % {"name": found.name},
        _("Nobody is called by “%(name)s” any more. Calls that run go on.") % {"name": found.name},
        button=_("Delete “%(name)s”") % {"name": found.name},
        back=back,
    )
