"""Structured logs on stderr: one event a line, JSON for machines, text for a terminal."""

import logging
import sys
from typing import TextIO

import structlog

from tamamo.kernel.settings import Settings


def configure(settings: Settings) -> None:
    """Set up structlog for this process. Secrets are never handed to a logger."""
    as_json = settings.log_format == "json" or (
        settings.log_format == "auto" and not sys.stderr.isatty()
    )
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    _adopt_libraries(renderer, level)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


class _LibraryHandler(logging.StreamHandler[TextIO]):
    """What libraries log by the standard library, in the shape of our own events."""


def _adopt_libraries(renderer: structlog.types.Processor, level: int) -> None:
    handler = _LibraryHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not isinstance(h, _LibraryHandler)] + [handler]
    # Their details are noise beside our own; what they find amiss is not.
    root.setLevel(max(level, logging.WARNING))
    # A visitor's wrong address is in the metrics and no event; Django would warn of each.
    logging.getLogger("django.request").setLevel(max(level, logging.ERROR))
