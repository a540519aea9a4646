"""Accounts: people's sign-in, second factor and sessions, and the tokens of programs (Django).

Local passwords, TOTP and OpenID Connect come from django-allauth, OAuth2 from
django-oauth-toolkit. What somebody may do is decided in tamamo.kernel.identity, not here.
"""
