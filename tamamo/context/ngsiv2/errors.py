"""Errors as NGSIv2 answers them: {"error", "description"} and its own names ("Error Responses")."""

from typing import Final

import orjson
from starlette.responses import Response

from tamamo.context import errors
from tamamo.kernel.errors import (
    Forbidden,
    PayloadTooLarge,
    Problem,
    RequestTimeout,
    Unauthorized,
    Unavailable,
)
from tamamo.kernel.towns.errors import (
    QuotaExceeded,
    StorageExceeded,
    TenantSuspended,
    TooManyRequests,
)


class Unprocessable(Problem):
    """The request does not suit the present state (422)."""

    status, title = 422, "Unprocessable"


class NotSupportedQuery(Problem):
    """The broker cannot resolve the geographical query (422)."""

    status, title = 422, "NotSupportedQuery"


class NotFound(Problem):
    """There is no such entity, attribute or type (404)."""

    status, title = 404, "NotFound"


#: Problem of the broker → status and `error` of NGSIv2; the first that fits counts.
_NAMES: Final[tuple[tuple[type[Problem], int, str], ...]] = (
    (Unprocessable, 422, "Unprocessable"),
    (NotSupportedQuery, 422, "NotSupportedQuery"),
    (NotFound, 404, "NotFound"),
    (errors.InvalidRequest, 400, "ParseError"),
    (errors.BadRequestData, 400, "BadRequest"),
    (errors.ResourceNotFound, 404, "NotFound"),
    (errors.NonexistentTenant, 404, "NotFound"),
    (errors.AlreadyExists, 422, "Unprocessable"),
    (errors.TooComplexQuery, 422, "NotSupportedQuery"),
    (errors.TooManyResults, 422, "NotSupportedQuery"),
    (errors.OperationNotSupported, 422, "NotSupportedQuery"),
    (errors.MethodNotAllowed, 405, "MethodNotAlowed"),  # spelled so in the specification
    (errors.NotAcceptable, 406, "NotAcceptable"),
    (errors.LengthRequired, 411, "ContentLengthRequired"),
    (RequestTimeout, 408, "RequestTimeout"),
    (PayloadTooLarge, 413, "RequestEntityTooLarge"),
    (errors.UnsupportedMediaType, 415, "UnsupportedMediaType"),
    (Unauthorized, 401, "Unauthorized"),
    (Forbidden, 403, "Forbidden"),
    (TenantSuspended, 403, "Forbidden"),
    (QuotaExceeded, 403, "Forbidden"),
    (TooManyRequests, 429, "TooManyRequests"),
    (StorageExceeded, 507, "InsufficientStorage"),
    (Unavailable, 503, "ServiceUnavailable"),
)


def name(problem: Problem) -> tuple[int, str]:
    """Return status and `error` of a problem."""
    for kind, status, error in _NAMES:
        if isinstance(problem, kind):
            return status, error
    return 500, "InternalServerError"


def answer(problem: Problem, headers: dict[str, str]) -> Response:
    """Return the answer for a problem."""
    status, error = name(problem)
    out = {**problem.headers, **headers}
    if isinstance(problem, Unavailable):
        out["Retry-After"] = "1"
    payload = {"error": error, "description": problem.detail or problem.title}
    return Response(orjson.dumps(payload), status, out, "application/json")
