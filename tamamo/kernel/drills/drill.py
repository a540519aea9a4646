"""A drill (訓練) as every process knows it: of which town, whom it may reach, how late it is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from tamamo.kernel.drills.clock import Clock

#: Every answer of an API about a drill's tenant has this header.
HEADER: Final = "Tamamo-Drill"
#: What stands before titles, subjects and names; the drill's mark in each language.
MARKS: Final = {"ja": "訓練", "en": "DRILL"}


class State(StrEnum):
    """What has become of a drill. The texts are words that stay."""

    #: What it takes of its town is being copied.
    MAKING = "making"
    #: Made; nothing is played yet.
    READY = "ready"
    RUNNING = "running"
    #: Its clock stands; people go on.
    PAUSED = "paused"
    #: Over: nothing is written or sent any more, its log is kept.
    ENDED = "ended"
    #: What it held is being removed.
    DELETING = "deleting"


@dataclass(frozen=True, slots=True)
class Drill:
    """A drill: a tenant of its own, made from a town."""

    tenant: str
    #: The town's tenant.
    town: str
    title: str
    state: State
    clock: Clock
    #: Addresses as `folded` leaves them: nothing is sent to any other.
    recipients: frozenset[str]
    expires_at: datetime
    #: The script that is played, as its id; empty: none.
    scenario: str = ""

    @property
    def open(self) -> bool:
        """Whether it goes on: nothing is written or sent in a drill that is over."""
        return self.state not in (State.ENDED, State.DELETING)

    def allows(self, address: str) -> bool:
        """Return whether something may be sent to an address: a mailbox, URL, telephone number.

        Of what names none (a list that is empty, a text of blanks) nothing is allowed.
        """
        return self.open and folded(address) in self.recipients

    def header(self) -> str:
        """Return the value of HEADER: a String with a parameter (RFC 9651)."""
        return f'"{self.tenant}"; of="{self.town}"'

    def member(self) -> dict[str, str]:
        """Return what stands first in a JSON object about the drill, as its member `drill`."""
        said = {"title": self.title, "tenant": self.tenant, "of": self.town}
        return {**said, "mark": MARKS["ja"]}


def folded(address: str) -> str:
    """Return an address as it is compared: without blanks, `mailto:` and upper case letters.

    The path of a URL keeps its case, and so does what is no mailbox.
    """
    text = address.strip()
    if text[:7].lower() == "mailto:":
        text = text[7:]
    if "@" in text and "://" not in text:
        return text.casefold()
    scheme, mark, rest = text.partition("://")
    if mark:
        host, slash, path = rest.partition("/")
        return f"{scheme.lower()}://{host.lower()}{slash}{path}".rstrip("/")
    return text.replace("-", "").replace(" ", "") if text[:1] in "+0123456789" else text


def mark(text: str, language: str = "ja") -> str:
    """Return a title or subject with the mark before it, once: 【訓練】… or [DRILL] …."""
    before = f"【{MARKS['ja']}】" if language == "ja" else f"[{MARKS['en']}] "
    return text if text.startswith(before) else before + text


def first_line(drill: Drill) -> str:
    """Return what stands above the rows of a drill's files, in both languages."""
    said = "実際の状況ではありません / not real"
    return f"{MARKS['ja']} {MARKS['en']}: {drill.title} – {said} ({drill.tenant})"


def from_columns(row: dict[str, Any]) -> Drill:
    """Return the drill of a row of the table `drill`."""
    state = State(row["state"])
    speed = row["speed"] if state is State.RUNNING else 0.0
    clock = Clock(row["begins_at"], row["position"], row["anchored_at"], speed, row["length"])
    return Drill(
        row["tenant"],
        row["town"],
        row["title"],
        state,
        clock,
        frozenset(map(folded, row["recipients"])),
        row["expires_at"],
        row["scenario"],
    )
