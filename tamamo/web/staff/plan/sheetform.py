"""The form of a project's year: one group of fields an indicator, then text and decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from tamamo.feeds.quality import Reason
from tamamo.plan.catalog import the_plan
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator
from tamamo.plan.year import Sheet, TypedText, TypedValue, overview
from tamamo.plan.year.desk import number_of, same_answers
from tamamo.plan.year.model import TextKind
from tamamo.web.staff.cells import language
from tamamo.web.staff.forms import Fault, FormField, Option
from tamamo.web.staff.plan import room

_PARTS: Final = ("value", "source", "detail", "counted_otherwise", "reason")


@dataclass(frozen=True, slots=True)
class Group:
    """The fields of an indicator, or of a text."""

    name: str
    title: str
    fields: list[FormField]


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody typed: texts by field, as they were sent or as the sheet has them."""

    folder: Folder
    sheet: Sheet
    typed: Mapping[str, str]

    def values(self) -> list[tuple[Indicator, TypedValue]]:
        """Return the values that are new: not empty, not what waits or holds already."""
        found = []
        for one in overview.indicators(self.folder):
            text = self.typed.get(f"value.{one.id}", "").strip()
            if self._said(one, text) and not self._as_kept(one, text):
                names = (*_PARTS[1:], *(["answers"] if one.surveyed else []))
                part = {name: self.typed.get(f"{name}.{one.id}", "") for name in names}
                found.append((one, TypedValue(text, one.unit.ja, **part)))
        return found

    def texts(self) -> dict[TextKind, TypedText]:
        """Return the texts that are new."""
        found: dict[TextKind, TypedText] = {}
        narrative = self.typed.get("narrative", "").replace("\r\n", "\n")
        if narrative.strip() and narrative.strip() != self._kept_text("narrative"):
            found["narrative"] = TypedText(narrative, self.typed.get("reason.narrative", ""))
        decision = TypedText(
            self.typed.get("decision", "").replace("\r\n", "\n"),
            self.typed.get("reason.decision", ""),
            self.typed.get("outcome", ""),
            self.typed.get("decided_on", ""),
        )
        kept = self.sheet.waiting("decision") or self.sheet.holding("decision")
        said = (decision.body.strip(), decision.outcome, decision.decided_on.strip())
        if any(said) and (kept is None or said != _decision(kept.body, kept.outcome,
                                                            kept.decided_on)):  # fmt: skip
            found["decision"] = decision
        return found

    def _said(self, one: Indicator, text: str) -> bool:
        """Whether there is a value, or a number of answers that is lost without one."""
        kept = self.sheet.waiting(one.id) or self.sheet.holding(one.id)
        answers = self.typed.get(f"answers.{one.id}", "") if one.surveyed else ""
        new = not same_answers(answers, kept.whole if kept else None)
        return bool(text or (answers.strip() and new))

    def _as_kept(self, one: Indicator, text: str) -> bool:
        kept = self.sheet.waiting(one.id) or self.sheet.holding(one.id)
        if kept is None or kept.value != number_of(text):
            return False
        if one.surveyed and not same_answers(self.typed.get(f"answers.{one.id}", ""), kept.whole):
            return False
        names = ("source", "detail", "counted_otherwise")
        same = [getattr(kept, n) == self.typed.get(f"{n}.{one.id}", "").strip() for n in names]
        return kept.state == "approved" or all(same)

    def _kept_text(self, kind: TextKind) -> str:
        kept = self.sheet.waiting(kind) or self.sheet.holding(kind)
        return kept.body if kept else ""


def at_first(folder: Folder, sheet: Sheet, computed: Mapping[str, Decimal]) -> dict[str, str]:
    """Return what the fields hold before anybody types: what waits, holds, or was counted."""
    typed: dict[str, str] = {}
    for one in overview.indicators(folder):
        kept = sheet.waiting(one.id) or sheet.holding(one.id)
        if kept is not None and kept.value is not None:
            typed |= {f"value.{one.id}": f"{kept.value:f}", f"source.{one.id}": kept.source,
                      f"detail.{one.id}": kept.detail,
                      f"counted_otherwise.{one.id}": kept.counted_otherwise}  # fmt: skip
            if kept.whole is not None:
                typed[f"answers.{one.id}"] = f"{kept.whole:f}"
        elif one.id in computed:
            typed[f"value.{one.id}"] = f"{computed[one.id]:f}"
            typed[f"source.{one.id}"] = _("Counted by Tamamo (%(query)s)") % {"query": one.query}
    for kind in ("narrative", "decision"):
        text = sheet.waiting(kind) or sheet.holding(kind)
        if text is not None:
            typed[kind] = text.body
        if text is not None and kind == "decision":
            typed["outcome"] = text.outcome
            typed["decided_on"] = text.decided_on.isoformat() if text.decided_on else ""
    return typed


def groups(
    folder: Folder, sheet: Sheet, typed: Mapping[str, str], faults: Mapping[str, Reason]
) -> list[Group]:
    """Return the groups of the form with what is typed, and what is wrong."""
    printed = overview.printed(folder, sheet.year)
    made = []
    for one in overview.indicators(folder):
        corrects = sheet.holding(one.id) is not None or one.id in printed
        fields = _value_fields(one, typed, faults, corrects=corrects)
        made.append(Group(one.id, one.name.pick(language()), fields))
    made.append(Group("narrative", _("Work of the year"), _narrative(folder, sheet, typed, faults)))
    made.append(Group("decision", _("Decision"), _decision_fields(sheet, typed, faults)))
    return made


def lines(folder: Folder, made: list[Group], faults: Mapping[str, Reason]) -> list[Fault]:
    """Return the error summary, in the order of the form."""
    found = [
        Fault(f"{group.title}: {field.label}", field.error, f"f-{field.name}")
        for group in made
        for field in group.fields
        if field.error
    ]
    if "all" in faults:
        found.append(Fault("", room.said(faults["all"])))
    return found


def _decision(body: str, outcome: str, day: object) -> tuple[str, str, str]:
    return (body, outcome, str(day) if day else "")


def _field(
    name: str,
    label: str,
    kind: str,
    typed: Mapping[str, str],
    faults: Mapping[str, Reason],
    **more: str,
) -> FormField:
    error = room.said(faults[name]) if name in faults else ""
    return FormField(name, label, kind, typed.get(name, ""), error=error, **more)  # type: ignore[arg-type]


def _value_fields(
    one: Indicator, typed: Mapping[str, str], faults: Mapping[str, Reason], *, corrects: bool
) -> list[FormField]:
    def field(part: str, label: str, kind: str = "text", **more: str) -> FormField:
        return _field(f"{part}.{one.id}", label, kind, typed, faults, **more)

    fields = [
        field("value", _("Value of the year"), unit=one.unit.pick(language()),
              width="input--short", inputmode="decimal"),
        field("source", _("Where it comes from"), help=_("Document, system or count.")),
        field("detail", _("Page, row or day")),
        field("counted_otherwise", _("Counted differently from the years before"),
              help=_("Only then: say how. The series shows a break here.")),
    ]  # fmt: skip
    if one.surveyed:
        fields.insert(1, field("answers", _("n (number of answers)"), width="input--short",
                               inputmode="numeric", help=_("Where it is known.")))  # fmt: skip
    if corrects:
        fields.append(field("reason", _("Why it is put right"),
                            help=_("The old value stays visible with this reason.")))  # fmt: skip
    return fields


def _narrative(
    folder: Folder, sheet: Sheet, typed: Mapping[str, str], faults: Mapping[str, Reason]
) -> list[FormField]:
    told = _("Misses too. The plan's public page shows it once it is approved.")
    fields = [_field("narrative", _("What was done in the year"), "long", typed, faults, help=told)]
    corrects = sheet.holding("narrative") is not None or bool(overview.told(folder, sheet.year))
    return fields + _why("narrative", typed, faults, corrects=corrects)


def _decision_fields(
    sheet: Sheet, typed: Mapping[str, str], faults: Mapping[str, Reason]
) -> list[FormField]:
    chosen = typed.get("outcome", "")
    words = [
        ("", _("None this year")),
        *((name, text.pick(language())) for name, text in the_plan().words["state"].items()),
    ]
    outcome = FormField(
        "outcome", _("What was decided"), "choice",
        options=tuple(Option(name, text, name == chosen) for name, text in words),
        error=room.said(faults["outcome"]) if "outcome" in faults else "",
    )  # fmt: skip
    fields = [
        outcome,
        _field("decided_on", _("Decided on"), "text", typed, faults, type="date",
               width="input--short"),
        _field("decision", _("Reasons of the decision"), "long", typed, faults),
    ]  # fmt: skip
    corrects = sheet.holding("decision") is not None
    return fields + _why("decision", typed, faults, corrects=corrects)


def _why(
    kind: TextKind, typed: Mapping[str, str], faults: Mapping[str, Reason], *, corrects: bool
) -> list[FormField]:
    if not corrects:
        return []
    return [_field(f"reason.{kind}", _("Why it is put right"), "text", typed, faults,
                   help=_("The old text stays visible with this reason."))]  # fmt: skip
