"""Orders of texts (clauses 4.23.1, 4.23.3): those ICU knows, by language tag (RFC 6067).

The order without a name is ICU's root order, which puts accented letters beside their base letter
and kana in the order of their sounds. `ja` orders kanji by JIS X 0208; no order knows readings.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from tamamo.context.errors import BadRequestData

ROOT: Final = "und"
#: A language tag (RFC 5646); ICU reads much longer ones, and would for long.
_TAG = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,15}")

#: Text → bytes that compare as the texts stand in the order.
Key = Callable[[str], bytes]


def parse(value: Any) -> str:
    """Return the language tag of a collation. Raises BadRequestData unless ICU knows it."""
    if not isinstance(value, str) or not _TAG.fullmatch(value) or _collator(value) is None:
        raise BadRequestData(
            f"collation: {value!r} names no order of texts; examples: und, ja, de-u-co-phonebk",
            field="collation",
        )
    return value


def key_of(tag: str) -> Key:
    """Return the sort key of a tag that `parse` gave back."""
    found = _collator(tag)
    assert found is not None
    return found


@lru_cache(maxsize=64)
def _collator(tag: str) -> Key | None:
    import icu  # noqa: PLC0415 - 10 MB that nobody needs until an order is asked for

    try:
        locale = icu.LocaleBuilder().setLanguageTag(tag).build()
        collator = icu.Collator.createInstance(locale)
    except icu.ICUError:
        return None
    kind = locale.getKeywordValue("collation")
    if kind and kind not in icu.Collator.getKeywordValues("collation"):
        return None  # ICU would pass over it in silence
    key: Key = collator.getSortKey
    return key
