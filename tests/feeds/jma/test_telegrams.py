import pytest

from tamamo.feeds.readers import jma_xml_parts
from tamamo.feeds.readers.jma_xml import read
from tamamo.feeds.readers.jma_xml_parts import UnreadableTelegram
from tests.feeds.jma.telegrams import LEVEL_2, LEVEL_3, OLD, SANUKI, TAKAMATSU, telegram, warning


def test_a_new_warning_has_the_level_of_its_name():
    body = warning((TAKAMATSU, LEVEL_3, "発表"), (SANUKI, LEVEL_2, "解除"))
    found = read(telegram(body))
    assert (found.family, found.mode, found.info) == ("warnings", "normal", "issued")
    first, second = found.statements
    assert (first.name, first.level, first.status) == ("レベル３大雨警報", 3, "issued")
    assert (first.area_code, first.area_kind) == ("3720100", "municipality")
    assert (second.name, second.level, second.status) == ("レベル２大雨注意報", 2, "lifted")
    assert f"{found.report_at:%H:%M}" == "01:00"


def test_an_old_warning_has_no_level_and_its_condition_in_brackets():
    kind = "<Name>大雨警報</Name><Code>03</Code><Status>警報から注意報</Status>"
    body = (
        '<Warning type="気象警報・注意報（市町村等）"><Item><Kind>' + kind
        + "<Condition>土砂災害</Condition></Kind>"
        "<Kind><Status>発表警報・注意報はなし</Status></Kind>"
        "<Area><Name>高松市</Name><Code>3720100</Code></Area></Item></Warning>"
    )  # fmt: skip
    (only,) = read(telegram(body, title=OLD)).statements
    assert (only.name, only.level, only.status) == ("大雨警報（土砂災害）", None, "issued")


def test_a_landslide_telegram_is_named_by_its_title():
    area = "<TargetArea><Name>香川県</Name><Code>370000</Code></TargetArea>"
    body = area + warning(
        (TAKAMATSU, ("警戒", "3"), "発表"), (SANUKI, ("解除", "1"), "解除"),
        (("3720200", "丸亀市"), ("なし", "0"), "なし"), of="土砂災害警戒情報",
    )  # fmt: skip
    words = {"title": "土砂災害警戒情報", "headline": "【警戒レベル４相当情報［土砂災害］】です。"}
    old = read(telegram(body, name="香川県土砂災害警戒情報", **words)).statements
    assert [(s.name, s.level, s.status) for s in old] == [
        ("土砂災害警戒情報", 4, "issued"), ("土砂災害警戒情報", None, "lifted")
    ]  # fmt: skip
    new = read(telegram(body, name="香川県レベル４土砂災害危険警報", **words)).statements
    assert (new[0].name, new[0].level) == ("レベル４土砂災害危険警報", 4)


def information(which: str, name: str, condition: str, areas: str) -> str:
    kind = f"<Kind><Name>{name}</Name><Code>30</Code><Condition>{condition}</Condition></Kind>"
    return (
        f'<Information type="指定河川洪水予報（{which}）"><Item>{kind}<Areas>{areas}</Areas></Item>'
        "</Information>"
    )


def river(name: str, condition: str, **more: str) -> bytes:
    whole = "<Area><Name>土器川</Name><Code>880808000100</Code></Area>"
    kagawa = "<Area><Name>香川県</Name><Code>370000</Code></Area>"
    said = information("予報区域", name, condition, whole)
    said += information("府県予報区等", name, condition, kagawa)
    city = (
        "<Warning><Item><Areas><Area><CityCode>3720200</CityCode></Area></Areas></Item></Warning>"
    )
    return telegram(
        city, title="指定河川洪水予報", name=f"土器川{name}", event="880808000100",
        information=said, headline="【警戒レベル３相当情報［洪水］】土器川では", **more,
    )  # fmt: skip


def test_a_river_flood_forecast_is_about_its_river_and_towns():
    (said,) = read(river("氾濫警戒情報", "洪水警報（発表）")).statements
    assert (said.area_kind, said.area_name, said.name, said.level) == (
        "river", "土器川", "氾濫警戒情報", 3
    )  # fmt: skip
    assert (said.prefectures, said.municipalities) == ({"37"}, {"37202"})
    (over,) = read(river("氾濫注意情報解除", "洪水注意報解除")).statements
    assert (over.status, over.level) == ("lifted", None)


def test_a_tornado_advisory_ends_by_itself():
    body = warning(
        (("370000", "香川県"), ("竜巻注意情報", "1"), "発表"), of="竜巻注意情報（一次細分区域等）"
    )
    found = read(telegram(body, title="竜巻注意情報", valid="2026-07-01T11:10:00+09:00"))
    assert f"{found.statements[0].valid_to:%H:%M}" == "02:10"


@pytest.mark.parametrize(("at", "ends"), [("17:00", "07-02T15"), ("05:00", "07-01T15")])
def test_a_heat_alert_is_for_a_day(at, ends):
    found = read(
        telegram(
            "<Comment><Text>香川県では、危険な暑さ。\n\n長い説明</Text></Comment>", headline="",
            title="熱中症警戒アラート", name="香川県熱中症警戒アラート",
            at=f"2026-07-01T{at}:00+09:00", office="環境省 気象庁",
        )
    )  # fmt: skip
    (said,) = found.statements
    assert (said.area_name, said.name) == ("香川県", "熱中症警戒アラート")
    assert f"{said.valid_to.astimezone(found.report_at.tzinfo):%m-%dT%H}" == ends
    assert found.headline == "香川県では、危険な暑さ。"


def test_a_tsunami_warning_names_its_coast_and_what_is_lifted():
    def item(code: str, name: str, last_code: str, last: str) -> str:
        return (
            "<Item><Area><Name>香川県</Name><Code>580</Code></Area><Category>"
            f"<Kind><Name>{name}</Name><Code>{code}</Code></Kind>"
            f"<LastKind><Name>{last}</Name><Code>{last_code}</Code></LastKind></Category></Item>"
        )

    def said(*parts: str):
        body = f"<Tsunami><Forecast>{item(*parts)}</Forecast></Tsunami>"
        return read(telegram(body, title="津波警報・注意報・予報a")).statements

    (first,) = said("53", "大津波警報：発表", "00", "津波なし")
    assert (first.kind_code, first.name, first.status) == ("52", "大津波警報：発表", "issued")
    (still,) = said("52", "大津波警報", "53", "大津波警報：発表")
    assert (still.kind_code, still.status) == ("52", "continued")
    (over,) = said("60", "津波注意報解除", "62", "津波注意報")
    assert (over.kind_code, over.name, over.status) == ("62", "津波注意報", "lifted")
    assert said("00", "津波なし", "00", "津波なし") == ()


BOMB = b"""<?xml version="1.0"?><!DOCTYPE Report [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Report>&b;</Report>"""
OUTSIDE = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><Report>&x;</Report>'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (BOMB, "document_type"),
        (OUTSIDE, "document_type"),
        (BOMB.decode().replace("1.0", "1.0' encoding='UTF-16").encode("utf-16"), "broken_xml"),
        (b"", "broken_xml"),
        (telegram()[:-9], "broken_xml"),
        (telegram().replace("高松".encode(), "高松".encode("shift_jis")), "broken_xml"),
        (b"<Report>" + b"<a>" * 300 + b"</a>" * 300 + b"</Report>", "broken_xml"),
        (b"<feed/>", "no_telegram"),
        (b"<Report/>", "no_head"),
        (telegram(at="2026-07-01T10:00:00"), "bad_time"),
        (telegram(sent=""), "bad_time"),
        (telegram(mode="本番"), "unknown_word"),
        (telegram(info="更新"), "unknown_word"),
    ],
)
def test_what_is_no_telegram_is_refused_with_a_reason(body, code):
    with pytest.raises(UnreadableTelegram) as refused:
        read(body)
    assert refused.value.reason.code == code
    assert refused.value.reason.ja and refused.value.reason.en


def test_a_telegram_has_a_size(monkeypatch):
    monkeypatch.setattr(jma_xml_parts, "LARGEST", 100)
    with pytest.raises(UnreadableTelegram, match="larger than 100"):
        read(telegram())


def test_other_kinds_are_known_by_their_head():
    assert read(telegram(title="府県天気予報")).family is None
    assert read(telegram(title="気象警報・注意報時系列情報（Ｒ０６）")).family is None


def test_the_real_new_style_telegram(shared_data):
    found = read((shared_data / "weather" / "15_17_01_250630_VPWW55.xml").read_bytes())
    matsue = [s for s in found.statements if s.area_name == "松江市"]
    assert [(s.name, s.level, s.status) for s in matsue] == [("レベル３大雨警報", 3, "continued")]
    okinoshima = [s for s in found.statements if s.area_name == "隠岐の島町"]
    assert [s.status for s in okinoshima] == ["lifted"]
    assert found.office == "松江地方気象台"
