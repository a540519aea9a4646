"""An examination of a table: its columns by name and values, its rows as groups of people."""

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Final

from tamamo.publishing.privacy import columns as looking
from tamamo.publishing.privacy.groups import Groups
from tamamo.publishing.privacy.model import Flag, Report, SmallCells, Verdict
from tamamo.publishing.standard.model import Column, Row

#: Rows looked at before it is decided which columns tell people apart.
_SAMPLE: Final = 2_000


def examine(columns: Sequence[Column], rows: Iterable[Row], *, threshold: int = 5) -> Report:
    """Return what in a table may be about a person.

    rows: consumed once. threshold: groups and counts of people below it are small. Blocks for the
    time of a process of its own where rows are of people.
    """
    source = iter(rows)
    sample = list(islice(source, _SAMPLE))
    people = looking.quasi_identifiers(columns, sample)
    watches = [looking.Watch(column, threshold) for column in columns]
    groups = Groups(people)
    count = 0
    for number, values in chain(sample, source):
        count += 1
        for watch in watches:
            watch.see(number, values.get(watch.column.name))
        groups.see(number, values)
    persons = bool(people) or any(watch.of_people for watch in watches)
    flags = tuple(flag for watch in watches for flag in watch.flags(persons=persons))
    small = () if people else tuple(one for watch in watches if (one := watch.small()))
    found = groups.smallest(threshold)
    verdict = _verdict(flags, small, found.k, threshold)
    ja, en = _sentence(verdict, flags, small, found.k, threshold)
    return Report(
        count, verdict, ja, en, flags, small, people, found.k, found.by, found.below,
        found.rare, threshold,
    )  # fmt: skip


def _verdict(
    flags: Sequence[Flag], small: Sequence[SmallCells], k: int | None, threshold: int
) -> Verdict:
    if any(flag.level == "serious" for flag in flags) or (k is not None and k < threshold):
        return "serious"
    return "look" if flags or small else "clear"


def _sentence(
    verdict: Verdict,
    flags: Sequence[Flag],
    small: Sequence[SmallCells],
    k: int | None,
    threshold: int,
) -> tuple[str, str]:
    if verdict == "clear":
        return "個人に関わる列は見つかりませんでした。", "No column looks personal."
    ja, en = [], []
    if flags:
        names = "、".join(dict.fromkeys(flag.column for flag in flags))
        ja.append(f"個人に関わるかもしれない列: {names}")
        en.append(f"columns that may be about people: {names.replace('、', ', ')}")
    if small:
        cells = sum(one.count for one in small)
        ja.append(f"{threshold}未満の人数のセル: {cells}")
        en.append(f"cells that count fewer than {threshold} people: {cells}")
    if k is not None:
        ja.append(f"同じ組合せの行は最少{k}行（k = {k}）")
        en.append(f"the smallest group of rows alike has {k} (k = {k})")
    return "。".join(ja) + "。", "; ".join(en).capitalize() + "."
