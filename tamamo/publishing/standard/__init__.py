"""自治体標準オープンデータセット: 14 kinds of tables; which one a table is, how far, and made so.

Pure: no database. Source: the standard's lists of items (推奨データセット 1.0), which NEC published
as data models too; names of its later edition (正式版) are other headers of the same items.
"""

from tamamo.publishing.standard.checking import CODES, check
from tamamo.publishing.standard.converting import convert, converter
from tamamo.publishing.standard.entities import entity
from tamamo.publishing.standard.kinds import kind, kinds
from tamamo.publishing.standard.matching import guess, match, unmatched
from tamamo.publishing.standard.model import (
    Column,
    Fix,
    Guess,
    Item,
    Kind,
    Match,
    Parts,
    Report,
    Row,
    Scalar,
    Town,
)

__all__ = [
    "CODES",
    "Column",
    "Fix",
    "Guess",
    "Item",
    "Kind",
    "Match",
    "Parts",
    "Report",
    "Row",
    "Scalar",
    "Town",
    "check",
    "convert",
    "converter",
    "entity",
    "guess",
    "kind",
    "kinds",
    "match",
    "unmatched",
]
