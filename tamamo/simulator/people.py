"""Who can sign in to the demo: invented people of every role, in every town.

Only the standard library and the names of roles are imported: the supervising process says who
they are, and should stay small.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tamamo.kernel.home import secret

#: In HOME/secrets: what all passwords of the demo are made from.
SEED_FILE: Final = "demo-logins"
#: No mail reaches it (RFC 2606).
_DOMAIN: Final = "demo.example"
EVERYWHERE: Final = "*"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in.

    home: the town where they live or work. tenant: where they hold the role. unit: of the town's
    organisation, where the role is only for what that answers for.
    """

    login: str
    name: str
    role: str
    home: str = "default"
    tenant: str = "default"
    unit: str | None = None
    language: str = "ja"

    @property
    def email(self) -> str:
        """The address to sign in with."""
        return f"{self.login}@{_DOMAIN}"


#: Town → its departments, each path from the top. Names as such towns use them.
DEPARTMENTS: Final = {
    "default": (
        ("総務局",),
        ("総務局", "危機管理課"),
        ("総務局", "デジタル推進部"),
        ("健康福祉局",),
        ("健康福祉局", "健康づくり推進課"),
        ("健康福祉局", "障がい福祉課"),
        ("健康福祉局", "こども家庭課"),
        ("都市整備局",),
        ("都市整備局", "河港課"),
        ("都市整備局", "公園緑地課"),
        ("都市整備局", "交通政策課"),
        ("都市整備局", "建築指導課"),
    ),
    "ayagawa": (("総務課",), ("総務課", "防災係"), ("建設課",)),
    "kanonji": (("総務部",), ("総務部", "危機管理課"), ("建設部",), ("建設部", "建設課")),
}
#: Town → the department that answers for river gauges and shelters.
IN_CHARGE: Final = {
    "default": "総務局/危機管理課",
    "ayagawa": "総務課/防災係",
    "kanonji": "総務部/危機管理課",
}


def _department(town: str, login: str, name: str) -> tuple[Person, Person]:
    unit = IN_CHARGE[town]
    return (
        Person(f"editor.{login}", f"{name} 編集担当", "editor", town, town, unit),
        Person(f"approver.{login}", f"{name} 承認担当", "approver", town, town, unit),
    )


PEOPLE: Final = (
    Person("admin", "共同利用 管理者", "operator", tenant=EVERYWHERE),
    Person("operator.takamatsu", "高松市 運用担当", "operator"),
    *_department("default", "takamatsu", "高松市"),
    Person("editor.welfare", "高松市 障がい福祉担当", "editor", unit="健康福祉局/障がい福祉課"),
    Person("editor.parks", "高松市 公園緑地担当", "editor", unit="都市整備局/公園緑地課"),
    Person("auditor.takamatsu", "高松市 監査担当", "auditor"),
    Person("developer.takamatsu", "Takamatsu developer", "developer", language="en"),
    Person("reporter.takamatsu", "高松市 投稿する市民", "reporter"),
    Person("resident.takamatsu", "高松市 市民", "resident"),
    *_department("ayagawa", "ayagawa", "綾川町"),
    Person("operator.ayagawa", "綾川町 運用担当", "operator", "ayagawa", "ayagawa"),
    *_department("kanonji", "kanonji", "観音寺市"),
    Person("operator.kanonji", "観音寺市 運用担当", "operator", "kanonji", "kanonji"),
)


def are_known(home: Path) -> bool:
    """Return whether this home's demo has said its passwords before."""
    return (home / "secrets" / SEED_FILE).exists()


def password(home: Path, person: Person) -> str:
    """Return somebody's password: 80 bits, the same each time, of this home alone."""
    key = secret(home, SEED_FILE).encode()
    digest = hmac.new(key, person.email.encode(), hashlib.sha256).digest()
    text = base64.b32encode(digest)[:16].decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def table(home: Path) -> str:
    """Return all logins as lines: e-mail, password, role, town."""
    return "\n".join(
        f"  {person.email:<34} {password(home, person)}  {person.role}, {_where(person)}"
        for person in PEOPLE
    )


def _where(person: Person) -> str:
    return "all towns" if person.tenant == EVERYWHERE else person.tenant
