"""Tables into registers: read, matched, previewed, applied as one act, with one undo."""

from tamamo.registers.imports.model import Import, ImportPreview, ImportRefused, Line, Rejected
from tamamo.registers.imports.service import Imports

__all__ = ["Import", "ImportPreview", "ImportRefused", "Imports", "Line", "Rejected"]
