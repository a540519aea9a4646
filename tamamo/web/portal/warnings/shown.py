"""A published warning, or a draft of one, as pages, feeds and previews show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tamamo.kernel.drills import MARKS
from tamamo.publishing.warnings import Content, Office, Published, composing
from tamamo.publishing.warnings.model import Standing


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of one message, in one language.

    key: tells messages apart. kind: what it did (Alert, Update, Cancel). shape: chooses colour and
    shape by the level, "none" without one. mark: 訓練, 模擬 or 試験 where it is not meant.
    """

    key: str
    warning: str
    kind: str
    level: int
    event: str
    headline: str
    description: str
    instruction: str
    easy_headline: str
    easy_instruction: str
    area: str
    contact: str
    issuer: str
    sent: datetime
    valid_from: datetime
    valid_to: datetime
    mark: str
    standing: Standing
    identifier: str = ""

    @property
    def shape(self) -> str:
        """The part of the class that chooses colour and shape."""
        return str(self.level) if self.level else "none"

    @property
    def level_text(self) -> str:
        """警戒レベル4 避難指示, or only the kind where there is no level."""
        if not self.level:
            return self.event
        level = _("Alert level %(level)s") % {"level": self.level}
        return f"{level} {self.event}"

    @property
    def standing_text(self) -> str:
        """Where it stands, in a word."""
        return standing_word(self.standing)

    @property
    def kind_text(self) -> str:
        """What it did, in a word."""
        return {
            "Alert": _("Issued"),
            "Update": _("Corrected"),
            "Cancel": _("Lifted"),
        }[self.kind]


def standing_word(standing: Standing) -> str:
    """Return the word for where a message stands."""
    return {
        "in_force": _("In force"),
        "coming": _("Not yet in force"),
        "ended": _("Ended"),
        "withdrawn": _("Lifted"),
        "superseded": _("Replaced by a later message"),
    }[standing]


def title_of(one: Shown) -> str:
    """Return the title of a message in feeds: marked where it is not meant, and what it corrects.

    A withdrawal's headline says that it is one, unless somebody wrote another.
    """
    # Titles of a drill are marked as everything of it is (tamamo.kernel.drills.mark).
    mark = f"【{one.mark}】" if one.mark and one.mark not in MARKS.values() else ""
    said = one.kind == "Alert" or one.headline.startswith(one.kind_text)
    return f"{mark}{'' if said else f'{one.kind_text}: '}{one.headline}"


def page_language() -> str:
    """Return the language of the page: ja or en."""
    return "en" if get_language() == "en" else "ja"


def shown(message: Published, office: Office, now: datetime) -> Shown:
    """Return a published message in the language of the page."""
    return _shown(
        message.content,
        office,
        key=str(message.id),
        warning=str(message.warning),
        kind=message.type,
        sent=message.sent,
        valid_from=message.valid_from,
        standing=message.state(now),
        identifier=message.identifier,
    )


def previewed(content: Content, office: Office, now: datetime, kind: str, warning: str) -> Shown:
    """Return what a draft would look like if it were published at a moment."""
    text = composing.resolved(content, office)
    begins = text.valid_from or now
    coming = begins > now
    return _shown(
        text,
        office,
        key="preview",
        warning=warning,
        kind=kind,
        sent=now,
        valid_from=begins,
        standing="withdrawn" if kind == "Cancel" else "coming" if coming else "in_force",
    )


def shown_all(messages: Iterable[Published], office: Office, now: datetime) -> list[Shown]:
    """Return several."""
    return [shown(one, office, now) for one in messages]


def _shown(content: Content, office: Office, *, valid_from: datetime, **more: object) -> Shown:
    language = page_language()
    japanese = language == "ja"
    return Shown(
        level=content.level,
        event=content.event.get(language),
        headline=content.headline.get(language),
        description=content.description.get(language),
        instruction=content.instruction.get(language),
        easy_headline=content.headline.easy if japanese else "",
        easy_instruction=content.instruction.easy if japanese else "",
        area=composing.area_words(content, office).get(language),
        contact=content.contact,
        issuer=office.title.get(language),
        valid_from=valid_from,
        valid_to=content.valid_to or valid_from,
        mark=_mark(content, office),
        **more,  # type: ignore[arg-type]
    )


def _mark(content: Content, office: Office) -> str:
    if office.drill is not None:
        return MARKS[page_language()]
    if content.simulated:
        return _("SIMULATED")
    return _("TEST") if content.test else ""
