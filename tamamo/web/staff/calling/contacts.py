"""Contacts: who can be called, and where."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tamamo.calling import store
from tamamo.calling.contact import MOST_ADDRESSES, Address, Contact
from tamamo.calling.errors import Changed, InvalidCalling
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.identity import grants
from tamamo.messaging import Channel, InvalidMessage, push
from tamamo.messaging.model import check_address
from tamamo.messaging.senders import webhook_secret
from tamamo.web.staff.calling import room as rooms
from tamamo.web.staff.calling.room import channel_name, forth, options, require_change, room
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault, FormField
from tamamo.web.staff.frame import Step

#: What can be typed as an address; browsers subscribe by themselves.
_TYPED = (Channel.MAIL, Channel.WEBHOOK, Channel.LINE, Channel.SMS)
_LONGEST = 200


@require_safe
@room
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the contacts of a town."""
    async with transaction(desk.broker.pool) as connection:
        people = await store.contacts(connection, desk.tenant)
        await rooms.note_read(connection, desk, people, "staff.contacts")
        browsers = {p.id: len(await push.of(connection, desk.tenant, p.push_owner)) for p in people}
    context = {
        "tabs": rooms.tabs(desk, "contacts"),
        "channels": rooms.connected(desk),
        "rows": [_row(desk, one, browsers[one.id]) for one in people],
        "new_url": desk.url("contact-new"),
    }
    return rooms.shown(request, desk, "contacts.html", context)


def _row(desk: Desk, one: Contact, browsers: int) -> dict[str, Any]:
    places = [(channel_name(a.channel), a.to) for a in one.addresses]
    if browsers:
        places.append((channel_name(Channel.WEBPUSH), _("%(n)s devices") % {"n": browsers}))
    return {
        "person": one,
        "url": desk.url("contact", contact=one.id),
        "places": places,
        "language": {"ja": "日本語", "en": "English"}[one.language],
    }


class Form:
    """What was typed about somebody."""

    def __init__(self, contact: Contact, accounts: list[tuple[str, str]]) -> None:
        self.contact = contact
        self.accounts = accounts
        self.errors: dict[str, str] = {}
        self.typed: list[tuple[str, str]] = [(a.channel.value, a.to) for a in contact.addresses]

    def read(self, data: QueryDict) -> None:
        """Take over what was typed, and note what is wrong with it."""
        self.contact = replace(
            self.contact,
            name=data.get("name", "").strip()[:_LONGEST],
            organisation=data.get("organisation", "").strip()[:_LONGEST],
            staff=data.get("staff", "yes") == "yes",
            subject=data.get("subject", "") or None,
            language="en" if data.get("language") == "en" else "ja",
            note=data.get("note", "").strip()[:2000],
            version=int(v) if (v := data.get("version", "1")).isdecimal() and len(v) < 9 else 1,
        )
        if not self.contact.name:
            self.errors["name"] = _("Type a name.")
        if self.contact.subject and self.contact.subject not in dict(self.accounts):
            self.errors["subject"] = _("Choose an account of the list.")
        self.typed = list(
            zip(data.getlist("channel"), map(str.strip, data.getlist("to")), strict=False)
        )[:MOST_ADDRESSES]
        self._addresses()

    def _addresses(self) -> None:
        found = []
        for number, (channel, to) in enumerate(self.typed):
            if not to:
                continue
            try:
                if channel not in _TYPED:
                    raise InvalidMessage("channel", "channel")
                check_address(Channel(channel), to)
            except InvalidMessage:
                self.errors[f"to-{number}"] = _address_text(channel)
            else:
                found.append(Address(Channel(channel), to))
        self.contact = replace(self.contact, addresses=tuple(dict.fromkeys(found)))

    def fields(self) -> list[FormField]:
        """Return the fields of the person."""
        one = self.contact
        kinds = (("yes", _("Works for the town")), ("no", _("From outside")))
        accounts = [("", _("No account here")), *self.accounts]
        return [
            FormField(
                "name", _("Name"), "text", one.name, required=True,
                error=self.errors.get("name", ""), width="input--mid",
            ),
            FormField(
                "organisation", _("Department or organisation"), "text", one.organisation,
                width="input--mid",
            ),
            FormField(
                "staff", _("Kind"), "choice", options=options(kinds, "yes" if one.staff else "no")
            ),
            FormField(
                "subject", _("Account"), "choice", options=options(accounts, one.subject or ""),
                help=_(
                    "With it they take calls on the staff page, and send test calls to themselves."
                ),
                error=self.errors.get("subject", ""),
            ),
            FormField(
                "language", _("Language of messages"), "choice",
                options=options((("ja", "日本語"), ("en", "English")), one.language),
            ),
            FormField("note", _("Note"), "long", one.note),
        ]  # fmt: skip

    def addresses(self) -> list[dict[str, Any]]:
        """Return the rows of addresses, with some that are empty."""
        rows = [*self.typed, ("mail", ""), ("mail", "")][:MOST_ADDRESSES]
        pairs = [(one.value, channel_name(one)) for one in _TYPED]
        return [
            {
                "number": number,
                "options": options(pairs, channel),
                "to": to,
                "error": self.errors.get(f"to-{number}", ""),
            }
            for number, (channel, to) in enumerate(rows)
        ]

    def faults(self) -> list[Fault]:
        """Return the lines of the error summary."""
        places = [
            Fault(
                _("Address %(n)s") % {"n": row["number"] + 1}, row["error"], f"f-to-{row['number']}"
            )
            for row in self.addresses()
            if row["error"]
        ]
        return [*rooms.faults(self.fields()), *places]


def _address_text(channel: str) -> str:
    return {
        "mail": _("This is no mail address such as taro@example.jp."),
        "webhook": _("A webhook's address begins with https://."),
        "sms": _("This is no telephone number such as 090-1234-5678."),
        "line": _("This is no LINE user id."),
    }.get(channel, _("Choose a channel of the list."))


async def _accounts(connection: Connection, desk: Desk) -> list[tuple[str, str]]:
    """Return (subject, name) of those who work for the town."""
    held = await grants.listing(connection, tenant=desk.tenant)
    subjects = sorted({one.subject for one in held if one.subject.startswith("user:")})
    known = []
    for subject in subjects:
        actor = await desk.broker.identity.actor_of(subject)
        if actor.subject == subject:
            known.append((subject, actor.name or subject))
    return known


def _page(request: HttpRequest, desk: Desk, form: Form, **more: Any) -> HttpResponse:
    one = form.contact
    errors = form.faults()
    heading = one.name if one.id else _("New contact")
    context = {
        "heading": heading,
        "trail": rooms.trail(desk, Step(_("Contacts"), desk.url("contacts")), heading),
        "fields": form.fields(),
        "addresses": form.addresses(),
        "errors": errors,
        "version": one.version,
        "back": desk.url("contacts"),
        "delete_url": desk.url("contact-delete", contact=one.id) if one.id else "",
        **more,
    }
    return rooms.shown(
        request, desk, "contact.html", context, more.get("status", 422 if errors else 200)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Make a contact."""
    require_change(desk)
    async with transaction(desk.broker.pool) as connection:
        form = Form(Contact("", ""), await _accounts(connection, desk))
    return await _saved(request, desk, form)


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def edit(request: HttpRequest, desk: Desk, contact: str) -> HttpResponse:
    """Show a contact, and change it."""
    async with transaction(desk.broker.pool) as connection:
        one = await store.contact(connection, desk.tenant, contact)
        await rooms.note_read(connection, desk, [one], "staff.contact")
        accounts = await _accounts(connection, desk)
        browsers = await push.of(connection, desk.tenant, one.push_owner)
    if request.method == "POST":
        require_change(desk)
    settings = desk.broker.settings
    hooks = [a.to for a in one.addresses if a.channel is Channel.WEBHOOK]
    more: dict[str, Any] = {
        "browsers": browsers,
        "secrets": [(to, webhook_secret(settings, desk.tenant, to)) for to in hooks]
        if rooms.may_change(desk)
        else [],
    }
    if one.subject == desk.actor.subject:
        key = push.public_key(settings.home)
        more["push"] = {"url": desk.url("contact-browser", contact=one.id), "key": key}
    return await _saved(request, desk, Form(one, accounts), **more)


async def _saved(request: HttpRequest, desk: Desk, form: Form, **more: Any) -> HttpResponse:
    if request.method != "POST":
        return _page(request, desk, form, **more)
    form.read(request.POST)
    if form.errors:
        return _page(request, desk, form, **more)
    try:
        async with transaction(desk.broker.pool) as connection:
            await store.save_contact(
                connection, desk.tenant, form.contact, actor=desk.actor.subject
            )
    except Changed:
        form.errors["name"] = _("Somebody else has changed this contact meanwhile. Open it again.")
        return _page(request, desk, form, status=409, **more)
    except InvalidCalling:
        form.errors["subject"] = _("This account belongs to another contact.")
        return _page(request, desk, form, **more)
    return forth(desk.url("contacts"), "saved")


@require_POST
@room
async def browser(request: HttpRequest, desk: Desk, contact: str) -> HttpResponse:
    """Take the browser somebody sits at for their own notifications."""
    back = desk.url("contact", contact=contact)
    try:
        async with transaction(desk.broker.pool) as connection:
            one = await store.contact(connection, desk.tenant, contact)
            if one.subject != desk.actor.subject:
                require_change(desk)
                return rooms.refusal(request, desk, _("Only they themselves can do this."), back)
            subscription = request.POST.get("subscription", "")
            await push.subscribe(
                connection, desk.tenant, one.push_owner, subscription, one.language
            )
            event = Event(desk.tenant, desk.actor.subject, "contact.browser", one.push_owner)
            await append(connection, event)
    except InvalidMessage:
        return rooms.refusal(request, desk, _("The browser sent nothing that can be used."), back)
    return forth(back, "browser")


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def delete(request: HttpRequest, desk: Desk, contact: str) -> HttpResponse:
    """Delete a contact: the page names what happens, the button does it."""
    require_change(desk)
    async with transaction(desk.broker.pool) as connection:
        one = await store.contact(connection, desk.tenant, contact)
        if request.method == "POST":
            await store.delete_contact(connection, desk.tenant, contact, actor=desk.actor.subject)
            return forth(desk.url("contacts"), "deleted")
    return rooms.confirm(
        request,
        desk,
        _("Delete: %(name)s") % {"name": one.name},
        _("%(name)s is not called any more, by any tree or roster.") % {"name": one.name},
        button=_("Delete “%(name)s”") % {"name": one.name},
        back=desk.url("contact", contact=contact),
    )
