"""The errors of the NGSI-LD API (clause 5.5.2, table 6.3.2-1), as problem details."""

from tamamo.kernel.errors import Problem

_ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"


class BadRequestData(Problem):
    """The content does not follow the data model or the query language (400)."""

    status, type, title = 400, _ERRORS + "BadRequestData", "Bad request data"


class InvalidRequest(Problem):
    """The request is not well formed: no JSON, an unknown parameter, a missing one (400)."""

    status, type, title = 400, _ERRORS + "InvalidRequest", "Invalid request"


class AlreadyExists(Problem):
    """An element with this identifier is there already (409)."""

    status, type, title = 409, _ERRORS + "AlreadyExists", "Already exists"


class ResourceNotFound(Problem):
    """There is no such entity, attribute or other resource (404)."""

    status, type, title = 404, _ERRORS + "ResourceNotFound", "Resource not found"


class NonexistentTenant(Problem):
    """No tenant of this name exists (404, clause 6.3.14)."""

    status, type, title = 404, _ERRORS + "NonexistentTenant", "Nonexistent tenant"


class OperationNotSupported(Problem):
    """The broker cannot do this (422)."""

    status, type, title = 422, _ERRORS + "OperationNotSupported", "Operation not supported"


class TooComplexQuery(Problem):
    """The query is beyond what the broker evaluates (403)."""

    status, type, title = 403, _ERRORS + "TooComplexQuery", "Too complex query"


class TooManyResults(Problem):
    """The query would return more than the broker gives at once (403)."""

    status, type, title = 403, _ERRORS + "TooManyResults", "Too many results"


class LdContextNotAvailable(Problem):
    """A remote @context cannot be had (504)."""

    status, type, title = 504, _ERRORS + "LdContextNotAvailable", "JSON-LD context not available"


class Conflict(Problem):
    """The operation conflicts with the current state of the system (409)."""

    status, type, title = 409, _ERRORS + "Conflict", "Conflict"


class InternalError(Problem):
    """Something failed that the client cannot mend (500)."""

    status, type, title = 500, _ERRORS + "InternalError", "Internal error"


class MethodNotAllowed(Problem):
    """The resource does not answer to this method (405); the Allow header names those it does."""

    status, type, title = 405, _ERRORS + "InvalidRequest", "Method not allowed"


class NotAcceptable(Problem):
    """None of the media types asked for can be given (406)."""

    status, type, title = 406, _ERRORS + "InvalidRequest", "Not acceptable"


class UnsupportedMediaType(Problem):
    """The body's media type is not JSON, JSON-LD or merge patch (415)."""

    status, type, title = 415, _ERRORS + "InvalidRequest", "Unsupported media type"


class LengthRequired(Problem):
    """A body came without Content-Length (411)."""

    status, type, title = 411, _ERRORS + "InvalidRequest", "Length required"


class LoopDetected(Problem):
    """Registrations lead back to this broker (508, clause 6.3.17)."""

    status, type, title = 508, _ERRORS + "InternalError", "Loop detected"


class BadGateway(Problem):
    """The only context source that has the data did not do what was asked (502, clause 6.3.17)."""

    status, type, title = 502, _ERRORS + "InternalError", "Bad gateway"


class GatewayTimeout(Problem):
    """The only context source that has the data did not answer in time (504, clause 6.3.17)."""

    status, type, title = 504, _ERRORS + "InternalError", "Gateway timeout"
