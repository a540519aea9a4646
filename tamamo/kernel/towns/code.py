"""団体コード: the six-digit code of a local government, the last digit checking the others.

Source: 総務省「全国地方公共団体コード」仕様 (検査数字, modulus 11 with the weights 6 to 2).
"""

import re
from typing import Final

_WEIGHTS: Final = (6, 5, 4, 3, 2)
_PREFECTURES: Final = range(1, 48)
_SIX: Final = re.compile(r"[0-9]{6}\Z")


def check_digit(body: str) -> int:
    """Return the check digit of the first five digits of a code.

    The products' sum divided by 11 leaves a remainder; the last digit of 11 less that is it. A sum
    under 11 is its own remainder, as the rule says.
    """
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return (11 - total % 11) % 10


def is_code(text: str) -> bool:
    """Return whether a text is six ASCII digits of a prefecture, with the right check digit."""
    if not _SIX.match(text) or int(text[:2]) not in _PREFECTURES:
        return False
    return check_digit(text[:5]) == int(text[5])
