"""The form of a mapping, without a server: what is typed is what the file is read by."""

import msgspec
from django.http import QueryDict
from django.utils.translation import override

from tamamo.registers.intake import Choice, ColumnGuess, Doubt, Finding, Profile, Recipe
from tamamo.registers.intake.model import RecipeColumn, Sheet
from tamamo.web.staff.datasets import recipeform


def recipe() -> Recipe:
    """Return a mapping with two columns of the same heading."""
    return Recipe(
        columns=[
            RecipeColumn("番号", "number", "番号", "code", format="municipality"),
            RecipeColumn("備考", "remark", "備考", position=1),
            RecipeColumn("備考", "remark_2", "備考", occurrence=2, position=2, unit="m",
                         unit_code="MTR"),
        ],
        key=["number"],
        header_rows=[3],
    )  # fmt: skip


def profile() -> Profile:
    """Return what was found in the file of `recipe`."""
    doubts = [Doubt("mixed", "和暦が混ざっています", "eras are mixed", "remark", rows=[5, 8, 9],
                    count=12, level="check")]  # fmt: skip
    return Profile(
        name="x.xlsx", kind="xlsx", encoding="", delimiter="", sheet="表", sheets=[Sheet("表")],
        header_rows=[3], first_row=4, last_row=9, rows=6, looked_at=6,
        columns=[
            ColumnGuess(0, "番号", "number", "番号", "code", confidence=0.97, filled=6, distinct=6),
            ColumnGuess(1, "備考", "remark", "備考", "date", confidence=0.7, doubts=doubts),
            ColumnGuess(2, "備考", "remark_2", "備考", confidence=0.3),
        ],
        doubts=[Doubt("blank", "空行があります", "there are blank rows", level="info")],
    )  # fmt: skip


def sent(base: Recipe, **changes: str) -> QueryDict:
    """Return the form of a mapping as a browser sends it, with some fields typed anew."""
    post = QueryDict(mutable=True)
    for place, one in enumerate(base.columns):
        for name in ("name", "label", "label_en", "unit", "kind", "bad"):
            post[f"c{place}.{name}"] = getattr(one, name)
        for name, on in (("use", one.use), ("key", one.name in base.key)):
            if on:
                post[f"c{place}.{name}"] = "1"
    for name, text in changes.items():
        key = name.replace("__", ".")
        if text:
            post[key] = text
        else:
            post.pop(key, None)
    return post


def test_a_form_sent_back_untouched_is_the_same_mapping() -> None:
    assert recipeform.read(sent(recipe()), recipe()) == recipe()


def test_what_was_typed_counts_and_what_hung_on_the_old_kind_and_unit_goes() -> None:
    told = recipeform.read(
        sent(recipe(), c0__kind="text", c2__unit="km", c1__use="", c1__key="1", c0__key=""),
        recipe(),
    )
    assert (told.columns[0].kind, told.columns[0].format) == ("text", "")
    assert (told.columns[2].unit, told.columns[2].unit_code) == ("km", "")
    assert not told.columns[1].use
    assert told.key == ["remark"]


def test_a_kind_that_does_not_exist_and_an_endless_name_are_not_taken() -> None:
    told = recipeform.read(sent(recipe(), c0__kind="<b>", c0__name="n" * 900), recipe())
    assert told.columns[0].kind == "code"
    assert len(told.columns[0].name) == 60


def test_next_months_file_brings_its_new_columns_left_out() -> None:
    proposed = recipe()
    new = RecipeColumn("電話", "phone", "電話", "phone", position=0)
    moved = [msgspec.structs.replace(one, position=one.position + 1) for one in proposed.columns]
    told = recipeform.merged(recipe(), msgspec.structs.replace(proposed, columns=[new, *moved[:2]]))
    assert [(one.name, one.position, one.use) for one in told.columns] == [
        ("number", 1, True), ("remark", 2, True), ("remark_2", 2, True), ("phone", 0, False),
    ]  # fmt: skip
    assert told.header_rows == [3]
    assert recipeform.mark_of(told) != recipeform.mark_of(recipe())


def test_a_heading_that_was_renamed_is_chosen_and_nothing_else_changes() -> None:
    old = recipe()
    new = RecipeColumn("備　考", "remark_3", "備　考", position=1, use=False)
    base = msgspec.structs.replace(old, columns=[*old.columns, new])
    found = profile()
    found.columns[1].source = "備　考"
    with override("en"):
        columns = recipeform.shown(base, found)
    assert [one.gone for one in columns] == [False, False, True, False]
    assert [option.label for option in columns[2].sources] == ["備　考"]
    told = recipeform.rebound(recipeform.read(sent(base), base), sent(base, c2__from="3"))
    assert [(one.name, one.source, one.occurrence) for one in told.columns] == [
        ("number", "番号", 1), ("remark", "備考", 1), ("remark_2", "備　考", 1),
    ]  # fmt: skip
    assert recipeform.rebound(base, sent(base, c2__from="99")) == base


def test_only_what_somebody_changed_is_told_for_next_month() -> None:
    same = "sheet=表&was.sheet=表&header_rows=3&was.header_rows=3"
    assert recipeform.choice_of(QueryDict(same)) == (Choice(), [])
    kept = QueryDict(same + "&told.header_rows=3")
    assert recipeform.choice_of(kept)[0] == Choice(header_rows=[3])
    changed = QueryDict("sheet=表&was.sheet=表&header_rows=3、4&was.header_rows=3&encoding=cp932")
    assert recipeform.choice_of(changed)[0] == Choice(encoding="cp932", header_rows=[3, 4])


def test_rows_that_are_no_rows_are_named() -> None:
    for text in ("x", "0", "1,2,3", "-1"):
        _choice, faults = recipeform.choice_of(QueryDict(f"header_rows={text}"))
        assert [one.anchor for one in faults] == ["f-header_rows"], text


def test_each_doubt_leads_to_its_column_and_opens_it() -> None:
    with override("en"):
        listed = recipeform.doubts(profile(), recipe())
        columns = recipeform.shown(recipe(), profile())
    assert [(one.level, one.anchor, one.rows) for one in listed] == [
        ("check", "column-1", "rows 5, 8, 9 … (12 in all)"), ("info", "", ""),
    ]  # fmt: skip
    assert [one.open for one in columns] == [False, True, False]
    assert columns[0].guess == "Looks like: Code, sure (97 %)"
    assert columns[1].guess == "Looks like: Date, fairly sure (70 %); settled otherwise"


def test_what_is_wrong_stands_at_its_column() -> None:
    findings = [Finding("double_name", "remark_2", "重複", "it is there twice")]
    with override("en"):
        columns = recipeform.shown(recipe(), profile(), findings)
        lines = recipeform.lines(findings, recipe())
    assert [bool(one.errors) for one in columns] == [False, False, True]
    assert [(one.label, one.text, one.anchor) for one in lines] == [
        ("備考", "it is there twice", "column-2")
    ]
