"""The privacy gate: what in a table may be about a person, before it is public.

Pure but for k, which pycanon computes in a process of its own.
"""

from tamamo.publishing.privacy.examining import examine
from tamamo.publishing.privacy.model import Flag, Rare, Report, SmallCells

__all__ = ["Flag", "Rare", "Report", "SmallCells", "examine"]
