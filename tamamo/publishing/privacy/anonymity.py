"""The process that computes k: `python -m tamamo.publishing.privacy.anonymity THRESHOLD COLUMNS`.

Reads the codes of the values of each column (unsigned, four bytes, one column after the other) and
writes an `Answer` as JSON. Nothing personal passes: codes are numbers in order of appearance.
"""

import sys
from typing import Any

import msgspec

from tamamo.publishing.privacy.groups import MOST_RARE, Answer


def answer(codes: bytes, threshold: int, columns: int) -> Answer:
    """Return k as pycanon computes it, and the groups below the threshold."""
    import numpy as np  # noqa: PLC0415 - only this process pays for them
    import pandas as pd  # noqa: PLC0415
    from pycanon import anonymity  # noqa: PLC0415

    table = np.frombuffer(codes, dtype=np.uint32).reshape(columns, -1)
    names = [f"q{number}" for number in range(columns)]
    data = pd.DataFrame({name: table[n] for n, name in enumerate(names)})
    k = int(anonymity.k_anonymity(data, names))
    data["row"] = range(len(data))
    groups: Any = data.groupby(names)["row"].agg(["size", "min"]).reset_index()
    small: Any = groups[groups["size"] < threshold].sort_values(["size", "min"])
    rare = [
        ([int(one[name]) for name in names], int(one["size"]), int(one["min"]))
        for one in small.head(MOST_RARE).to_dict("records")
    ]
    return Answer(k, int(small["size"].sum()), rare)


if __name__ == "__main__":
    found = answer(sys.stdin.buffer.read(), int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.buffer.write(msgspec.json.encode(found))
