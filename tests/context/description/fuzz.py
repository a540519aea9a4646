"""Requests made from the description of an API, right ones and wrong ones, and their answers."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tamamo.context.description import document
from tamamo.context.description.document import Door

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


#: Few, so that one request meets what another made.
IDS = ["urn:ngsi-ld:Room:1", "urn:ngsi-ld:Room:2"]
POOLS = {
    "id": IDS,
    "attr": ["name", "location", "https%3A%2F%2Fexample.org%2Fwarm", "é%", "a%20b"],
    "type": ["Room", "https%3A%2F%2Fexample.org%2FRoom"],
    "instance": ["urn:ngsi-ld:Instance:1"],
}
#: What tenants, snapshots and @contexts chance would make is not wanted.
LEFT_OUT = {"Link", "NGSILD-Tenant", "NGSILD-Snapshot", "Fiware-Service"}


def _described(door: Door) -> dict[str, Any]:
    """Return the description, with arrays short enough to be made quickly, and few ids."""
    described: dict[str, Any] = orjson.loads(orjson.dumps(document.build(door)))
    for schema in _schemas(described):
        if "items" in schema:
            schema["maxItems"] = min(schema.get("maxItems", 2), 2)
        known = schema.get("properties", {})
        if isinstance(schema.get("additionalProperties"), dict):
            schema["propertyNames"] = {"enum": [*known, "a", "b", "name"]}
        if known.get("id", {}).get("type") == "string":
            known["id"] = {"type": "string", "enum": IDS}
            if "const" not in known.get("type", {}):
                known["type"] = {"type": "string", "enum": ["Room"]}
        # No server is asked for a @context at an address that chance made.
        known.pop("jsonldContext", None)
    for methods in described["paths"].values():
        for operation in methods.values():
            kept = [one for one in operation["parameters"] if one["name"] not in LEFT_OUT]
            operation["parameters"] = kept
            for one in kept:
                if one["in"] == "path":
                    one["schema"]["enum"] = POOLS[one["name"]]
                elif "example" in one:
                    one["schema"] = {"anyOf": [one["schema"], {"enum": [one["example"]]}]}
    return described


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from _schemas(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _schemas(inner)


def cases(door: Door, right: int, wrong: int) -> Iterator[tuple[str, list[Case]]]:
    """Yield each operation's name with requests for it; the same ones each time."""
    schema = schemathesis.openapi.from_dict(_described(door))
    for found in schema.get_all_operations():
        operation = found.ok()
        made: list[Case] = []
        for mode, count in ((GenerationMode.POSITIVE, right), (GenerationMode.NEGATIVE, wrong)):
            if not count:
                continue

            @seed(20260101)
            @settings(
                max_examples=count,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
            )
            @given(operation.as_strategy(generation_mode=mode))
            def note(case: Case) -> None:
                made.append(case)  # noqa: B023 - called before the next turn

            # Of some operations no request can be wrong.
            with suppress(Unsatisfiable):
                note()
        yield operation.label, made


def fault(case: Case, base: str) -> str | None:
    """Send a request; return what is wrong with its answer, None when nothing is."""
    response = case.call(base_url=base, timeout=20)
    try:
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as group:
        command = case.as_curl_command()
        told = "; ".join(str(one) for one in group.exceptions)
        return f"{told}\n  {command[:1500]}\n  → {response.status_code} {response.text[:300]}"
    return None
