"""Observations: how feeds write. Many readings in one call, repeats counted, late ones kept."""

from tamamo.context.observations.service import ObservationService, Recorded

__all__ = ["ObservationService", "Recorded"]
