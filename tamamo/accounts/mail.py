"""Mail: by the server that is set, or kept in the home where none is.

Sent by a thread of its own, so that how long a page takes does not tell whether an address has an
account, and a mail server that does not answer holds nobody up.
"""

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

logger = structlog.get_logger()

#: Seconds after which sending is tried again.
PAUSES = (1.0, 5.0, 30.0)
#: Where mail is kept, below the home.
FOLDER = "mail"


class Sent(BaseEmailBackend):
    """Hands mail to the server in the background, and tries again when that fails."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Begin to send and return at once."""
        thread = threading.Thread(target=_deliver, args=[list(email_messages)], daemon=True)
        thread.start()
        return len(email_messages)


def _deliver(messages: list[EmailMessage]) -> None:
    for pause in (*PAUSES, None):
        try:
            EmailBackend(fail_silently=False).send_messages(messages)
            return
        except OSError as error:  # smtplib's errors are OSErrors
            # Neither address nor text: a log is no place for them.
            logger.warning("mail_not_sent", reason=type(error).__name__, again=pause is not None)
            if pause is None:
                return
            time.sleep(pause)


class Kept(BaseEmailBackend):
    """Writes mail into HOME/mail for the operator of a machine without a mail server."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write one file a message, readable by the owner only."""
        folder = Path(settings.INSTALLATION.home) / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            path = folder / f"{time.time_ns()}.eml"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(message.message().as_bytes())
            logger.warning("mail_kept", file=str(path), why="TAMAMO_MAIL_SERVER is not set")
        return len(email_messages)
