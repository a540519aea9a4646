"""Users: made, invited, switched off and on, their second factor reset."""

from collections.abc import Sequence
from typing import Any

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tamamo.accounts.access import NAMES
from tamamo.accounts.service import mails, users
from tamamo.accounts.service.errors import AccountExists, InvalidAccount, NoSuchAccount
from tamamo.accounts.service.users import Person
from tamamo.kernel import audit
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.towns import DEFAULT
from tamamo.web.console import forms, frame, lists, roles
from tamamo.web.console.door import console
from tamamo.web.console.forms import Field
from tamamo.web.console.viewer import Viewer, broker_of

_logger = structlog.get_logger()


@require_safe
@console()
async def listing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """People of the towns the viewer sees, or with a role there."""
    text = request.GET.get("q", "")
    start = lists.whole(request.GET.get("after", "")) or 0
    found: dict[int, Person] = {}
    async with transaction(broker_of(request).pool) as connection:
        for tenant in viewer.tenants if viewer.tenants is not None else [None]:
            for person in await users.listing(
                connection, tenant=tenant, text=text, after=start, limit=lists.PAGE + 1
            ):
                found[person.id] = person
        held = await roles.held(connection, viewer)
        people = [found[number] for number in sorted(found)]
        shown = people[: lists.PAGE]
        await _log_reads(connection, viewer, shown, "console.users")
    by: dict[str, list[str]] = {}
    for one in held:
        by.setdefault(one.subject, []).append(str(NAMES[one.role]))
    more = len(people) > lists.PAGE
    context = {
        "rows": [
            (person, ", ".join(dict.fromkeys(by.get(person.subject, ())))) for person in shown
        ],
        "q": text,
        "pager": lists.Pager(
            lists.address(request, after=None) if start else "",
            lists.address(request, after=str(shown[-1].id)) if more else "",
        ),
    }
    return frame.show(request, viewer, "console/users.html", context)


async def _log_reads(
    connection: Connection, viewer: Viewer, people: Sequence[Person], purpose: str
) -> None:
    """Note whose names and addresses somebody is shown, but for their own."""
    by: dict[str, list[str]] = {}
    for person in people:
        if person.subject != viewer.actor.subject:
            by.setdefault(person.home_tenant or DEFAULT, []).append(person.subject)
    for tenant, subjects in by.items():
        await audit.personal_read(
            connection, tenant=tenant, actor=viewer.actor.subject, objects=subjects,
            purpose=purpose, fields=("name", "email"),
        )  # fmt: skip


async def _find(connection: Connection, viewer: Viewer, number: int) -> Person:
    """Return a person the viewer may know. Raises Http404."""
    try:
        person = await users.find(connection, number)
    except NoSuchAccount:
        raise Http404(number) from None
    known = viewer.whole or person.home_tenant in viewer.towns
    if not known and not await roles.held(connection, viewer, person.subject, ended=True):
        raise Http404(number)
    return person


def _keeps(viewer: Viewer, person: Person) -> bool:
    """Whether the viewer may act on an account: an operator of its town."""
    if person.home_tenant is None:
        return viewer.keeps_whole
    return viewer.keeps(person.home_tenant)


def _url(number: int) -> str:
    return reverse("console:user", kwargs={"number": number})


def _done(request: HttpRequest, number: int) -> frame.Done | None:
    texts = {
        "created": _("The account was made."),
        "invited": _("The account was made, and a mail with a link to set the password was sent."),
        "unsent": _("The account is there, but no mail could be sent: set up the mail server."),
        "resent": _("A mail with a link to set the password was sent."),
        "given": _("The role was given. It counts from the next request on."),
        "taken": _("The role was taken away."),
        "off": _("The account is switched off and signed out everywhere."),
        "on": _("The account is switched on."),
        "reset": _("The second factor is reset."),
        "ended": _("Signed out everywhere."),
    }
    done = request.GET.get("done", "")
    if done not in texts:
        return None
    undo = {"off": "console:user-on", "on": "console:user-off"}.get(done)
    url = reverse(undo, kwargs={"number": number}) if undo == "console:user-on" else ""
    return frame.Done(texts[done], "warning" if done == "unsent" else "success", url)


@require_safe
@console()
async def page(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """One person with their roles."""
    async with transaction(broker_of(request).pool) as connection:
        person = await _find(connection, viewer, number)
        found = await roles.held(connection, viewer, person.subject, ended=True)
        await _log_reads(connection, viewer, [person], "console.user")
    context = {
        "person": person,
        "grants": roles.rows(found, viewer),
        "may": _keeps(viewer, person),
        "own": viewer.actor.user_id == number,
        "give": viewer.keeps_whole or bool(viewer.kept),
        "done": _done(request, number),
    }
    return frame.show(request, viewer, "console/user.html", context)


def _fields(request: HttpRequest, viewer: Viewer) -> list[Field]:
    titles = frame.titles(request, viewer)
    homes = [(name, titles[name]) for name in viewer.towns if viewer.keeps(name)]
    if viewer.keeps_whole:
        homes.append(("*", _("No town: the installation")))
    return [
        Field("email", _("E-mail"), "email", required=True, help=_("Used to sign in.")),
        Field("name", _("Name"), required=True),
        Field("language", _("Language"), "select", options=[("ja", "日本語"), ("en", "English")]),
        Field("home", _("Belongs to"), "select", options=homes, required=True),
        Field(
            "password",
            _("First password"),
            "password",
            help=_("At least 10 characters. Empty: a mail with a link to choose one is sent."),
        ),
    ]


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def create(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Make an account, with a first password or an invitation."""
    fields = _fields(request, viewer)
    typed: Any = {"language": "ja", "home": viewer.town or fields[3].options[0][0]}
    errors: forms.Errors = {}
    if request.method == "POST":
        typed = request.POST
        errors = forms.missing(fields, typed)
        if not errors:
            try:
                number = await _create(request, viewer)
            except (InvalidAccount, AccountExists) as problem:
                errors = _said(problem)
            else:
                done = "created" if typed.get("password") else await _invite(number)
                return frame.forth(_url(number), done)
    context = {
        "heading": _("Make an account"),
        "lead": _("Without a role people read what is public. Roles are given on the next page."),
        "fields": forms.filled(fields, typed, errors),
        "errors": errors,
        "button": _("Make the account"),
        "back": reverse("console:users"),
    }
    return frame.show(request, viewer, "console/form.html", context, 422 if errors else 200)


async def _create(request: HttpRequest, viewer: Viewer) -> int:
    typed = request.POST
    home = typed["home"]
    async with transaction(broker_of(request).pool) as connection:
        return await users.create(
            connection,
            viewer.actor,
            typed["email"],
            typed["name"],
            language=typed.get("language") or "ja",
            home_tenant=None if home == "*" else home,
            password=typed.get("password") or None,
        )


async def _invite(number: int) -> str:
    """Send the link; say what came of it: the account is there in any case."""
    try:
        await mails.invite(number)
    except OSError as error:  # SMTPException is one
        _logger.warning("invitation_not_sent", user=number, error=type(error).__name__)
        return "unsent"
    return "invited"


def _said(problem: InvalidAccount | AccountExists) -> forms.Errors:
    field = str(problem.extra.get("field", ""))
    words = {
        "email": _("This is no e-mail address."),
        "password": _("A password has at least 10 characters."),
        "language": _("Japanese or English."),
        "id": _("Nobody switches off the own account."),
    }
    if isinstance(problem, AccountExists):
        return {"email": _("There is an account with this e-mail address already.")}
    return {field: words.get(field, problem.detail)}


#: Act → (function, done).
_ACTS = {
    "off": (users.switch_off, "off"),
    "on": (users.switch_on, "on"),
    "second-factor": (users.reset_second_factor, "reset"),
    "sessions": (users.end_sessions, "ended"),
}


async def _act(request: HttpRequest, viewer: Viewer, number: int, name: str) -> HttpResponse:
    act, done = _ACTS[name]
    async with transaction(broker_of(request).pool) as connection:
        await _find(connection, viewer, number)
        await act(connection, viewer.actor, number)
    return frame.forth(_url(number), done)


@require_POST
@console(acts=True)
async def on(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """Switch an account on."""
    return await _act(request, viewer, number, "on")


@require_POST
@console(acts=True)
async def off(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """Switch an account off; undone by switching it on."""
    try:
        return await _act(request, viewer, number, "off")
    except InvalidAccount as problem:
        context = {"heading": _("You may not do this"), "text": " ".join(_said(problem).values())}
        return frame.show(request, viewer, "console/refused.html", context, 422)


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def second_factor(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """Remove a second factor, after saying what that means."""
    return await _confirmed(
        request,
        viewer,
        number,
        "second-factor",
        _("Reset the second factor"),
        _(
            "The password alone signs in until a new one is set up, and all sessions end. Make "
            "sure that it is really this person who asks. This cannot be undone."
        ),
    )


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def sessions(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """Sign somebody out everywhere, after saying what that means."""
    return await _confirmed(
        request,
        viewer,
        number,
        "sessions",
        _("Sign out everywhere"),
        _("All sessions and tokens of this person end at once; what was not sent yet is lost."),
    )


async def _confirmed(
    request: HttpRequest, viewer: Viewer, number: int, name: str, *texts: str
) -> HttpResponse:
    if request.method == "POST":
        return await _act(request, viewer, number, name)
    async with transaction(broker_of(request).pool) as connection:
        person = await _find(connection, viewer, number)
    heading, consequence = texts
    facts = [(_("Name"), person.name), (_("E-mail"), person.email)]
    return frame.confirm(
        request,
        viewer,
        heading=heading,
        consequence=consequence,
        button=heading,
        back=_url(number),
        facts=facts,
    )


@require_POST
@console(acts=True)
async def invite(request: HttpRequest, viewer: Viewer, number: int) -> HttpResponse:
    """Send the link with which a password is chosen, again."""
    async with transaction(broker_of(request).pool) as connection:
        person = await _find(connection, viewer, number)
    if not _keeps(viewer, person):
        raise Http404(number)
    sent = await _invite(number)
    return frame.forth(_url(number), "resent" if sent == "invited" else sent)
