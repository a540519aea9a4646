"""What can be wrong with an act on accounts and clients."""

from tamamo.kernel.errors import Problem

_PROBLEMS = "https://tamamo.example/problems/"


class InvalidAccount(Problem):
    """A value cannot be so (422). extra: field, code."""

    status, type, title = 422, _PROBLEMS + "invalid-account", "Invalid value"


class AccountExists(Problem):
    """There is an account with this e-mail already (409). extra: field."""

    status, type, title = 409, _PROBLEMS + "account-exists", "Account already exists"


class NoSuchAccount(Problem):
    """There is no such account or client where the actor may look (404)."""

    status, type, title = 404, _PROBLEMS + "no-such-account", "No such account"
