"""Web Push against a push service of our own: read as a browser does, signed, forgotten."""

import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import jwt
import pytest
from aiohttp import web
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from tamamo.kernel.database import transaction
from tamamo.kernel.outgoing import Outgoing
from tamamo.kernel.settings import Settings
from tamamo.messaging import InvalidMessage, Message, push
from tamamo.messaging.delivery import Delivery
from tamamo.messaging.encryption import encrypt, from_text, room, vapid_key
from tamamo.messaging.policy import Policy
from tamamo.messaging.work import senders_of
from tests.messaging.browser import Browser, base64url
from tests.messaging.conftest import Post


@dataclass
class Service:
    """A push service that keeps what it takes."""

    base: str = ""
    status: int = 201
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((request.path, dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers={"Retry-After": "30"})


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    app = web.Application()
    app.router.add_post("/{tail:.*}", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def delivery(post: Post, tmp_path: Path) -> AsyncIterator[Delivery]:
    home = tmp_path / "home"
    home.mkdir()
    settings = Settings(
        home=home, outgoing_allow=("127.0.0.1",), mail_from="tamamo@takamatsu.example"
    )
    async with Outgoing(settings) as outgoing:
        senders = senders_of(settings, outgoing, post.pool)
        yield Delivery(post.pool, senders, Policy(), post.clock)


async def subscribed(post: Post, browser: Browser, owner: str = "contact:1") -> str:
    async with transaction(post.pool) as connection:
        return await push.subscribe(connection, "default", owner, browser.document())


def test_the_example_of_the_rfc() -> None:
    """RFC 8291, section 5 and appendix A: the same keys give the same bytes."""
    private = int.from_bytes(from_text("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big")
    sender = int.from_bytes(from_text("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    browser = Browser(
        "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        ec.derive_private_key(private, ec.SECP256R1()),
        from_text("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        browser.public,
        browser.auth,
        own=ec.derive_private_key(sender, ec.SECP256R1()),
        salt=from_text("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert base64url(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6T"
        "lzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4"
        "a-fN"
    )
    assert browser.decrypt(body) == b"When I grow up, I want to be a watermelon"


async def test_a_browser_reads_what_was_sent(
    post: Post, delivery: Delivery, service: Service
) -> None:
    browser = Browser(f"{service.base}/push/secret-path")
    number = await subscribed(post, browser)
    message = Message(
        "default", "webpush", number, "氾濫危険水位", "新川橋 2.41 m", url="https://t.example/a/1",
        about="call:1", urgent=True,
    )  # fmt: skip
    [sent] = await post.send(message)
    await post.deliver(delivery)
    [(path, headers, body)] = service.got
    assert path == "/push/secret-path"
    assert headers["Content-Encoding"] == "aes128gcm"
    assert headers["TTL"] == "3600"
    assert headers["Urgency"] == "high"
    assert len(headers["Topic"]) == 32
    read = browser.read(body)
    assert (read["title"], read["body"], read["lang"]) == ("氾濫危険水位", "新川橋 2.41 m", "ja")
    assert read["url"] == "https://t.example/a/1"
    assert read["receipt"] == f"default/{sent}"
    with pytest.raises(InvalidTag):
        Browser(browser.endpoint).decrypt(body)
    assert await post.states() == {"氾濫危険水位": "sent"}
    async with transaction(post.pool) as connection:
        [known] = await push.of(connection, "default", "contact:1")
    assert known.last_ok_at == post.clock.now()


async def test_the_sender_says_who_it_is(
    post: Post, delivery: Delivery, service: Service, tmp_path: Path
) -> None:
    number = await subscribed(post, Browser(f"{service.base}/x"))
    await post.send(Message("default", "webpush", number, "a", "b"))
    await post.deliver(delivery)
    scheme, _, rest = service.got[0][1]["Authorization"].partition(" ")
    parts = dict(one.strip().split("=", 1) for one in rest.split(","))
    assert scheme == "vapid"
    assert parts["k"] == push.public_key(tmp_path / "home")
    key = vapid_key(tmp_path / "home").public_key()
    claims = jwt.decode(
        parts["t"], key, algorithms=["ES256"], audience=service.base,
        options={"verify_exp": False},
    )  # fmt: skip
    assert claims["sub"] == "mailto:tamamo@takamatsu.example"
    assert 0 < claims["exp"] - post.clock.now().timestamp() <= 24 * 3600
    assert (tmp_path / "home/secrets/vapid-key.pem").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(
    post: Post, delivery: Delivery, service: Service, status: int
) -> None:
    number = await subscribed(post, Browser(f"{service.base}/x"))
    service.status = status
    await post.send(Message("default", "webpush", number, "a", "b"))
    await post.deliver(delivery)
    async with transaction(post.pool) as connection:
        assert await push.of(connection, "default", "contact:1") == []
    await post.send(Message("default", "webpush", number, "later", "b"))
    await post.deliver(delivery)
    assert await post.states() == {"a": "failed:gone", "later": "failed:gone"}
    assert len(service.got) == 1


async def test_a_push_service_that_is_busy_is_asked_again_when_it_says(
    post: Post, delivery: Delivery, service: Service
) -> None:
    number = await subscribed(post, Browser(f"{service.base}/x"))
    service.status = 429
    await post.send(Message("default", "webpush", number, "a", "b"))
    await post.deliver(delivery)
    service.status = 201
    post.clock.turn(seconds=29)
    await post.deliver(delivery)
    assert len(service.got) == 1
    post.clock.turn(seconds=2)
    await post.deliver(delivery)
    assert await post.states() == {"a": "sent"}


async def test_long_texts_are_cut_to_what_a_push_service_takes(
    post: Post, delivery: Delivery, service: Service
) -> None:
    browser = Browser(f"{service.base}/x")
    number = await subscribed(post, browser)
    await post.send(
        Message(
            "default", "webpush", number, "題" * 300, "𩸽" * 20_000, url="https://x.jp/" + "u" * 900
        )
    )
    await post.deliver(delivery)
    body = service.got[0][2]
    assert len(body) <= 4096 and len(browser.decrypt(body)) <= room()
    assert browser.read(body)["title"].startswith("題")


async def test_a_private_address_is_not_reached(post: Post, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    settings = Settings(home=tmp_path / "home")
    number = await subscribed(post, Browser("https://10.0.0.1/push"))
    await post.send(Message("default", "webpush", number, "a", "b"))
    async with Outgoing(settings) as outgoing:
        senders = senders_of(settings, outgoing, post.pool)
        await post.deliver(Delivery(post.pool, senders, Policy(), post.clock))
    assert await post.states() == {"a": "failed:address"}


_GOOD = json.loads(Browser("https://push.example/1").document())


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        json.dumps(_GOOD | {"endpoint": "http://push.example/1"}),
        json.dumps(_GOOD | {"endpoint": "ftp://push.example/1"}),
        json.dumps(_GOOD | {"endpoint": 5}),
        json.dumps(_GOOD | {"keys": {"auth": _GOOD["keys"]["auth"]}}),
        json.dumps(_GOOD | {"keys": _GOOD["keys"] | {"auth": "short"}}),
        # A point that is not on the curve.
        json.dumps(_GOOD | {"keys": _GOOD["keys"] | {"p256dh": base64url(b"\x04" + b"\x01" * 64)}}),
    ],
)
async def test_what_is_no_subscription_is_refused(post: Post, document: str) -> None:
    async with transaction(post.pool) as connection:
        with pytest.raises(InvalidMessage) as refused:
            await push.subscribe(connection, "default", "contact:1", document)
    assert refused.value.extra["field"] == "subscription"


async def test_one_browser_twice_is_one(post: Post) -> None:
    browser = Browser("https://push.example/1")
    first = await subscribed(post, browser)
    assert await subscribed(post, browser) == first
    assert await subscribed(post, browser, "contact:2") != first
    async with transaction(post.pool) as connection:
        assert not await push.unsubscribe(connection, "elsewhere", first)
        assert await push.unsubscribe(connection, "default", first)
        assert await push.of(connection, "default", "contact:1") == []
        assert len(await push.of(connection, "default", "contact:2")) == 1


def test_base64url_as_browsers_write_it() -> None:
    assert from_text("-_8") == from_text("-_8=") == urlsafe_b64decode("-_8=")


async def test_a_browser_that_got_another_endpoint_keeps_its_place(post: Post) -> None:
    old, new = Browser("https://push.example/old"), Browser("https://push.example/new")
    numbers = {await subscribed(post, old, owner) for owner in ("contact:1", "contact:2")}
    async with transaction(post.pool) as connection:
        await push.replace(connection, "https://push.example/unknown", new.document())
        await push.replace(connection, old.endpoint, new.document())
        known = [
            one.id
            for owner in ("contact:1", "contact:2")
            for one in await push.of(connection, "default", owner)
        ]
    assert set(known) == numbers
    await post.send(Message("default", "webpush", known[0], "a", "b"))
    await post.deliver()
    assert [address for address, _ in post.recorder.got] == [new.endpoint]
