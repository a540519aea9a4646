"""How many datasets are open (件), for the plan: counted by the rule of the datasets engine."""

from dataclasses import dataclass
from typing import Final

from tamamo.context.broker import Broker
from tamamo.kernel.towns import DEFAULT
from tamamo.publishing.datasets import Datasets, Words

#: The rule in a sentence; in full: tamamo.publishing.datasets.counting.
RULE: Final = Words(
    "いま公開していて、行があり、自由に使えるライセンスで、CSVかJSONで取得できる、このまち自身の"
    "データセットを、形式や版がいくつあっても1件と数える。",
    "A dataset counts once, however many formats and versions it has: the town's own, public now,"
    " with rows, under a licence that allows every use, and had as CSV or JSON.",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A count for the plan: the value, and how it was counted."""

    value: int
    note_ja: str
    note_en: str
    #: Simulated ones are told beside, and never counted.
    simulated: bool = False
    year: int | None = None


async def datasets_figure(broker: Broker) -> Figure:
    """Return the open datasets of the installing town now; simulated ones are told beside."""
    found = await Datasets(broker).count(DEFAULT)
    more_ja = f"（このほかに模擬{found.simulated}件）" if found.simulated else ""
    more_en = f" ({found.simulated} more are simulated.)" if found.simulated else ""
    return Figure(found.total, RULE.ja + more_ja, RULE.en + more_en)
