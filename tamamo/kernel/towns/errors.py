"""What is refused because of a town's state, its limits or an agreement's rules."""

from tamamo.kernel.errors import Problem

_PROBLEMS = "https://tamamo.example/problems/"


class NoSuchTown(Problem):
    """There is no tenant of this name (404)."""

    status, type, title = 404, _PROBLEMS + "no-such-tenant", "No such tenant"


class TownExists(Problem):
    """A tenant of this name, or with this code, is there already (409)."""

    status, type, title = 409, _PROBLEMS + "tenant-exists", "Tenant already exists"


class TenantSuspended(Problem):
    """The operator has suspended the tenant: nothing of it is read or written (403)."""

    status, type, title = 403, _PROBLEMS + "tenant-suspended", "Tenant suspended"


class QuotaExceeded(Problem):
    """The tenant has as many entities as it may (403). extra: tenant, quota, limit, used."""

    status, type, title = 403, _PROBLEMS + "quota-exceeded", "Quota exceeded"


class StorageExceeded(Problem):
    """The tenant has used up its storage (507, RFC 4918). extra: tenant, quota, limit, used."""

    status, type, title = 507, _PROBLEMS + "storage-exceeded", "Storage used up"


class TooManyRequests(Problem):
    """More requests than the limit allows (429, RFC 6585). extra: limit, seconds."""

    status, type, title = 429, _PROBLEMS + "too-many-requests", "Too many requests"


class NoSuchAgreement(Problem):
    """There is no agreement of this id that this town has a part in (404)."""

    status, type, title = 404, _PROBLEMS + "no-such-agreement", "No such agreement"


class AgreementRefused(Problem):
    """The state of the agreement, or who asks, does not allow this (409).

    extra["why"], where it is about signing or ending: state, signed, both, lapsed (extra["side"]:
    whose signer may not sign any more).
    """

    status, type, title = 409, _PROBLEMS + "agreement-refused", "Agreement refused"


class InvalidAgreement(Problem):
    """Some terms cannot be so (422). extra["errors"]: [{"field", "code", "detail"}]."""

    status, type, title = 422, _PROBLEMS + "invalid-agreement", "Invalid agreement"
