"""The form of what is said about a dataset, without a server."""

import pytest
from django.http import QueryDict
from django.utils.translation import override

from tamamo.publishing.datasets import Metadata, Words
from tamamo.web.staff.datasets import metadataform

TOLD = Metadata(
    title=Words("避難場所", "Shelters"), description=Words("一覧"), unit="総務局/危機管理課",
    groups=("disaster",), tags=("防災", "避難"), cycle="yearly", source=Words("調査", "survey"),
    standard="evacuation_sites", entities=True,
)  # fmt: skip


def sent(typed: metadataform.Typed) -> QueryDict:
    """Return a form as a browser sends it."""
    post = QueryDict(mutable=True)
    for name, text in typed.texts.items():
        post[name] = text
    post.setlist("groups", list(typed.groups))
    post.setlist("marks", sorted(typed.ticks))
    return post


def test_a_form_sent_back_untouched_says_the_same() -> None:
    typed = metadataform.typed_of(sent(metadataform.typed_from(TOLD)))
    assert metadataform.read(typed) == (TOLD, [])


def test_everything_wrong_is_named_at_once_at_its_field() -> None:
    post = sent(metadataform.typed_from(TOLD))
    post["title_ja"], post["licence"], post["cycle"] = " ", "mine", ""
    post["tags"] = "、".join(str(n) for n in range(40))
    post["description_en"] = "x" * 5000
    with override("en"):
        metadata, faults = metadataform.read(metadataform.typed_of(post))
    assert metadata is None
    assert {one.anchor for one in faults} == {
        "f-title_ja", "f-licence", "f-cycle", "f-tags", "f-description_en",
    }  # fmt: skip


def test_a_theme_nobody_knows_is_left_out() -> None:
    post = sent(metadataform.typed_from(TOLD))
    post.setlist("groups", ["no-such", "health", "disaster", "health"])
    metadata, _faults = metadataform.read(metadataform.typed_of(post))
    assert metadata is not None
    assert metadata.groups == ("disaster", "health")


def test_each_keyword_counts_once_whatever_stands_between() -> None:
    assert metadataform.tags_of("防災, 避難、防災，\n  AED  一覧 ,") == ["防災", "避難", "AED 一覧"]


@pytest.mark.parametrize(
    ("typed", "filename", "wanted"),
    [
        ("shelters", "x.csv", "shelters"),
        ("", "0002_AED location.xlsx", "0002_aed_location"),
        ("", "避難場所.xlsx", ""),
        ("", "2026.csv", ""),
        ("", "0085_延床面積.xlsx", ""),
    ],
)
def test_an_id_is_typed_or_made_from_the_files_name(typed: str, filename: str, wanted: str) -> None:
    assert metadataform.id_from(typed, filename) == wanted


@pytest.mark.parametrize("bad", ["", "x", "Ab", "あい", "a b", "../x", "a" * 101, "-a"])
def test_what_can_be_no_address_is_refused(bad: str) -> None:
    assert metadataform.id_fault(bad)
    assert not metadataform.id_fault("aed-location_2")
