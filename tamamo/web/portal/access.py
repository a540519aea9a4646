"""The broker as the pages' source (tamamo.web.portal.city.Source)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_TENANT, Entity
from tamamo.web.portal.city import Source


@dataclass(frozen=True, slots=True)
class BrokerSource:
    """Reads and writes one tenant of the broker in this process."""

    broker: Broker
    tenant: str = DEFAULT_TENANT


def source_of(request: HttpRequest) -> Source:
    """Return the source of this request: the outer application hands the broker over in scope."""
    raise NotImplementedError
