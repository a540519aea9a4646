"""Addresses of the citizens' pages, as the desk links to them."""

from tamamo.kernel.towns.town import Town
from tamamo.publishing.datasets import Dataset
from tamamo.web.staff.desk import Desk
from tamamo.web.towns import address_of


def public_url(desk: Desk, dataset: Dataset) -> str:
    """Return where everybody reads a dataset, in the language of the page."""
    return f"{address_of(Town(desk.tenant))}data/{dataset.id}/"
