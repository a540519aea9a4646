"""Warnings to the public: written, approved by a second person, published, corrected, withdrawn.

`Warnings` is the door; docs/subsystems/warnings.md says how it works.
"""

from tamamo.publishing.warnings.board import in_force
from tamamo.publishing.warnings.composing import Office
from tamamo.publishing.warnings.content import Area, Content, Fault, InvalidWarning, Words
from tamamo.publishing.warnings.errors import InvalidDocument, NoSuchWarning, WarningConflict
from tamamo.publishing.warnings.model import Draft, Published
from tamamo.publishing.warnings.roles import may_approve, may_write
from tamamo.publishing.warnings.service import JOB, Warnings

__all__ = [
    "JOB",
    "Area",
    "Content",
    "Draft",
    "Fault",
    "InvalidDocument",
    "InvalidWarning",
    "NoSuchWarning",
    "Office",
    "Published",
    "WarningConflict",
    "Warnings",
    "Words",
    "in_force",
    "may_approve",
    "may_write",
]
