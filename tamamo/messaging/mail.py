"""Mail over SMTP, and what stands in its place where no server is set."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings
from tamamo.messaging.model import Item, Reason, State
from tamamo.messaging.senders import From, Later, Never, subject_of, text_of

if TYPE_CHECKING:
    from aiosmtplib import SMTP

#: Where mail is kept without a server, below the home: beside the mail of accounts.
FOLDER: Final = "mail"
#: Seconds a connection that is not used stays open, and connections kept at most.
_KEEP_SECONDS, _KEPT = 10.0, 4
#: Messages kept in the home at most; the oldest go first.
_MOST_KEPT: Final = 1000
_PORTS: Final = {"plain": 25, "starttls": 587, "tls": 465}


def compose(item: Item, address: str, sender: From, mail_from: str) -> bytes:
    """Return a mail as it travels (RFC 5322).

    Plain text alone: nothing in it is fetched, so that nobody is watched. The Message-ID is that of
    the message: a mail that was sent twice is one to whoever reads it.
    """
    # Loaded when the first mail goes out.
    from email.headerregistry import Address  # noqa: PLC0415
    from email.message import EmailMessage  # noqa: PLC0415
    from email.utils import format_datetime  # noqa: PLC0415

    message = EmailMessage()
    account, _, domain = (sender.address or mail_from).rpartition("@")
    name = " ".join(sender.name(item.language).split())
    message["From"] = Address(name, account, domain)
    user, _, host = address.rpartition("@")
    message["To"] = Address("", user, host)
    message["Subject"] = subject_of(item)
    message["Date"] = format_datetime(item.created_at)
    message["Message-ID"] = f"<{item.id}@{domain}>"
    # No holiday answers come back (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = item.language
    if item.urgent:
        message["X-Priority"] = "1"
    if item.unsubscribe:
        message["List-Unsubscribe"] = f"<{item.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    text = text_of(item)
    if item.url:
        text = f"{text.rstrip()}\n\n{item.url}"
    message.set_content(text.rstrip() + "\n", cte="base64")
    return message.as_bytes()


class MailSender:
    """Sends by the installation's mail server over a few connections that are kept for a while."""

    connected = True

    def __init__(
        self, settings: Settings, *, seconds: float = 20.0, context: ssl.SSLContext | None = None
    ) -> None:
        """seconds: for the whole exchange. context: what is believed of TLS; None: the system's.

        Raises SetupError naming the setting that cannot be.
        """
        assert settings.mail_server is not None
        if settings.mail_security not in _PORTS:
            raise SetupError("TAMAMO_MAIL_SECURITY is plain, starttls or tls.")
        parts = urlsplit(f"//{settings.mail_server}")
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[settings.mail_security]
        self._settings = settings
        self._seconds = seconds
        self._context = context
        self._idle: list[tuple[SMTP, float]] = []

    async def send(self, item: Item, address: str, sender: From, now: datetime) -> State:
        """Return SENT once the server has taken it. Raises Later, Never."""
        import aiosmtplib  # noqa: PLC0415 - loaded when the first mail goes out

        content = compose(item, address, sender, self._settings.mail_from)
        envelope = sender.address or self._settings.mail_from
        try:
            async with asyncio.timeout(self._seconds), self._connection() as smtp:
                await smtp.sendmail(envelope, [address], content)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _said(refused.recipients[0].code, host=False) from refused
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Later(f"SMTP {error.code}: not authorised") from error
        except aiosmtplib.SMTPResponseException as error:
            raise _said(error.code, host=True) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Later(type(error).__name__) from error
        return State.SENT

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["SMTP"]:
        """Yield a connection that nobody else uses; one that failed is not used again."""
        smtp = self._taken() or await self._connect()
        try:
            yield smtp
        except BaseException:
            smtp.close()
            raise
        if len(self._idle) < _KEPT:
            self._idle.append((smtp, asyncio.get_running_loop().time()))
        else:
            smtp.close()

    def _taken(self) -> "SMTP | None":
        now = asyncio.get_running_loop().time()
        while self._idle:
            smtp, since = self._idle.pop()
            if smtp.is_connected and now - since < _KEEP_SECONDS:
                return smtp
            smtp.close()
        return None

    async def _connect(self) -> "SMTP":
        from aiosmtplib import SMTP  # noqa: PLC0415

        security = self._settings.mail_security
        smtp = SMTP(
            hostname=self._host,
            port=self._port,
            use_tls=security == "tls",
            start_tls=security == "starttls",
            username=self._settings.mail_user,
            password=self._settings.mail_password,
            tls_context=self._context,
            timeout=self._seconds,
        )
        await smtp.connect()
        return smtp

    async def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop()[0].close()


def _said(code: int, *, host: bool) -> Later | Never:
    """Return what a server's answer comes to (RFC 5321, 4.2.1): 4xx later, 5xx never."""
    if 400 <= code < 500:
        # 421: the server itself is going away; else it is about this mailbox alone.
        return Later(f"SMTP {code}", host=host or code == 421)
    return Never(Reason.GONE if code in (550, 551, 553) else Reason.REFUSED, f"SMTP {code}")


class KeptMail:
    """Writes mail into HOME/mail where no server is set. Nobody has been reached by that."""

    connected = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def send(self, item: Item, address: str, sender: From, now: datetime) -> State:
        """Keep the mail for the operator; never says it was sent."""
        content = compose(item, address, sender, self._settings.mail_from)
        await asyncio.to_thread(self._keep, f"{item.created_at:%Y%m%dT%H%M%S}-{item.id}", content)
        raise Never(Reason.NOT_CONNECTED)

    def _keep(self, name: str, content: bytes) -> None:
        folder = self._settings.home / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Tried again after a crash, it is the same file.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        descriptor = os.open(folder / f"{name}.eml", flags, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        # Only those of this part, whose names have a T: the accounts' own are no message's.
        for old in sorted(folder.glob("*T*-*.eml"))[:-_MOST_KEPT]:
            old.unlink(missing_ok=True)

    async def close(self) -> None:
        """Do nothing."""
