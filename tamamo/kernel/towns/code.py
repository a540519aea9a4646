"""団体コード: the six-digit code of a local government, the last digit checking the others.

Source: 総務省「全国地方公共団体コード」仕様 (検査数字, modulus 11 with the weights 6 to 2).
"""

import re
from typing import Final

_WEIGHTS: Final = (6, 5, 4, 3, 2)
#: JIS X 0401, 都道府県コード: the first two digits of every code of an area, from 01.
PREFECTURES: Final = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県",
    "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県",
    "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県", "三重県",
    "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県",
    "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県",
    "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
)  # fmt: skip
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
    if not _SIX.match(text) or int(text[:2]) not in range(1, len(PREFECTURES) + 1):
        return False
    return check_digit(text[:5]) == int(text[5])
