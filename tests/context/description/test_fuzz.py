"""Whatever is sent, the APIs answer as their description says, and never with a failure.

SCHEMATHESIS_EXAMPLES: right requests for each operation; half as many wrong ones come with them.
"""

import os

import pytest

from tamamo.context.description.document import DOORS, Door
from tests.context.description import fuzz

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "2"))


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_answers_are_as_described(server: str, door: Door) -> None:
    faults = []
    sent = 0
    for label, made in fuzz.cases(door, EXAMPLES, -(-EXAMPLES // 2)):
        sent += len(made)
        found = [fault for case in made if (fault := fuzz.fault(case, server + door.prefix))]
        faults += [f"{label}: {fault}" for fault in found]
    assert not faults, "\n\n".join(faults[:10])
    assert sent > 2 * len(door.about), "requests were made for most operations"
