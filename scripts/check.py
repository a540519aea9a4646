"""`make test`: style, types, import rules, all tests; closes with one line that counts tests."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import psutil

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
CHECKS = {
    "style": ["ruff", "check", "--quiet", "."],
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "types": ["mypy"],
    "imports": ["lint-imports", "--no-cache"],
    "known holes": ["python", "scripts/holes.py"],
    # Each process of the tests would compile them all by itself; so they find them compiled.
    "tests are found": ["pytest", "--collect-only", "-qq"],
}
#: Has words of its own for what could not be looked up: that must not look like an "ok".
SPEAKS = {"known holes"}

#: More failures than these are no accident of load.
MOST_RETRIED = 5
#: Seconds that all tests, and those that run again alone, may take: a run that hangs must end, and
#: say so. A single test has its own limit (pytest-timeout, pyproject.toml).
LONGEST, LONGEST_AGAIN = 45 * 60, 10 * 60
#: Test processes for each core: of the seconds of a journey, two thirds are spent waiting.
WORKERS = 2
#: Files named with their seconds at the end: where to begin when the run has become slow.
SLOWEST = 15


def main(arguments: list[str]) -> int:
    """Run everything and return an exit code; `--only-checks` leaves the tests out."""
    with ThreadPoolExecutor() as at_once:
        passed = at_once.map(passes, CHECKS, CHECKS.values())
    failed = [name for name, well in zip(CHECKS, passed, strict=True) if not well]
    if "--only-checks" in arguments:
        return 1 if failed else 0
    code, line = run_tests(arguments)
    if failed:
        print(f"Checks that failed: {', '.join(failed)} (see above).")
    print(line)
    return 1 if failed or code else 0


def passes(name: str, command: list[str]) -> bool:
    """Run one check, print how it went, and what it said when it failed."""
    begun = time.monotonic()
    answer = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    passed = answer.returncode == 0
    lines = [f"· {name}: {'ok' if passed else 'FAILED'} ({time.monotonic() - begun:.0f} s)"]
    said = (answer.stdout + answer.stderr).rstrip()
    if name in SPEAKS:
        lines = [said]
    elif not passed:
        lines.append(said)
    print("\n".join(lines), flush=True)
    return passed


def run_tests(arguments: list[str]) -> tuple[int, str]:
    """Run pytest on all cores and return its exit code and the closing line."""
    adopt()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        workers = WORKERS * (os.cpu_count() or 1)
        # In the order of tests/conftest.py: else the files with the fewest tests come last, and the
        # longest have one.
        options = ["-q", f"-n{workers}", "--dist=loadfile", "--no-loadscope-reorder"]
        options.append(f"--junitxml={report}")
        code = pytest([*options, *arguments], LONGEST)
        if not report.exists():
            return code or 1, "0 passed, 1 failed, 0 skipped"
        print(slowest(report), flush=True)
        passed, failed, skipped = count(report)
        if code == 1 and 0 < failed <= MOST_RETRIED:
            # Browsers and brokers that share two cores miss a deadline now and then. What fails
            # again alone is broken; what passes is named above by pytest, so that it is mended.
            print(f"{failed} failed beside the others; they run again, alone.", flush=True)
            mended = run_again(Path(folder, "again.xml"), arguments)
            passed, failed = passed + mended, failed - mended
            code = 1 if failed else 0
        return code, f"{passed} passed, {failed} failed, {skipped} skipped"


def run_again(report: Path, arguments: list[str]) -> int:
    """Run the tests that failed, one by one, and return how many of them passed.

    One whose process died is not among them: pytest does not remember it, and it stays failed.
    """
    options = ["-q", "--last-failed", "--last-failed-no-failures=none", f"--junitxml={report}"]
    pytest([*options, *arguments], LONGEST_AGAIN)
    return count(report)[0] if report.exists() else 0


def pytest(options: list[str], seconds: float) -> int:
    """Run pytest, end it and all it started after so many seconds, and return its exit code."""
    child = subprocess.Popen([str(BIN / "pytest"), *options], cwd=ROOT)
    try:
        return child.wait(seconds)
    except KeyboardInterrupt:  # it has been told as well, and puts its things away
        child.wait(30)
        raise
    except subprocess.TimeoutExpired:
        print(f"The tests did not end within {seconds / 60:.0f} minutes.", flush=True)
        return 1
    finally:
        sweep()


def adopt() -> None:
    """Become the parent of whatever the tests start and leave behind (Linux; prctl(2))."""
    if sys.platform == "linux":
        set_child_subreaper = 36
        ctypes.CDLL(None).prctl(set_child_subreaper, 1)


def sweep() -> None:
    """End what still runs of the tests, and name it.

    A server that stays behind holds this run's output open: whoever reads it waits for ever.
    """
    left = psutil.Process().children(recursive=True)
    for process in left:
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                print(f"still running, ended: {' '.join(process.cmdline())[:200]}", flush=True)
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(left, timeout=10)


def slowest(report: Path) -> str:
    """Return the test files that took longest, a line each with its seconds and tests."""
    spent: dict[str, list[float]] = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        spent.setdefault(case.get("classname", ""), []).append(float(case.get("time", "0")))
    order = sorted(spent, key=lambda name: -sum(spent[name]))[:SLOWEST]
    lines = [f"{sum(spent[name]):7.1f} s {len(spent[name]):5} tests  {name}" for name in order]
    total = sum(sum(times) for times in spent.values())
    return "\n".join([f"slowest of {len(spent)} files ({total:.0f} s in all):", *lines])


def count(report: Path) -> tuple[int, int, int]:
    """Return how many tests of a JUnit report passed, failed and were skipped."""
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    total, failures, errors, skipped = (
        sum(int(suite.get(name, "0")) for suite in suites)
        for name in ("tests", "failures", "errors", "skipped")
    )
    return total - failures - errors - skipped, failures + errors, skipped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
