"""What counts as one open dataset (件), and how many a town has.

The rule (docs/subsystems/datasets.md): a dataset counts once, however many files, formats, versions
and languages it has, while all of these hold:

1. the public sees it now (published, not withdrawn);
2. it has at least one row;
3. anybody may use it for anything, as the Open Definition asks: the licence says so;
4. machines read it: it can be had as CSV or JSON;
5. its data are real: what is simulated (模擬) is not counted.

A dataset fed by live entities counts as any other, as one. What the catalogues of others hold is
listed beside (tamamo.publishing.catalogue) and is none of the town's.
"""

from dataclasses import dataclass
from typing import Final

from tamamo.context.broker import Broker
from tamamo.kernel import sql
from tamamo.kernel.database import searching
from tamamo.publishing.datasets.metadata import LICENCES, Words
from tamamo.publishing.datasets.rights import Sight

_SQL: Final = sql.load("tamamo.publishing.datasets", "counting.sql")

#: Why one does not count → words; the first that holds is said of it.
RULES: Final = {
    "not_public": Words("公開していない", "not public"),
    "simulated": Words("模擬データ", "simulated"),
    "empty": Words("行がない", "without rows"),
    "closed_licence": Words("自由に使えないライセンス", "a licence that does not allow every use"),
    "no_machine_format": Words("機械判読できる形式がない", "no format that machines read"),
}
#: How what counts came here → words.
KINDS: Final = {
    "file": Words("表として公開", "published as a table"),
    "live": Words("常時更新（データ連携）", "fed by live data"),
}


@dataclass(frozen=True, slots=True)
class Count:
    """How many datasets count, by how they came here, and how many do not, by why.

    simulated: those that would count were they not simulated; what the demo has.
    """

    total: int
    rules: tuple[tuple[str, Words, int], ...]
    left_out: tuple[tuple[str, Words, int], ...]
    simulated: int


async def count(broker: Broker, sight: Sight) -> Count:
    """Return how many datasets a town has open, by the rule."""
    values = {
        "tenant": sight.town,
        "open": [one.id for one in LICENCES.values() if one.open],
        "types": sorted(sight.types),
        "all_types": sight.all_types,
    }
    async with searching(broker.pool) as connection:
        cursor = await connection.execute(_SQL["count"], values)
        found = await cursor.fetchall()
    counted = {kind: n for why, kind, n in found if why == "counts"}
    left = {why: sum(n for other, _, n in found if other == why) for why in RULES}
    return Count(
        sum(counted.values()),
        tuple((kind, words, counted.get(kind, 0)) for kind, words in KINDS.items()),
        tuple((why, words, left[why]) for why, words in RULES.items() if left[why]),
        left["simulated"],
    )
