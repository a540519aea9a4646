"""Drills (訓練): tenants of their own, marked everywhere, that reach nobody outside their list."""

from tamamo.kernel.drills.clock import Clock
from tamamo.kernel.drills.drill import HEADER, MARKS, Drill, State, first_line, folded, mark
from tamamo.kernel.drills.finding import of

__all__ = ["HEADER", "MARKS", "Clock", "Drill", "State", "first_line", "folded", "mark", "of"]
