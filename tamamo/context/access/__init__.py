"""What an actor may do with the data of a tenant, enforced in every operation of every API.

Whoever may not do everything sees the broker through `seen_by`: the same services, of which the
reading ones know only what is within reach, and the writing ones refuse what lies beyond it.
"""

from tamamo.context.access.narrowing import narrowed

__all__ = ["narrowed"]
