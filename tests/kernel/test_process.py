import subprocess
import sys

CODE = """
import gc, os
from tamamo.kernel import process
before = gc.get_threshold()[0], os.nice(0)
process.collect_less_often()
process.step_back()
assert gc.get_freeze_count() > 0
print(before, gc.get_threshold()[0], os.nice(0) - before[1])
"""


def test_the_collector_runs_seldom_and_others_go_first() -> None:
    # In a process of its own: neither can be taken back.
    done = subprocess.run(
        [sys.executable, "-c", CODE], check=True, capture_output=True, text=True
    ).stdout
    assert done.strip().endswith("50000 5")
    assert "(700," in done
