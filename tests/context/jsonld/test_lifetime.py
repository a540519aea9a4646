"""How long a downloaded @context is fresh (clause 6.3.16, RFC 9111)."""

from datetime import UTC, datetime

import httpx
import pytest

from tamamo.context.jsonld import lifetime

NOW = datetime(2026, 6, 26, 8, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, lifetime.HEURISTIC_SECONDS),
        ({"Cache-Control": "public"}, lifetime.HEURISTIC_SECONDS),
        ({"Cache-Control": "max-age=300"}, 300),
        ({"Cache-Control": 'public, Max-Age="300"'}, 300),
        ({"Cache-Control": "max-age=300, s-maxage=60"}, 60),
        ({"Cache-Control": "max-age=300", "Age": "100"}, 200),
        ({"Cache-Control": "max-age=300", "Age": "soon"}, 300),
        ({"Cache-Control": "max-age=300", "Expires": "Fri, 26 Jun 2026 09:00:00 GMT"}, 300),
        ({"Cache-Control": "no-store"}, lifetime.LEAST_SECONDS),
        ({"Cache-Control": "private, no-cache"}, lifetime.LEAST_SECONDS),
        ({"Cache-Control": "max-age=0"}, lifetime.LEAST_SECONDS),
        ({"Cache-Control": "max-age=999999999"}, lifetime.LONGEST_SECONDS),
        ({"Expires": "Fri, 26 Jun 2026 09:00:00 GMT"}, 3600),
        ({"Expires": "Fri, 26 Jun 2026 09:00:00 -0000"}, 3600),
        ({"Expires": "Fri, 26 Jun 2026 07:00:00 GMT"}, lifetime.LEAST_SECONDS),
        ({"Expires": "0"}, lifetime.LEAST_SECONDS),
    ],
)
def test_what_the_server_says_holds(headers: dict[str, str], seconds: float) -> None:
    assert lifetime.seconds_of(httpx.Headers(headers), NOW) == seconds
