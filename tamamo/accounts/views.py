"""Pages of our own beside the libraries': my account, sessions and programs; signing in."""

from typing import Any

from allauth.account.views import LoginView
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from oauth2_provider.models import AccessToken, Grant, RefreshToken

from tamamo.accounts import records
from tamamo.accounts.access import NAMES, signed_in
from tamamo.accounts.models import Client, User
from tamamo.accounts.requests import broker_of


class Login(LoginView):
    """The sign-in page, with the providers of HOME/oidc.toml."""

    def get_form(self, form_class: Any = None) -> Any:
        """Return the form; the way to a new password stands below it, as large as a finger."""
        form = super().get_form(form_class)
        form.fields["password"].help_text = ""
        return form

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the template shows."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        known = settings.OIDC_PROVIDERS.items()
        providers = [{"id": key, "name": one.name} for key, one in known]
        return {
            **context,
            "providers": providers,
            "sign_up_is_open": settings.INSTALLATION.sign_up,
        }


login = Login.as_view()


class Profile(forms.ModelForm):  # type: ignore[type-arg]
    """What somebody may change about their own account."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language of mail"), choices=[("ja", "日本語"), ("en", "English")]
    )

    class Meta:
        """Fields of a user."""

        model = User
        fields = ("name", "language")


@signed_in
def index(request: HttpRequest) -> HttpResponse:
    """Show and change one's own account."""
    person: User = request.user  # type: ignore[assignment]
    before = {"name": person.name, "language": person.language}
    form = Profile(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            records.note(person, "user.change", before=before, after=dict(form.cleaned_data))
        messages.success(request, _("Saved."))
        return redirect("account_index")
    actor = request.actor  # type: ignore[attr-defined]
    context = {
        "person": person,
        "form": form,
        "roles": [(NAMES[grant.role], _place(request, grant.tenant)) for grant in actor.grants],
        "town": _place(request, person.home_tenant or ""),
        "second_factor": Authenticator.objects.filter(user=person, type="totp").exists(),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "account/index.html", context, status=status)


def _place(request: HttpRequest, tenant: str) -> str:
    """Return what a tenant is called."""
    from django.utils.translation import get_language  # noqa: PLC0415

    here = getattr(request, "town", None)
    known = broker_of(request).towns
    town = here if here is not None and here.name == tenant else known.get(tenant)
    return str(town.title(get_language())) if town is not None else tenant


@signed_in
def sessions(request: HttpRequest) -> HttpResponse:
    """Show where somebody is signed in and which programs act for them; end any of it."""
    person: User = request.user  # type: ignore[assignment]
    if request.method == "POST":
        if "end" in request.POST:
            _end(request, person, request.POST["end"])
        elif "program" in request.POST:
            forbid(person, request.POST["program"])
            messages.success(request, _("The program can no longer act for you."))
        return redirect("account_sessions")
    there = sorted(UserSession.objects.purge_and_list(person), key=lambda one: one.last_seen_at)
    context = {
        "sessions": there[::-1],
        "others": len(there) > 1,
        "programs": _programs(person),
    }
    return render(request, "account/sessions.html", context)


def _programs(person: User) -> list[Client]:
    """Return the programs that have a token for a person."""
    held: set[int] = set()
    for kind in (AccessToken, RefreshToken):
        held |= set(kind.objects.filter(user=person).values_list("application", flat=True))
    return list(Client.objects.filter(pk__in=held).order_by("name"))


def _end(request: HttpRequest, person: User, which: str) -> None:
    """End one session of a person, or all but the one that asks."""
    chosen = UserSession.objects.filter(user=person).exclude(
        session_key=request.session.session_key
    )
    if which != "others":
        chosen = (
            chosen.filter(pk=which)
            if which.isascii() and which.isdecimal() and len(which) < 19
            else chosen.none()
        )
    with transaction.atomic():
        ended = [one.end() for one in chosen]
        if ended:
            records.note(person, "session.end", after={"count": len(ended)})
    messages.success(request, _("Ended."))


def forbid(person: User, client_id: str) -> None:
    """Take back what somebody allowed a program: its tokens for them are void."""
    with transaction.atomic():
        held = {"user": person, "application__client_id": client_id}
        counts = [kind.objects.filter(**held).delete()[0] for kind in (Grant, RefreshToken)]
        counts.append(AccessToken.objects.filter(**held).delete()[0])
        if any(counts):
            records.note(person, "user.forbid", after={"client": client_id})
