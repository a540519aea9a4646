"""The working year: what owners must report, what heads approve, what is late. No Django."""

from tamamo.plan.year.desk import PlanYear
from tamamo.plan.year.model import (
    Evidence,
    Item,
    NoSuchItem,
    Sheet,
    TypedText,
    TypedValue,
    YearRefused,
)
from tamamo.plan.year.rights import answers_for, may_approve, may_enter

__all__ = [
    "Evidence",
    "Item",
    "NoSuchItem",
    "PlanYear",
    "Sheet",
    "TypedText",
    "TypedValue",
    "YearRefused",
    "answers_for",
    "may_approve",
    "may_enter",
]
