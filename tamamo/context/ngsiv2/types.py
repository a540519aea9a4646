"""/v2/types (NGSIv2, "Types"): the entity types of a tenant, their attributes and counts."""

from typing import Any

from starlette.responses import Response

from tamamo.context.jsonld import TermMap
from tamamo.context.ngsiv2 import attributes, http, names, query
from tamamo.context.ngsiv2.errors import NotFound
from tamamo.context.ngsiv2.http import Call
from tamamo.kernel import sql
from tamamo.kernel.database import searching

_SQL = sql.load(__package__ or "")


async def list_types(call: Call) -> Response:
    """List Entity Types (GET /v2/types)."""
    page = query.read_page(call.params, count="count" in call.options)
    found = await call.broker.discovery.types(call.tenant)
    by_name = sorted((names.name_of(iri, call.terms), iri) for iri in found)
    shown = by_name[page.offset : page.offset + page.limit]
    counted = {"Fiware-Total-Count": str(len(by_name))} if page.count else {}
    if "values" in call.options:
        return http.answer(call, [name for name, _ in shown], counted)
    details = await _describe(call, [iri for _, iri in shown])
    payload = [{"type": name, **details[iri]} for name, iri in shown]
    return http.answer(call, payload, counted)


async def retrieve_type(call: Call) -> Response:
    """Retrieve entity information for a given type (GET /v2/types/{type})."""
    iri = names.type_iri(call.path["type"], call.terms, "type")
    described = (await _describe(call, [iri]))[iri]
    if described["count"] == 0:
        raise NotFound(f"There is no entity of type {call.path['type']}")
    return http.answer(call, described)


async def _describe(call: Call, iris: list[str]) -> dict[str, dict[str, Any]]:
    """Return attributes with their types, and the count of entities, of each type."""
    params = {"tenant": call.tenant, "types": iris}
    async with searching(call.broker.pool) as connection:
        counts = await (await connection.execute(_SQL["count_types"], params)).fetchall()
        kinds = await (await connection.execute(_SQL["list_attribute_types"], params)).fetchall()
    out: dict[str, dict[str, Any]] = {iri: {"attrs": {}, "count": 0} for iri in iris}
    for iri, count in counts:
        out[iri]["count"] = count
    for iri, attr, instance in kinds:
        known = out[iri]["attrs"].setdefault(names.name_of(attr, call.terms), {"types": []})
        if "noAttrDetail" in call.options:
            continue
        kind = _type(instance, call.terms)
        if kind not in known["types"]:
            known["types"].append(kind)
    return out


def _type(instance: dict[str, Any], terms: TermMap) -> str:
    """Return the type of attributes like this example of them."""
    return attributes.read_value(instance, terms)[0]
