"""Addresses of the account pages (in both languages) and of what programs use (in none)."""

from django.urls import URLPattern, path, re_path

from tamamo.accounts.pages import page

_LIBRARY = "allauth.account.views"
_FACTOR = "allauth.mfa"

#: Japanese without a prefix, English under /en/.
urlpatterns: list[URLPattern] = [
    path("account/", page("tamamo.accounts.views.index"), name="account_index"),
    path("account/sessions/", page("tamamo.accounts.views.sessions"), name="account_sessions"),
    path("account/login/", page("tamamo.accounts.views.login", limited=True), name="account_login"),
    path("account/logout/", page(f"{_LIBRARY}.logout"), name="account_logout"),
    path("account/signup/", page(f"{_LIBRARY}.signup", limited=True), name="account_signup"),
    path("account/inactive/", page(f"{_LIBRARY}.account_inactive"), name="account_inactive"),
    path(
        "account/reauthenticate/", page(f"{_LIBRARY}.reauthenticate"), name="account_reauthenticate"
    ),
    path(
        "account/confirm-email/",
        page(f"{_LIBRARY}.email_verification_sent"),
        name="account_email_verification_sent",
    ),
    re_path(
        r"^account/confirm-email/(?P<key>[-:\w]+)/$",
        page(f"{_LIBRARY}.confirm_email"),
        name="account_confirm_email",
    ),
    path(
        "account/password/change/",
        page(f"{_LIBRARY}.password_change"),
        name="account_change_password",
    ),
    path("account/password/set/", page(f"{_LIBRARY}.password_set"), name="account_set_password"),
    path(
        "account/password/reset/",
        page(f"{_LIBRARY}.password_reset", limited=True),
        name="account_reset_password",
    ),
    path(
        "account/password/reset/done/",
        page(f"{_LIBRARY}.password_reset_done"),
        name="account_reset_password_done",
    ),
    re_path(
        r"^account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        page(f"{_LIBRARY}.password_reset_from_key", limited=True),
        name="account_reset_password_from_key",
    ),
    path(
        "account/password/reset/key/done/",
        page(f"{_LIBRARY}.password_reset_from_key_done"),
        name="account_reset_password_from_key_done",
    ),
    path("account/2fa/", page(f"{_FACTOR}.base.views.index"), name="mfa_index"),
    path(
        "account/2fa/code/",
        page(f"{_FACTOR}.base.views.authenticate", limited=True),
        name="mfa_authenticate",
    ),
    path(
        "account/2fa/reauthenticate/",
        page(f"{_FACTOR}.base.views.reauthenticate"),
        name="mfa_reauthenticate",
    ),
    path(
        "account/2fa/totp/", page(f"{_FACTOR}.totp.views.activate_totp"), name="mfa_activate_totp"
    ),
    path(
        "account/2fa/totp/off/",
        page(f"{_FACTOR}.totp.views.deactivate_totp"),
        name="mfa_deactivate_totp",
    ),
    path(
        "account/2fa/recovery-codes/",
        page(f"{_FACTOR}.recovery_codes.views.view_recovery_codes"),
        name="mfa_view_recovery_codes",
    ),
    path(
        "account/2fa/recovery-codes/new/",
        page(f"{_FACTOR}.recovery_codes.views.generate_recovery_codes"),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "account/2fa/recovery-codes/download/",
        page(f"{_FACTOR}.recovery_codes.views.download_recovery_codes"),
        name="mfa_download_recovery_codes",
    ),
    path(
        "account/with/new/",
        page("allauth.socialaccount.views.signup", limited=True),
        name="socialaccount_signup",
    ),
    path(
        "account/with/cancelled/",
        page("allauth.socialaccount.views.login_cancelled"),
        name="socialaccount_login_cancelled",
    ),
    path(
        "account/with/<slug:provider_id>/",
        page("tamamo.accounts.oidc.views.login"),
        name="openid_connect_login",
    ),
    path("oauth/authorize", page("tamamo.accounts.tokens.views.authorize"), name="oauth_authorize"),
]

#: The same address in every language: providers and programs keep them.
everywhere: list[URLPattern] = [
    path(
        "account/with/<slug:provider_id>/back/",
        page("tamamo.accounts.oidc.views.callback"),
        name="openid_connect_callback",
    ),
    path(
        "oauth/token", page("tamamo.accounts.tokens.views.token", program=True), name="oauth_token"
    ),
    path(
        "oauth/revoke",
        page("tamamo.accounts.tokens.views.revoke", program=True),
        name="oauth_revoke",
    ),
    path(
        "oauth/introspect",
        page("tamamo.accounts.tokens.views.introspect", program=True),
        name="oauth_introspect",
    ),
    path(
        ".well-known/oauth-authorization-server",
        page("tamamo.accounts.tokens.views.metadata", program=True),
        name="oauth_metadata",
    ),
]
