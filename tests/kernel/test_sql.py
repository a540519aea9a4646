"""SQL that is read as SQL: parameters by number."""

import pytest

from tamamo.kernel.sql import numbered


def test_a_name_has_one_number_wherever_it_stands() -> None:
    text, names = numbered("select %(b)s, %(a)s, %(b)s::text")
    assert (text, names) == (b"select $1, $2, $1::text", ("b", "a"))


@pytest.mark.parametrize("statement", ["select %(a)b", "select %s", "select 7 %% 2"])
def test_other_placeholders_are_refused(statement: str) -> None:
    with pytest.raises(ValueError, match="of the form"):
        numbered(statement)
