"""Mails to those who asked."""

import tomllib
from functools import cache
from importlib.resources import files

from tamamo import messaging
from tamamo.kernel.database import Connection
from tamamo.kernel.settings import Settings, installation_url
from tamamo.kernel.towns import DEFAULT, Town
from tamamo.messaging import Channel, Message
from tamamo.publishing.requests.model import Answer, Asking, Request


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath("mail.toml").read_text("utf-8"))


def said(language: str, name: str, **facts: object) -> str:
    """Return a text in a language (ja, en), with what is to be filled in."""
    text = _texts()["en" if language == "en" else "ja"][name]
    for key, value in facts.items():
        text = text.replace(f"{{{key}}}", str(value))
    return text.strip()


async def ask_to_confirm(
    connection: Connection, settings: Settings, town: Town, asking: Asking, token: str
) -> None:
    """Send the mail whose reader may confirm the address."""
    facts = {"town": town.title(asking.language), "title": asking.title}
    await messaging.send(
        connection,
        [
            Message(
                town.name,
                Channel.MAIL,
                asking.mail.strip(),
                said(asking.language, "confirm_subject", **facts),
                said(asking.language, "confirm_text", **facts),
                url=_url(settings, town, asking.language, f"/requests/mine/{token}/"),
                about="data-request",
                language=asking.language,
            )
        ],
    )


async def tell(
    connection: Connection,
    settings: Settings,
    of: tuple[Town, Request],
    answer: Answer,
    readers: list[tuple[str, str]],
) -> None:
    """Tell those who confirmed an address that a department answered. readers: mail, language."""
    town, request = of
    mails = []
    for address, language in readers:
        facts = {
            "town": town.title(language),
            "title": request.title,
            "state": said(language, answer.state),
            "body": answer.body,
        }
        mails.append(
            Message(
                town.name,
                Channel.MAIL,
                address,
                said(language, "answer_subject", **facts),
                said(language, "answer_text", **facts),
                url=_url(settings, town, language, f"/requests/{request.number}/"),
                about=f"data-request:{request.number}",
                language=language,
            )
        )
    await messaging.send(connection, mails)


def _url(settings: Settings, town: Town, language: str, path: str) -> str:
    root = "" if town.name == DEFAULT else f"/t/{town.name}"
    return installation_url(settings) + root + ("/en" if language == "en" else "") + path
