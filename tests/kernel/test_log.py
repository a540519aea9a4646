import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tamamo.kernel import log, settings


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root, request = logging.getLogger(), logging.getLogger("django.request")
    before = (root.handlers, root.level, request.level)
    yield
    root.handlers, root.level = before[0], before[1]
    request.setLevel(before[2])


def test_what_libraries_log_is_one_json_object_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    for _ in range(2):  # a second call replaces the first handler
        log.configure(settings.load({"home": tmp_path, "log_format": "json"}))
    logging.getLogger("django.request").warning("Not Found: %s", "/x")
    logging.getLogger("httpx").info("a detail")
    logging.getLogger("django.security").warning("two\nlines of %s", "a stranger")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("asyncio").exception("task failed")
    first, second = (json.loads(line) for line in stderr.getvalue().splitlines())
    assert first["event"] == "two\nlines of a stranger"
    assert (first["level"], first["logger"]) == ("warning", "django.security")
    assert second["event"] == "task failed"
    assert "ValueError: broken" in second["exception"]
