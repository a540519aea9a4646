"""What owners reported and heads approved, as blocks of the report; and what is not approved yet.

Of an entry that waits the report says that it does, never what it is.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

from tamamo.kernel.time import JST
from tamamo.plan.catalog import fiscal_year
from tamamo.plan.figures import Verdict
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator
from tamamo.plan.present import amount, recorded_text, target_text
from tamamo.plan.report.document import Block, Bullets, FigureLine, Paragraph
from tamamo.plan.report.inputs import Inputs, indicators, key_of
from tamamo.plan.report.series import day_text
from tamamo.plan.year.reported import Story

_JAPANESE: Final = re.compile(r"[ぁ-ゖァ-ヺ一-鿿]")


def judged_text(inputs: Inputs, verdict: Verdict) -> str:
    """Return the outcome in words, with the percentage of the target where there is one."""
    word = inputs.plan.word("outcome", verdict.outcome).pick(inputs.language)
    return f"{word} {verdict.ratio}%" if verdict.ratio is not None else word


def completeness(inputs: Inputs) -> Iterator[Block]:
    """Say how many projects are reported, how many wait and how many are silent."""
    counts = {"reported": 0, "unapproved": 0, "unreported": 0}
    for folder in inputs.plan.folders:
        names = [*(one.id for one in indicators(folder)), "narrative"]
        if any(inputs.waits(folder, name) for name in names):
            counts["unapproved"] += 1
        elif all(_holds(inputs, folder, name) for name in names):
            counts["reported"] += 1
        else:
            counts["unreported"] += 1
    text = inputs.word("completeness").format(all=len(inputs.plan.folders), **counts)
    yield Paragraph(text, note=True)


def narrative(inputs: Inputs, folder: Folder) -> list[Block]:
    """Return what was told of the year and approved; nothing where the printed text stays."""
    found = inputs.desk.texts.get((folder.manifest.id, "narrative"))
    return [*_body(inputs, found.body), *_approved(inputs, found)] if found else []


def silence(inputs: Inputs, folder: Folder) -> str:
    """Return what stands where a project told nothing."""
    if inputs.source is not None:
        return inputs.word("none")
    return inputs.word("text_waits" if inputs.waits(folder, "narrative") else "text_missing")


def decision(inputs: Inputs, folder: Folder) -> Iterator[Block]:
    """Yield what was decided, when, and the reasons."""
    found = inputs.desk.texts.get((folder.manifest.id, "decision"))
    if found is None:
        return
    outcome = inputs.plan.word("state", found.outcome).pick(inputs.language)
    if found.decided_on:
        day = day_text(found.decided_on, inputs.language)
        outcome = inputs.word("decided_on").format(outcome=outcome, day=day)
    yield Paragraph(inputs.word("decided").format(outcome=outcome))
    yield from _body(inputs, found.body)
    yield from _approved(inputs, found)


def figures(inputs: Inputs, folder: Folder, lined: Collection[str]) -> Iterator[Block]:
    """Yield the lines of figures that the published text does not have. lined: those it has."""
    for one in indicators(folder):
        name = f"{folder.manifest.id}/{one.id}"
        taken = inputs.taken(folder, one)
        if name in lined or (taken is None and inputs.printed(one) is not None):
            continue
        if taken is None and inputs.source is not None and not inputs.waits(folder, one.id):
            continue  # the published report of the year has nothing of it
        current, verdict = inputs.held(folder, one)
        recorded = inputs.printed(current)
        if recorded is None:
            text = f"{_named(inputs, one)}{_silent(inputs, folder, one)}"
            yield FigureLine(name, text, "not_reported", inputs.word("unjudged"))
            continue
        value = recorded_text(recorded, one.unit, inputs.language)
        value += inputs.asked(folder, one)
        text = f"{_named(inputs, one)}{value}{_target(inputs, one)}"
        yield FigureLine(name, text, verdict.outcome, judged_text(inputs, verdict))


def notes(inputs: Inputs, folder: Folder) -> Iterator[Block]:
    """Yield what is put right, counted otherwise, imported, attached, or waits beside a value."""
    for one in indicators(folder):
        name, taken = one.name.pick(inputs.language), inputs.taken(folder, one)
        if taken is not None:
            yield from _about(inputs, one)
            if taken.basis == "imported":
                yield _note(inputs, "imported", name=name, source=taken.source)
            elif taken.reason:
                yield _note(inputs, "put_right", name=name, old=_old(inputs, one), why=taken.reason)
            if taken.breaks:
                yield _note(inputs, "counted_otherwise", name=name, how=taken.breaks)
        if inputs.waits(folder, one.id) and (taken or inputs.printed(one)):
            yield _note(inputs, "waits", name=name)
    for kind in ("narrative", "decision"):
        said = kind == "decision" or inputs.source or _holds(inputs, folder, kind)
        if said and inputs.waits(folder, kind):
            yield _note(inputs, "waits", name=inputs.word(kind))
    if links := inputs.desk.links.get(folder.manifest.id):
        yield Paragraph(inputs.word("evidence"), note=True)
        items = [f"{title}: {url}" for title, url in links]
        yield Bullets(items, _lang(inputs, "".join(items)))


def state_word(inputs: Inputs, folder: Folder, one: Indicator) -> str:
    """Return what stands in the place of a value that is not there: 未承認, 未報告."""
    if inputs.source is not None and not inputs.waits(folder, one.id):
        return "—"
    counted = key_of(folder, one) in inputs.desk.values
    waits = inputs.waits(folder, one.id) or counted
    return inputs.word("unapproved" if waits else "unreported")


def _about(inputs: Inputs, one: Indicator) -> Iterator[Block]:
    for change in one.breaks:
        if change.year == inputs.year:
            how = change.why.pick(inputs.language)
            name = one.name.pick(inputs.language)
            yield _note(inputs, "counted_otherwise", name=name, how=how)


def _silent(inputs: Inputs, folder: Folder, one: Indicator) -> str:
    """Say that a value is not approved; one that Tamamo counted is told as what it is."""
    word = state_word(inputs, folder, one)
    counted = inputs.desk.values.get(key_of(folder, one))
    if counted is None or counted.value is None or inputs.waits(folder, one.id):
        return word
    value = amount(counted.value, one.unit, inputs.language)
    day = day_text(counted.at, inputs.language)
    return inputs.word("counted").format(state=word, value=value, day=day)


def _old(inputs: Inputs, one: Indicator) -> str:
    printed = inputs.printed(one)
    if printed is None:
        return ""
    old = recorded_text(printed, one.unit, inputs.language)
    return inputs.word("printed_before").format(old=old)


def _named(inputs: Inputs, one: Indicator) -> str:
    name = one.name.pick(inputs.language)
    return f"○{name}：" if inputs.language == "ja" else f"○ {name}: "


def _target(inputs: Inputs, one: Indicator) -> str:
    target = one.target
    if target is None:
        return ""
    text = target_text(target, one.unit, inputs.year, inputs.language)
    if inputs.language == "ja":
        return f"（{f'R{target.year - 2018}' if target.year else ''}目標値：{text}）"
    return f" ({f'{fiscal_year(target.year).en} ' if target.year else ''}target: {text})"


def _holds(inputs: Inputs, folder: Folder, name: str) -> bool:
    key = (folder.manifest.id, name)
    return key in inputs.desk.texts or inputs.desk.value(key) is not None


def _body(inputs: Inputs, text: str) -> Iterator[Block]:
    parts = (part.strip() for part in text.split("\n\n"))
    yield from (Paragraph(part, lang=_lang(inputs, part)) for part in parts if part)


def _lang(inputs: Inputs, text: str) -> str:
    """Texts are printed as they were entered: in Japanese, in an English report too."""
    return "ja" if inputs.language == "en" and _JAPANESE.search(text) else ""


def _approved(inputs: Inputs, story: Story) -> Iterator[Block]:
    if story.approved_at is not None:
        yield _note(
            inputs,
            "approved",
            day=day_text(story.approved_at.astimezone(JST).date(), inputs.language),
        )
    if story.reason:
        yield _note(inputs, "text_put_right", why=story.reason)


def _note(inputs: Inputs, word: str, **facts: str) -> Paragraph:
    return Paragraph(inputs.word(word).format(**facts), note=True)
