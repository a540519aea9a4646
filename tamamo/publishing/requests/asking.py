"""What the public does: asks, comments, confirms an address, has itself forgotten."""

import base64
import hashlib
import secrets
from dataclasses import replace
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection, single, transaction
from tamamo.publishing.requests import mails, store, words
from tamamo.publishing.requests.errors import InvalidPost, NoSuchRequest, TooManyPosts
from tamamo.publishing.requests.model import Asking, Mine, Request, Visible

#: Texts of the public a town takes in an hour: more than a day's, and nobody could read them.
MOST_AN_HOUR: Final = 60
#: Mails an address is sent in a day before it is confirmed, whoever typed it.
MOST_ASKED_A_DAY: Final = 3


class Door:
    """The public's side."""

    _broker: Broker

    async def ask(self, tenant: str, asking: Asking, by: str) -> tuple[Request, str]:
        """Keep a request; return it and the secret of the asker's own page.

        by: the subject for the audit log. Raises InvalidPost, TooManyPosts.
        """
        asking = words.cleaned(asking)
        _check(asking, titled=True)
        reason = words.held(asking)
        visible: Visible = "held" if reason else "shown"
        async with transaction(self._broker.pool) as connection:
            await self._room(connection, tenant)
            title = asking.title.strip()
            values = {"tenant": tenant, "title": title, "visible": visible}
            ((number,),) = await store.run(connection, "insert_request", values)
            token = await self._post(connection, (tenant, number), "request", asking, reason)
            told = {"title": title, "visible": visible, "held": reason}
            await append(
                connection, Event(tenant, by, "data_request.ask", _name(number), after=told)
            )
            return await store.one(connection, tenant, number, staff=True), token

    async def comment(self, tenant: str, number: int, asking: Asking, by: str) -> tuple[bool, str]:
        """Keep a comment; return whether it is shown at once, and the secret of its writer's page.

        Raises InvalidPost, NoSuchRequest, TooManyPosts.
        """
        asking = words.cleaned(asking)
        _check(asking, titled=False)
        reason = words.held(asking)
        async with transaction(self._broker.pool) as connection:
            await self._room(connection, tenant)
            request = await store.one(connection, tenant, number, staff=False)
            named = Asking(request.title, asking.body, asking.name, asking.mail, asking.language)
            token = await self._post(connection, (tenant, number), "comment", named, reason)
            await store.run(connection, "touch", {"tenant": tenant, "request": number})
            event = Event(tenant, by, "data_request.comment", _name(number), after={"held": reason})
            await append(connection, event)
        return not reason, token

    async def mine(self, tenant: str, token: str) -> Mine:
        """Return what somebody's own page is about. Raises NoSuchRequest."""
        async with single(self._broker.pool) as connection:
            found = await store.mine(connection, tenant, _hash(token))
            if found is not None:
                return found
            found = await store.mine(connection, tenant, _hash(_page_of(token)))
        if found is None:
            raise NoSuchRequest("Nothing is known behind this address (any more)")
        return replace(found, by_mail=True)

    async def confirm(self, tenant: str, token: str, by: str) -> bool:
        """Confirm a mail address by the secret that only its mail held; return whether it was."""
        return await self._own(tenant, _page_of(token), by, "confirm")

    async def forget(self, tenant: str, token: str, by: str) -> bool:
        """Erase somebody's name and address; the text stays. Return whether anything was known."""
        known = await self._own(tenant, token, by, "forget")
        return known or await self._own(tenant, _page_of(token), by, "forget")

    async def _own(self, tenant: str, token: str, by: str, what: str) -> bool:
        values = {"tenant": tenant, "token": _hash(token)}
        async with transaction(self._broker.pool) as connection:
            rows = await store.run(connection, what, values)
            if rows:
                event = Event(tenant, by, f"data_request.{what}", f"data-request-post:{rows[0][0]}")
                await append(connection, event)
        return bool(rows)

    async def _room(self, connection: Connection, tenant: str) -> None:
        """Raise TooManyPosts when the town was flooded; hold others back until this is decided."""
        await store.run(connection, "lock", {"tenant": tenant})
        ((count,),) = await store.run(connection, "recent", {"tenant": tenant})
        if count >= MOST_AN_HOUR:
            raise TooManyPosts("Too many requests for data came within the hour. Try again later.")

    async def _post(
        self, connection: Connection, of: tuple[str, int], kind: str, asking: Asking, reason: str
    ) -> str:
        """Keep a text and who wrote it; return the secret of the writer's page."""
        tenant, number = of
        values: dict[str, Any] = {
            "tenant": tenant, "request": number, "kind": kind, "body": asking.body.strip(),
            "state": None, "actor": "", "unit": "", "reason": reason,
            "visible": "held" if reason else "shown",
        }  # fmt: skip
        ((post,),) = await store.run(connection, "insert_post", values)
        mailed, mail = secrets.token_urlsafe(24), asking.mail.strip()
        token = _page_of(mailed)
        person = {
            "tenant": tenant, "post": post, "name": asking.name.strip(), "mail": mail,
            "language": "en" if asking.language == "en" else "ja", "token": _hash(token),
        }  # fmt: skip
        await store.run(connection, "insert_person", person)
        town = self._broker.towns.get(tenant)
        if mail and town is not None and await self._may_mail(connection, tenant, mail):
            # What nobody has looked at is not sent on in the town's name.
            told = replace(asking, title="…") if reason else asking
            await mails.ask_to_confirm(connection, self._broker.settings, town, told, mailed)
        return token

    async def _may_mail(self, connection: Connection, tenant: str, mail: str) -> bool:
        """Whether an address, which may be anybody's, is asked once more today."""
        values = {"tenant": tenant, "mail": mail}
        ((count,),) = await store.run(connection, "asked_today", values)
        return int(count) <= MOST_ASKED_A_DAY


def _check(asking: Asking, *, titled: bool) -> None:
    faults = words.faults(asking, titled=titled)
    if faults:
        raise InvalidPost(faults)


def _page_of(mailed: str) -> str:
    """Return the secret of a person's page that belongs to what a mail holds.

    The page is told to whoever wrote, the mail to whoever reads that mailbox: only the second may
    say that the mailbox is theirs, and the first does not lead to it.
    """
    digest = hashlib.sha256(b"page:" + mailed.encode("utf-8", "replace")).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode("ascii")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _name(number: int) -> str:
    """What the audit log calls a request."""
    return f"data-request:{number}"
