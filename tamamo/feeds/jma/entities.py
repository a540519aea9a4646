"""Words of JMA as `WeatherAlert` entities (Smart Data Models, Weather)."""

from collections.abc import Iterable
from typing import Any, Final

from tamamo.context.model.entity import Entity, Instance
from tamamo.feeds.jma.words import Key, Word
from tamamo.feeds.readers.river import Terms
from tamamo.kernel.time import to_text

PROVIDER: Final = "気象庁"
SOURCE: Final = "https://xml.kishou.go.jp/"
#: 公共データ利用規約（第1.0版）, as the agency asks to be named.
LICENCE: Final = "出典：気象庁防災情報XML（公共データ利用規約 第1.0版）"
#: Type of what is no weather alert at all but a drill or a test of JMA's lines.
EXERCISE_TYPE: Final = "WeatherAlertExercise"
_MARKS: Final = {"drill": "【訓練】", "test": "【試験】"}


def alert_id(key: Key, *, exercise: bool = False) -> str:
    """Return the identifier of the alert of an area and a kind.

    `urn:ngsi-ld:WeatherAlert:jma:<area>:<kind>`; the kinds of other families than weather warnings
    have the family before them, as in `tsunami-52`.
    """
    family, area, kind = key
    code = f"{family}-{kind}" if family else kind
    return f"urn:ngsi-ld:{EXERCISE_TYPE if exercise else 'WeatherAlert'}:jma:{area}:{code}"


def entities(words: Iterable[Word], terms: Terms, *, drill: bool = False) -> list[Entity]:
    """Return one entity for each word, marked as what it is.

    drill: the tenant is a drill, where JMA's drill telegrams are what happens. Elsewhere they and
    tests become EXERCISE_TYPE, so that nothing takes them for warnings.
    """
    return [_entity(word, terms, drill) for word in words]


def _entity(word: Word, terms: Terms, drill: bool) -> Entity:
    telegram, said = word.telegram, word.said
    mark = _MARKS.get(telegram.mode, "")
    apart = bool(mark) and not (drill and telegram.mode == "drill")
    name = mark + said.name + ("（模擬）" if telegram.simulated else "")
    lasting: dict[str, Any] = {
        "areaCode": said.area_code,
        "areaName": said.area_name,
        "areaKind": said.area_kind,
        "kindCode": said.kind_code,
        "series": telegram.family,
        "dataProvider": "Tamamo 模擬" if telegram.simulated else PROVIDER,
        "source": "Tamamo simulator (模擬データ)" if telegram.simulated else SOURCE,
        "license": "" if telegram.simulated else LICENCE,
    }
    lasting |= {"simulated": True} if telegram.simulated else {}
    lasting |= {"exercise": True} if mark else {}
    changing: dict[str, Any] = {
        "status": word.state,
        "name": name,
        "level": said.level,
        "headline": mark + telegram.headline,
        "dateIssued": to_text(telegram.report_at),
        "validFrom": to_text(word.since),
        "validTo": to_text(said.valid_to) if said.valid_to else None,
        "telegram": telegram.digest[:16],
        "telegramTitle": telegram.title,
        "correction": telegram.info == "corrected",
        "issuingOffice": telegram.office,
    }
    at = to_text(word.at)
    attrs: dict[str, list[Instance]] = {}
    for attr, value in lasting.items():
        if value not in (None, ""):
            attrs[terms.expand_term(attr)] = [{"type": "Property", "value": value}]
    for attr, value in changing.items():
        if value not in (None, ""):
            attrs[terms.expand_term(attr)] = [
                {"type": "Property", "value": value, "observedAt": at}
            ]
    kind = EXERCISE_TYPE if apart else "WeatherAlert"
    return Entity(alert_id(word.key, exercise=apart), [terms.expand_type(kind)], attrs)
