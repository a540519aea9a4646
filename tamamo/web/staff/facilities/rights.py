"""For whom this part of the staff face is there."""

from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.kernel.identity import Access
from tamamo.publishing.facilities.model import TYPE

TYPE_IRI = DEFAULT_VOCABULARY + TYPE


def may_keep(access: Access) -> bool:
    """Whether somebody keeps any field of facilities, so that this part is for them."""
    return access.write.everything or any(
        (part.types is None or TYPE_IRI in part.types) and TYPE_IRI not in part.but_types
        for part in access.write.parts
    )
