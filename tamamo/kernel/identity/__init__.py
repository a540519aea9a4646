"""Who asks, and what they may do: actors, roles, access (docs/subsystems/identity.md)."""

from tamamo.kernel.identity.credentials import challenge, person
from tamamo.kernel.identity.model import (
    ANONYMOUS,
    EVERY_TENANT,
    GRANTABLE,
    INSTALLATION,
    NO_ACCESS,
    OPEN,
    STAFF,
    Access,
    Actor,
    Grant,
    Right,
    Role,
    require_operator,
    resident_of,
    system,
    unlimited,
)
from tamamo.kernel.identity.reach import EVERYTHING, NOTHING, Part, Reach
from tamamo.kernel.identity.resolve import ALL_TYPES, Policy, Share, access_of
from tamamo.kernel.identity.service import Identity

__all__ = [
    "ALL_TYPES",
    "ANONYMOUS",
    "EVERYTHING",
    "EVERY_TENANT",
    "GRANTABLE",
    "INSTALLATION",
    "NOTHING",
    "NO_ACCESS",
    "OPEN",
    "STAFF",
    "Access",
    "Actor",
    "Grant",
    "Identity",
    "Part",
    "Policy",
    "Reach",
    "Right",
    "Role",
    "Share",
    "access_of",
    "challenge",
    "person",
    "require_operator",
    "resident_of",
    "system",
    "unlimited",
]
