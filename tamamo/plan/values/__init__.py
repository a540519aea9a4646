"""Values of the plan's indicators over the years: kept, corrected, never overwritten."""

from tamamo.plan.values.model import Kept, NewValue, Recorded, fiscal_year_of, real_or_all
from tamamo.plan.values.store import ValueStore

__all__ = ["Kept", "NewValue", "Recorded", "ValueStore", "fiscal_year_of", "real_or_all"]
