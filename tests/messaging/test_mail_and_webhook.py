"""Mail against a real mail server, webhooks against a real receiver."""

import asyncio
import base64
import email
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default as modern
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tamamo.kernel.outgoing import Outgoing
from tamamo.kernel.settings import Settings
from tamamo.messaging import Channel, Message
from tamamo.messaging.delivery import Delivery
from tamamo.messaging.mail import MailSender
from tamamo.messaging.policy import Policy
from tamamo.messaging.senders import webhook_secret
from tamamo.messaging.work import senders_of
from tests.conftest import free_port
from tests.messaging.conftest import Post, mail


class Server:
    """Takes mail as it is told (aiosmtpd handler)."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Any] = []
        self.answers: dict[str, str] = {}
        self.sessions: set[int] = set()

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, _: Any
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(email.message_from_bytes(envelope.content, policy=modern))  # type: ignore[arg-type]
        self.envelopes.append(envelope)
        self.sessions.add(id(session))
        return self.answers.get("DATA", "250 OK")


@pytest.fixture
def server() -> Iterator[Server]:
    handler = Server()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.port = controller.port  # type: ignore[attr-defined]
    yield handler
    controller.stop()


async def delivered(post: Post, tmp_path: Path, *messages: Message, **settings: Any) -> None:
    """Send and deliver with the real senders."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    made = Settings(home=home, outgoing_allow=("127.0.0.1",), **settings)
    await post.send(*messages)
    async with Outgoing(made) as outgoing:
        delivery = Delivery(post.pool, senders_of(made, outgoing, post.pool), Policy(), post.clock)
        await post.deliver(delivery)
        await delivery.close()


def by(server: Server, **more: Any) -> dict[str, Any]:
    return {
        "mail_server": f"127.0.0.1:{server.port}",  # type: ignore[attr-defined]
        "mail_security": "plain",
        "mail_from": "tamamo@takamatsu.example",
        **more,
    }


async def test_a_mail_as_it_arrives(post: Post, tmp_path: Path, server: Server) -> None:
    await post.run("""update tenant set title = '{"ja": "高松市", "en": "Takamatsu"}'""")
    message = mail("水位の警報\n二行目", url="https://t.example/answer/1", urgent=True,
                   unsubscribe="https://t.example/off/1")  # fmt: skip
    await delivered(post, tmp_path, message, **by(server))
    [got] = server.mails
    assert got["From"] == "高松市 <tamamo@takamatsu.example>"
    assert got["To"] == "officer@example.jp"
    assert got["Subject"] == "水位の警報 二行目"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["List-Unsubscribe"] == "<https://t.example/off/1>"
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert got.get_content() == "text\n\nhttps://t.example/answer/1\n"
    [row] = await post.rows()
    assert got["Message-ID"] == f"<{row['id']}@takamatsu.example>"
    assert row["state"] == "sent"


async def test_each_town_writes_under_its_own_name(
    post: Post, tmp_path: Path, server: Server
) -> None:
    await post.run("""insert into tenant (name, title) values ('ayagawa', '{"ja": "綾川町"}')""")
    await post.run(
        "insert into message_sender values ('ayagawa', 'bosai@ayagawa.example', %s)",
        json.dumps({"en": "Ayagawa, disaster prevention"}),
    )
    await delivered(
        post, tmp_path,
        Message("ayagawa", "mail", "a@example.jp", "s", "t"),
        Message("ayagawa", "mail", "b@example.jp", "s", "t", language="en"),
        **by(server),
    )  # fmt: skip
    senders = {one["To"]: one["From"] for one in server.mails}
    assert senders["a@example.jp"] == "綾川町 <bosai@ayagawa.example>"
    assert senders["b@example.jp"] == '"Ayagawa, disaster prevention" <bosai@ayagawa.example>'
    assert {one.mail_from for one in server.envelopes} == {"bosai@ayagawa.example"}


async def test_what_the_mail_server_says(post: Post, tmp_path: Path, server: Server) -> None:
    server.answers = {"gone@example.jp": "550 no such user", "full@example.jp": "452 full"}
    messages = [mail(name, f"{name}@example.jp") for name in ("gone", "full", "fine", "also")]
    await delivered(post, tmp_path, *messages, **by(server))
    assert await post.states() == {
        "gone": "failed:gone", "full": "queued", "fine": "sent", "also": "sent"
    }  # fmt: skip
    server.answers = {"DATA": "554 no"}
    await delivered(post, tmp_path, mail("spam"), **by(server))
    assert (await post.states())["spam"] == "failed:refused"


async def test_mails_share_connections(post: Post, tmp_path: Path, server: Server) -> None:
    await delivered(
        post, tmp_path, *(mail(f"m{n}", f"a{n}@example.jp") for n in range(40)), **by(server)
    )
    assert len(server.mails) == 40
    assert len(server.sessions) <= 8 + 4


async def test_a_mail_server_that_is_away_loses_nothing(
    post: Post, tmp_path: Path, server: Server
) -> None:
    away = by(server, mail_server=f"127.0.0.1:{free_port()}")
    await delivered(post, tmp_path, mail("waits"), **away)
    assert await post.states() == {"waits": "queued"}
    [row] = await post.rows()
    assert "127.0.0.1" not in row["detail"] and "example" not in row["detail"]
    post.clock.turn(minutes=1)
    await delivered(post, tmp_path, **by(server))
    assert await post.states() == {"waits": "sent"}


async def test_tls_is_not_left_out_where_it_is_asked_for(
    post: Post, tmp_path: Path, server: Server
) -> None:
    await delivered(post, tmp_path, mail("secret"), **by(server, mail_security="starttls"))
    assert server.mails == [] and await post.states() == {"secret": "queued"}


async def test_without_a_mail_server_nothing_is_said_to_be_sent(post: Post, tmp_path: Path) -> None:
    await delivered(post, tmp_path, mail("kept"))
    assert await post.states() == {"kept": "failed:not_connected"}
    [path] = (tmp_path / "home/mail").glob("*.eml")
    assert path.stat().st_mode & 0o077 == 0
    assert email.message_from_bytes(path.read_bytes(), policy=modern)["Subject"] == "kept"


class Hook:
    """A receiver of webhooks."""

    def __init__(self) -> None:
        self.url, self.status = "", 204
        self.got: list[tuple[dict[str, str], bytes]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made, app = Hook(), web.Application()
    app.router.add_post("/hook", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


async def test_a_webhook_is_signed(post: Post, tmp_path: Path, hook: Hook) -> None:
    message = Message("default", "webhook", hook.url, "題", "文", url="https://t.example/1",
                      about="call:1")  # fmt: skip
    await delivered(post, tmp_path, message)
    [(headers, body)] = hook.got
    document = json.loads(body)
    assert (document["subject"], document["text"], document["drill"]) == ("題", "文", False)
    secret = webhook_secret(Settings(home=tmp_path / "home"), "default", hook.url)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    other = webhook_secret(Settings(home=tmp_path / "home"), "ayagawa", hook.url)
    assert other != secret
    assert await post.states() == {"題": "delivered"}


@pytest.mark.parametrize(
    ("status", "state"),
    [(500, "queued"), (503, "queued"), (429, "queued"), (400, "failed:refused"),
     (302, "failed:refused"), (410, "failed:gone")],
)  # fmt: skip
async def test_what_a_receiver_answers(
    post: Post, tmp_path: Path, hook: Hook, status: int, state: str
) -> None:
    hook.status = status
    await delivered(post, tmp_path, Message("default", "webhook", hook.url, "x", ""))
    assert await post.states() == {"x": state}
    assert len(hook.got) == 1


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server on this machine shows, and what believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail of a test")])
    now = datetime.now(UTC)
    here = x509.IPAddress(ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "both.pem").write_bytes(private + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_mail_over_tls_to_who_can_be_believed(
    post: Post, tmp_path: Path, security: str
) -> None:
    shown, believed = _certificate(tmp_path)
    handler, direct = Server(), security == "tls"

    def factory() -> SMTP:
        own = None if direct else shown
        return SMTP(handler, hostname="mail.test", tls_context=own, require_starttls=not direct)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, "127.0.0.1", 0, ssl=shown if direct else None)
    port = server.sockets[0].getsockname()[1]
    settings = Settings(home=tmp_path, mail_server=f"127.0.0.1:{port}", mail_security=security)
    for context, state in ((None, "queued"), (believed, "sent")):
        post.clock.turn(minutes=1)
        await post.send(mail(f"m{state}"))
        sender = MailSender(settings, context=context)
        delivery = Delivery(post.pool, {Channel.MAIL: sender}, Policy(), post.clock)
        await post.deliver(delivery)
        await delivery.close()
        assert (await post.states())[f"m{state}"] == state
    server.close()
    assert {one["Subject"] for one in handler.mails} == {"mqueued", "msent"}
