"""What is wrong with a batch as a whole (clauses 5.6.7.4 to 5.6.10.4)."""

from typing import Final

from tamamo.context.errors import BadRequestData, InvalidRequest
from tamamo.context.http import Exchange

#: Largest number of elements in one batch.
MAX_ELEMENTS: Final = 10_000


def check_batch(exchange: Exchange) -> None:
    """Raise BadRequestData or InvalidRequest for a batch of which nothing can be done."""
    if {"replace", "update"} <= exchange.options:
        raise InvalidRequest("options: either replace or update", field="options")
    body = exchange.body
    if not body:
        raise BadRequestData("The batch is empty")
    if None in body:
        raise BadRequestData("The batch contains null")
    if len(body) > MAX_ELEMENTS:
        raise BadRequestData(f"A batch may have at most {MAX_ELEMENTS} elements")
