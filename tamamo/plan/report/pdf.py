"""A report as PDF: tagged, readable aloud (PDF/UA-1), by WeasyPrint from the HTML."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tamamo.kernel.errors import SetupError
from tamamo.plan.report.document import Document
from tamamo.plan.report.html import page

Report = Callable[[str], None]


def write(document: Document, report: Report = lambda _: None) -> bytes:
    """Return the report; report is told the steps. Raises SetupError where Pango is missing."""
    with _steps(report):
        try:
            import weasyprint  # noqa: PLC0415 - 60 MB that only this format needs
        except OSError as error:
            raise SetupError(
                "PDF needs Pango, which this machine does not have (Debian: apt install "
                f"libpango-1.0-0 libpangoft2-1.0-0). The other formats do not. ({error})"
            ) from error
        # Nothing of a report comes from elsewhere: its chart is inside it.
        fetcher = weasyprint.URLFetcher(allowed_protocols=["data"], fail_on_errors=True)
        html = weasyprint.HTML(string=page(document), url_fetcher=fetcher)
        made: bytes = html.write_pdf(pdf_variant="pdf/ua-1")
    return made


@contextmanager
def _steps(report: Report) -> Iterator[None]:
    class Teller(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            report(record.getMessage())

    logger, teller = logging.getLogger("weasyprint.progress"), Teller()
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(teller)
    try:
        yield
    finally:
        logger.removeHandler(teller)
        logger.setLevel(before)
