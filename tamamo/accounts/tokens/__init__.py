"""OAuth2 for programs: client credentials, authorization code with PKCE (django-oauth-toolkit).

The broker never comes here: it looks tokens up by their hash (tamamo.kernel.identity).
"""
