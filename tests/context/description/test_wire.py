"""Over the wire: whatever is sent, the APIs answer as described, and never with a failure.

SCHEMATHESIS_EXAMPLES: right requests for each operation; half as many wrong ones come with them.
"""

import os
import socket
from urllib.parse import urlsplit

import pytest

from tamamo.context.description.document import DOORS, Door
from tests.context.description import fuzz

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "2"))


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_answers_are_as_described(server: str, door: Door) -> None:
    faults = []
    sent = 0
    for label, made in fuzz.cases(door, EXAMPLES, -(-EXAMPLES // 2)):
        sent += len(made)
        found = [fault for case in made if (fault := fuzz.fault(case, server + door.prefix))]
        faults += [f"{label}: {fault}" for fault in found]
    assert not faults, "\n\n".join(faults[:10])
    assert sent > 2 * len(door.about), "requests were made for most operations"


JSON = "\nContent-Type: application/json"
#: Requests as bytes (host and version are added) → the status answered.
RAW = {
    # Bodies and their length.
    f"POST /ngsi-ld/v1/entities{JSON}\n": 411,
    f"POST /v2/entities{JSON}\n": 411,
    f"POST /ngsi-ld/v1/entities{JSON}\nContent-Length: 0\n": 400,
    f"POST /ngsi-ld/v1/entities{JSON}\nContent-Length: 2\n\n{{}}": 400,
    "POST /ngsi-ld/v1/entities\nContent-Length: 2\n\n{}": 400,
    "POST /ngsi-ld/v1/entities\nContent-Type: text/html\nContent-Length: 2\n\n{}": 415,
    f"POST /v2/entities{JSON}\nTransfer-Encoding: chunked\n\n0\r\n\r\n": 411,
    f"POST /ngsi-ld/v1/entities{JSON}\nContent-Length: 999999999999\n": 413,
    # Encodings of paths.
    "GET /ngsi-ld/v1/entities/urn%3Angsi-ld%3ARoom%3Anone": 404,
    "GET /ngsi-ld/v1/entities/urn:x:%00": 400,
    "GET /ngsi-ld/v1/entities/urn:x:%ff%fe": 404,
    "GET /ngsi-ld/v1/entities/urn:x:%zz": 404,
    "GET /ngsi-ld/v1/entities/urn:x:1%2F..%2F..%2Fetc": 404,
    "GET /ngsi-ld/v1/entities/../entities": 404,
    "GET /ngsi-ld/v1//entities": 400,
    "GET /ngsi-ld/v1/types/%00": 400,
    "GET /ngsi-ld/v1/attributes/https%3A%2F%2Fexample.org%2Fwarm": 404,
    "GET /v2/entities/a%00b": 400,
    "GET /v2/entities/%E6%9D%B1": 404,
    "GET /v2/entities/%ff": 404,
    "GET /v2/entities/a%2Fb": 400,
    # Parameters.
    "GET /ngsi-ld/v1/entities?type=%ff&local=true": 400,
    "GET /ngsi-ld/v1/entities?type=Room&type=Hall": 400,
    "GET /ngsi-ld/v1/entities?type=Room&&local=true&": 200,
    "GET /ngsi-ld/v1/entities?q=a%00b": 400,
    "GET /ngsi-ld/v1/entities?limit=%2B5&type=Room": 400,
    "GET /v2/entities?type=a+b": 400,
    "GET /v2/entities?=": 400,
    # Headers.
    "GET /v2/entities\nFiware-Service: \xff\xfe": 200,
    "GET /ngsi-ld/v1/types\nNGSILD-Tenant: \xff": 404,
    "GET /ngsi-ld/v1/types\nLink: <<>>;;": 200,
    "GET /ngsi-ld/v1/types\nAccept: ;;;,,": 406,
    'GET /ngsi-ld/v1/types\nPrefer: "': 200,
    # No such thing.
    "GET /ngsi-ld/v1": 404,
    "GET /ngsi-ld/v2/entities": 404,
    "FETCH /ngsi-ld/v1/entities": 405,
}


def test_odd_requests_are_answered_with_their_error(server: str) -> None:
    found = {}
    for request, status in RAW.items():
        answer = _ask(server, request)
        if answer != status:
            found[request] = (answer, status)
    assert not found


def _ask(server: str, request: str) -> int:
    """Send a request as it stands and return the status of the answer."""
    head, _, body = request.partition("\n\n")
    line, *headers = head.strip("\n").split("\n")
    lines = [f"{line} HTTP/1.1", "Host: broker.test", "Connection: close", *headers]
    parts = urlsplit(server)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", body]).encode("latin-1"))
        answer = connection.makefile("rb").readline()
    return int(answer.split(b" ")[1])
