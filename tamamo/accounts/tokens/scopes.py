"""What a token may be limited to: the rights of tamamo.kernel.identity, and one town."""

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from oauth2_provider.scopes import BaseScopes

from tamamo.kernel.identity import Right

#: Scope → what the page that asks for consent says.
TEXTS: Final[dict[str, Promise]] = {
    Right.READ.value: _("Read the data that you may read"),
    Right.WRITE.value: _("Change the data that you may change"),
    Right.SUBSCRIBE.value: _("Be told when data changes"),
    Right.ADMINISTER.value: _("Administer what you may administer"),
}
#: `tenant:NAME`: the token counts in that town only.
TENANT: Final = "tenant:"


class _Texts(dict[str, Any]):
    """Texts of all scopes, those that name a town included."""

    def __missing__(self, scope: str) -> str:
        return str(_("Only in the town {name}")).format(name=scope.removeprefix(TENANT))


class Scopes(BaseScopes):
    """Scopes for django-oauth-toolkit."""

    def get_all_scopes(self) -> dict[str, Any]:
        """Return scope → text."""
        return _Texts(TEXTS)

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return the scopes a client may ask for; of towns, whichever it asks for.

        A town's scope takes away, it never gives: so none has to be refused.
        """
        if application is None:
            return list(TEXTS)
        asked = getattr(request, "scopes", None) or []
        towns = [scope for scope in asked if scope.startswith(TENANT) and len(scope) < 80]
        return [*application.scopes.split(), *towns]

    def get_default_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return what a client gets that asks for nothing: all it may have."""
        return ["read"] if application is None else str(application.scopes).split()
