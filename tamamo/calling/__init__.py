"""Calling people until somebody answers (docs/subsystems/calling.md)."""

from tamamo.calling.contact import CONTACT_TYPE, may_read, may_write
from tamamo.calling.store import copy
from tamamo.calling.view import Going, Reached, going_on

__all__ = ["CONTACT_TYPE", "Going", "Reached", "copy", "going_on", "may_read", "may_write"]
