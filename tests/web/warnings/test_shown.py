"""What is not meant says so wherever it is shown: drills, simulated data, tries."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from django.utils.translation import override

from tamamo.kernel import drills
from tamamo.kernel.drills import Drill
from tamamo.publishing.warnings import Content, Words
from tamamo.web.portal.warnings.shown import previewed, title_of
from tests.publishing.warnings.conftest import NOON, order
from tests.publishing.warnings.test_cap import OFFICE

DRILL = replace(OFFICE, drill=cast(Drill, SimpleNamespace(title="台風16号の訓練")))


@pytest.mark.parametrize(
    ("text", "office", "ja", "en"),
    [
        (order(), OFFICE, "", ""),
        (order(test=True), OFFICE, "試験", "TEST"),
        (order(simulated=True, test=True), OFFICE, "模擬", "SIMULATED"),
        (order(), DRILL, "訓練", "DRILL"),
        (order(test=True), DRILL, "訓練", "DRILL"),
    ],
)
def test_marks(text: Content, office: object, ja: str, en: str) -> None:
    for language, mark in (("ja", ja), ("en", en)):
        with override(language):
            one = previewed(text, office, NOON, "Alert", "w")  # type: ignore[arg-type]
            assert one.mark == mark
            title = title_of(one)
            if office is DRILL:
                title = drills.mark(title, language)
            assert title.count(mark) == 1 if mark else title == one.headline


def test_titles_say_once_what_a_message_did() -> None:
    with override("ja"):
        lifted = order(headline=Words("解除：避難指示", "Lifted: order"))
        assert title_of(previewed(lifted, OFFICE, NOON, "Cancel", "w")) == "解除：避難指示"
        corrected = previewed(order(), OFFICE, NOON, "Update", "w")
        assert title_of(corrected) == "訂正: 警戒レベル4 避難指示：高松市全域"
