import subprocess
import sys

CODE = """
import asyncio, gc, os
from tamamo.kernel import process

class Ring:
    def __init__(self):
        self.itself = self

async def main():
    seen = []
    gc.callbacks.append(lambda phase, info: seen.append(info["generation"]))
    task = asyncio.create_task(process.collect_between())
    await asyncio.sleep(0)
    assert gc.get_freeze_count() > 0
    seen.clear()
    kept = [{} for _ in range(200_000)]
    assert not seen, "collected in the midst of work"
    ring = Ring()
    gone = []
    import weakref
    weakref.finalize(ring, gone.append, True)
    del ring
    await asyncio.sleep(1.5)
    assert gone and 1 in seen, (gone, seen)
    task.cancel()

before = os.nice(0)
process.step_back()
asyncio.run(main())
print(os.nice(0) - before)
"""

BURST = """
import os, threading
from tamamo.kernel import process

process.finish_first()
found = []
thread = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
thread.start()
thread.join()
assert found == [os.SCHED_BATCH], found
"""


def test_the_collector_runs_between_requests_and_others_go_first() -> None:
    # In a process of its own: neither can be taken back.
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "5"


def test_threads_do_not_interrupt_one_another() -> None:
    subprocess.run([sys.executable, "-c", BURST], check=True)
