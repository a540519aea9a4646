"""Clients: programs that ask for tokens. Their secret is shown once, made anew, revoked."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.accounts.access import NAMES
from tamamo.accounts.service import clients
from tamamo.accounts.service.clients import Program
from tamamo.accounts.service.errors import InvalidAccount, NoSuchAccount
from tamamo.accounts.tokens.scopes import TEXTS
from tamamo.kernel import time
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.identity import Role, grants
from tamamo.kernel.identity.errors import InvalidInput, NotThere
from tamamo.web.console import forms, frame, keys, roles
from tamamo.web.console.door import console
from tamamo.web.console.forms import Field
from tamamo.web.console.viewer import Viewer, broker_of


def state_of(program: Program) -> str:
    """Return `active`, `expired` or `revoked`."""
    if program.revoked_at is not None:
        return "revoked"
    over = program.expires_at is not None and program.expires_at <= time.now()
    return "expired" if over else "active"


@require_safe
@console()
async def listing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Keys of devices and clients with tokens."""
    found: dict[int, Program] = {}
    async with transaction(broker_of(request).pool) as connection:
        for tenant in viewer.tenants if viewer.tenants is not None else [None]:
            for program in await clients.listing(connection, tenant=tenant):
                found[program.id] = program
    devices = [
        (tenant, one, state, keys.state_label(state), soon)
        for tenant, one, state, soon in await keys.registered(request, viewer)
    ]
    context = {
        "devices": devices,
        "programs": [
            (program, state_of(program), keys.state_label(state_of(program)))
            for program in found.values()
        ],
        "may": viewer.keeps_whole or bool(viewer.kept),
    }
    return frame.show(request, viewer, "console/keys.html", context)


async def _find(connection: Connection, viewer: Viewer, client: str) -> Program:
    """Return a client the viewer may know. Raises Http404."""
    try:
        program = await clients.find(connection, client)
    except NoSuchAccount:
        raise Http404(client) from None
    if not viewer.whole and program.home_tenant not in viewer.towns:
        raise Http404(client)
    return program


def _keeps(viewer: Viewer, program: Program) -> bool:
    return viewer.keeps(program.home_tenant) if program.home_tenant else viewer.keeps_whole


def _url(client: str) -> str:
    return reverse("console:client", kwargs={"client": client})


@require_safe
@console()
async def page(request: HttpRequest, viewer: Viewer, client: str) -> HttpResponse:
    """One client with its roles."""
    async with transaction(broker_of(request).pool) as connection:
        program = await _find(connection, viewer, client)
        held = await roles.held(connection, viewer, program.subject, ended=True)
    texts = {
        "revoked": _("The client is revoked; its tokens are gone."),
        "given": _("The role was given. It counts from the next request on."),
        "taken": _("The role was taken away."),
    }
    done = request.GET.get("done", "")
    state = state_of(program)
    context = {
        "program": program,
        "state": state,
        "label": keys.state_label(state),
        "grants": roles.rows(held, viewer),
        "may": _keeps(viewer, program) and state == "active",
        "done": frame.Done(texts[done]) if done in texts else None,
    }
    return frame.show(request, viewer, "console/client.html", context)


def _fields(request: HttpRequest, viewer: Viewer) -> list[Field]:
    titles = frame.titles(request, viewer)
    towns = [(name, titles[name]) for name in viewer.towns if viewer.keeps(name)]
    kinds = [
        ("client-credentials", _("A program of its own (client credentials)")),
        ("authorization-code", _("Acts for people who sign in (authorization code with PKCE)")),
    ]
    given = [("", _("None: what is public"))]
    given += [(role.value, str(NAMES[role])) for role in (Role.DEVELOPER, Role.EDITOR)]
    scopes = [(name, str(text)) for name, text in TEXTS.items()]
    return [
        Field("tenant", _("Town"), "select", options=towns, required=True),
        Field("name", _("Name of the program"), required=True),
        Field("kind", _("Kind"), "select", options=kinds, required=True),
        Field("scopes", _("Its tokens may"), "checks", options=scopes, required=True),
        Field(
            "redirect_uris",
            _("Where answers go"),
            "area",
            help=_("Only for programs that act for people: https addresses, one a line."),
        ),
        Field("role", _("Role"), "select", options=given),
        Field("types", _("Entity types of the role"), "area", help=_("One a line; empty: all.")),
        Field("expires_at", _("Valid to"), "date", help=_("Empty: until it is revoked.")),
    ]


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def create(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Make a client; the answer shows its secret, this once."""
    fields = _fields(request, viewer)
    typed: Any = {"tenant": viewer.town or fields[0].options[0][0], "scopes": ["read"]}
    errors: forms.Errors = {}
    if request.method == "POST":
        typed = request.POST
        errors = forms.missing(fields, typed)
        expires_at = forms.day(typed.get("expires_at", ""), errors, "expires_at")
        if not errors:
            try:
                async with transaction(broker_of(request).pool) as connection:
                    program, secret = await clients.create(
                        connection,
                        viewer.actor,
                        typed["tenant"],
                        typed["name"],
                        kind=typed["kind"],
                        scopes=typed.getlist("scopes"),
                        redirect_uris=typed.get("redirect_uris", "").split(),
                        expires_at=expires_at,
                    )
                    await _give(connection, viewer, program, typed)
            except (InvalidAccount, InvalidInput, NotThere) as problem:
                errors = _said(problem)
            else:
                return _shown(request, viewer, program, secret)
    context = {
        "heading": _("Make a client"),
        "lead": _("A program that asks for tokens with a secret (OAuth 2)."),
        "fields": forms.filled(fields, typed, errors),
        "errors": errors,
        "button": _("Make the client"),
        "back": reverse("console:keys"),
    }
    return frame.show(request, viewer, "console/form.html", context, 422 if errors else 200)


async def _give(connection: Connection, viewer: Viewer, program: Program, typed: Any) -> None:
    if not typed.get("role"):
        return
    types = tuple(roles.iri_of(text) for text in typed.get("types", "").split())
    role, tenant = Role(typed["role"]), typed["tenant"]
    await grants.give(connection, viewer.actor, program.subject, tenant, role, types=types or None)


def _said(problem: InvalidAccount | InvalidInput | NotThere) -> forms.Errors:
    words = {
        "name": _("A client needs a name."),
        "redirect_uris": _("https addresses for programs that act for people; none for others."),
        "expires_at": _("The end lies in the past."),
        "types": _("A type is a short name or an IRI."),
        "scopes": _("At least one right."),
    }
    field = str(problem.extra.get("field", ""))
    return {field: words.get(field, problem.detail)}


def _shown(
    request: HttpRequest, viewer: Viewer, program: Program, secret: str | None
) -> HttpResponse:
    secrets = [(_("Client id"), program.client_id)]
    if secret is not None:
        secrets.append((_("Secret"), secret))
    use = ""
    if secret is not None and program.kind == "client-credentials":
        base = f"{request.scheme}://{request.get_host()}"
        use = (
            f"curl -u '{program.client_id}:{secret}' -d grant_type=client_credentials"
            f" {base}/oauth/token"
        )
    return keys.once(request, viewer, program.name, secrets, use=use, back=_url(program.client_id))


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def rotate(request: HttpRequest, viewer: Viewer, client: str) -> HttpResponse:
    """Give a client a new secret, after saying what that means."""
    errors: forms.Errors = {}
    async with transaction(broker_of(request).pool) as connection:
        program = await _find(connection, viewer, client)
    if request.method == "POST":
        try:
            async with transaction(broker_of(request).pool) as connection:
                secret = await clients.rotate(connection, viewer.actor, client)
        except InvalidAccount:
            errors = {"": _("This client has no secret, or was revoked.")}
        else:
            return _shown(request, viewer, program, secret)
    return frame.confirm(
        request,
        viewer,
        heading=_("A new secret for %(name)s") % {"name": program.name},
        consequence=_(
            "The old secret gives no tokens from now on; tokens there are work until they end."
        ),
        button=_("Make a new secret"),
        back=_url(client),
        errors=errors,
        status=409 if errors else 200,
    )


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def revoke(request: HttpRequest, viewer: Viewer, client: str) -> HttpResponse:
    """End a client and its tokens, after saying what that means."""
    async with transaction(broker_of(request).pool) as connection:
        program = await _find(connection, viewer, client)
        if request.method == "POST":
            await clients.revoke(connection, viewer.actor, client)
            return frame.forth(_url(client), "revoked")
    return frame.confirm(
        request,
        viewer,
        heading=_("Revoke %(name)s") % {"name": program.name},
        consequence=_(
            "Its tokens end within 5 seconds and it is given no new ones. This cannot be undone: "
            "it would have to be made anew."
        ),
        button=_("Revoke"),
        back=_url(client),
        facts=[(_("Tokens in force"), program.tokens)],
    )
