"""What a long-lived process asks of the interpreter and of the system."""

import gc
import os


def collect_less_often() -> None:
    """Let the cycle collector run seldom, and leave out what was there at start.

    A batch of entities is thousands of dicts without a single cycle; by the interpreter's default
    every 700 of them start a collection, which costs as much as all the rest of an upsert.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def step_back() -> None:
    """Leave the processors to those who answer requests, as long as all of them are busy.

    With the least share still a third of theirs: what works in the background goes on.
    """
    os.nice(5)
