"""A value with something to be said of it."""

from dataclasses import dataclass
from typing import Literal

from tamamo.feeds.quality import Reason
from tamamo.registers.intake.model import Value


@dataclass(frozen=True, slots=True)
class Marked:
    """A usable value that is not quite what stands in the cell, or that a person should see."""

    value: Value
    reason: Reason
    effect: Literal["kept", "changed"] = "changed"


Parsed = Value | Marked
