"""Which values of a query are names to expand, and which are JSON (clause 4.9, examples 11, 12)."""

from typing import Any

import httpx
import pytest

from tamamo.context.errors import BadRequestData
from tamamo.context.query import request

TICKET = 'parkingTickets[value]=="Overstay 60 minutes"'
CAR = {
    "id": "urn:c:1",
    "type": "Car",
    "parkingTickets": {
        "type": "JsonProperty",
        "json": {"id": "85a6cc52-0589-45f9", "value": "Overstay 60 minutes"},
    },
    "gender": {"type": "VocabProperty", "vocab": "Male"},
    "make": {"type": "Property", "value": "Male"},
}


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"q": TICKET, "jsonKeys": "parkingTickets"}, True),
        ({"q": TICKET, "expandValues": "parkingTickets", "jsonKeys": "parkingTickets"}, True),
        ({"q": TICKET.replace("60", "61"), "jsonKeys": "parkingTickets"}, False),
        ({"q": "gender==Male", "expandValues": "gender"}, True),
        ({"q": "gender==Male", "expandValues": "gender", "jsonKeys": "gender"}, False),
        ({"q": 'make=="Male"', "expandValues": "make", "jsonKeys": "other,make"}, True),
        ({"q": 'make=="Male"', "expandValues": "make"}, False),
    ],
)
@pytest.mark.parametrize("way", ["get", "post"])
async def test_values_in_queries(
    api: httpx.AsyncClient, way: str, params: dict[str, Any], found: bool
) -> None:
    assert (await api.post("/entities", json=CAR)).status_code == 201
    if way == "get":
        answer = await api.get("/entities", params={"type": "Car", **params})
    else:
        body = {"type": "Query", "entities": [{"type": "Car"}], **params}
        answer = await api.post("/entityOperations/query", json=body)
    assert answer.status_code == 200
    assert bool(answer.json()) is found


@pytest.mark.parametrize("field", ["jsonKeys", "expandValues"])
@pytest.mark.parametrize("value", ["", "a,,b", "a b", 5, [""], "a,(b"])
def test_what_names_no_attributes_is_refused(field: str, value: Any) -> None:
    with pytest.raises(BadRequestData) as caught:
        request.read_expanded({field: value})
    assert caught.value.extra["field"] == field
