"""The pages without a browser: by need, equal on list, map and files; corrections; photos."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.publishing.facilities.office import PARKS, Town, facility, open_town

TOWN = "/en/staff/default/facilities/"


@pytest.fixture(scope="module")
def town(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(cluster_dsn, tmp_path_factory.mktemp("facilities")) as opened:
        yield opened


def names(html: str) -> list[str]:
    return re.findall(r'<h3><a href="[^"]*"[^>]*>([^<]*)</a>', html)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 5),
        ("?need=wheelchair_toilet", 3),
        ("?need=wheelchair_toilet&need=ostomate", 2),
        ("?need=step_free", 3),
        ("?need=lift&need=hearing_loop", 1),
        ("?need=assistance_dog&need=parking&need=nursing_room", 1),
        ("?need=adult_bed", 0),
        ("?category=park", 1),
        ("?q=番町", 1),
        ("?need=nonsense&category=x", 5),
    ],
)
def test_list_map_and_files_show_the_same(town: Town, query: str, found: int) -> None:
    shown = names(town.get(f"/facilities/{query}").text)
    points = town.get(f"/facilities/points.json{query}").json()
    features = town.get(f"/facilities.geojson{query}").json()["features"]
    osm = ET.fromstring(town.get(f"/facilities.osm{query}").content)
    a11y = town.get(f"/facilities.a11yjson{query}").json()
    sheet = town.get(f"/facilities/print/{query}").text
    told = {f["properties"]["name"] for f in points["features"]}
    assert len(shown) == len(told) == len(features) == found == points["total"]
    assert (
        len(osm.findall("node"))
        == a11y["featureCount"]
        == sheet.count('<tr><th scope="row">')
        == found
    )
    assert {name.replace("&lt;", "<").replace("&gt;", ">") for name in shown} == told


def test_what_nobody_has_looked_at_is_said_so_and_every_survey_has_its_day(town: Town) -> None:
    page = town.get("/en/facilities/4/").text
    assert page.count("Not surveyed<") >= 14 and "Wheelchair: not known" in page
    page = town.get("/en/facilities/1/").text
    assert "Surveyed: 1 Apr 2026" in page and "Wheelchair: accessible" in page
    assert page.count("(more than three years ago)") == 1, "the hearing loop, of 2020"
    assert re.search(r'Kept by <span lang="ja">公園緑地課', page)
    assert "<script>" not in town.get("/facilities/3/").text.split("石段茶屋")[1][:20]
    assert town.get("/facilities/99/").status_code == 404


def test_a_division_writes_its_fields_and_no_others(town: Town) -> None:
    assert town.one("select count(*) from type_part where unit = %s", PARKS) == 1
    form = town.get(
        "/en/staff/default/r/facilities/edit/urn:ngsi-ld:AccessibleFacility:1/", "parks"
    )
    assert 'name="v.ostomate"' in form.text and 'name="v.nursingRoom"' not in form.text
    above = town.get(
        "/en/staff/default/r/facilities/edit/urn:ngsi-ld:AccessibleFacility:1/", "above"
    )
    assert 'name="v.ostomate"' in above.text, "the bureau above may do what its division may"
    assert town.get("/en/staff/default/r/facilities/new/", "parks").status_code == 403
    assert town.get("/en/staff/default/r/facilities/new/", "welfare").status_code == 200
    assert town.get(TOWN, "auditor").status_code == 404


def sent(town: Town, key: str, **typed: Any) -> str:
    """Send a correction as somebody without an account; return the path of its page."""
    path = f"/en/facilities/{key}/correct/"
    html = town.get(path).text
    shown = dict(re.findall(r'name="(o\.\w+)" value="([^"]*)"', html))
    fields = {name.replace("o.", "v.", 1): value for name, value in shown.items()} | shown
    answer = town.send(path, **{**fields, **typed, "step": "check"})
    assert answer.status_code == 200, answer.text
    assert "Check before sending" in answer.text
    answer = town.send(path, **{**fields, **typed, "step": "send"})
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def test_a_correction_goes_to_the_divisions_that_keep_the_fields(town: Town) -> None:
    town.put(
        [facility(11, "訂正のある会館", category="community", ostomate=False, assistanceDog=False)]
    )
    page = sent(
        town, "11", **{"v.ostomate": "yes", "v.assistanceDog": "yes", "comment": "入口が変わった"}
    )
    tracked = town.get(page).text
    assert tracked.count("Waits") == 2 and "入口が変わった" in tracked
    correction = town.one("select id from facility_correction where entity_id like '%%:11'")
    here = f"{TOWN}corrections/{correction}/"
    listed = town.get(TOWN, "parks").text
    assert "訂正のある会館" in listed.split("Waiting for other divisions")[0]
    own = town.get(here, "parks").text
    assert 'name="d.ostomate"' in own and 'name="d.assistanceDog"' not in own
    version = re.search(r'name="version" value="([^"]*)"', own)
    assert version
    # What is another division's stays, whoever sends what.
    decided = {"d.ostomate": "accept", "d.assistanceDog": "accept", "surveyed": "1"}
    answer = town.send(here, "parks", version=version[1], **decided)
    assert answer.status_code == 302, answer.text
    value = "select attrs -> %s -> 0 ->> 'value' from entity where id like '%%:11'"
    iri = "https://uri.etsi.org/ngsi-ld/default-context/"
    assert town.one(value, f"{iri}ostomate") == "true"
    assert town.one(value, f"{iri}assistanceDog") == "false"
    assert town.one(value, f"{iri}toiletSurveyedOn") is not None
    # The other division declines, with a reason.
    refused = town.send(here, "welfare", **{"version": "x", "d.assistanceDog": "decline"})
    assert refused.status_code == 422 and "error-summary" in refused.text
    reason = {"d.assistanceDog": "decline", "r.assistanceDog": "管理者に確認しました"}
    assert town.send(here, "welfare", version="x", **reason).status_code == 302
    tracked = town.get(page).text
    assert "Accepted" in tracked and "管理者に確認しました" in tracked
    assert town.one(
        "select closed_at is not null from facility_correction where id = %s", correction
    )
    events = town.one(
        "select string_agg(action, ' ' order by seq) from audit_event"
        " where object like '%%:11' and action not like 'entity.%%'"
    )
    sent_, edit, decide = "facility.correction.send", "register.edit", "facility.correction.decide"
    assert events.split() == [sent_, edit, decide, decide]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Change a field, or say in words"),
        ({"v.entranceWidth": "abc"}, "Width of the entrance"),
        ({"v.entranceWidth": "5"}, "Width of the entrance"),
        ({"comment": "x", "seen_on": "2099-01-01"}, "Give a day of the last twelve months"),
        ({"comment": "x" * 2001}, "At most 2,000 characters"),
    ],
)
def test_a_form_that_cannot_be_sent_keeps_what_was_typed(
    town: Town, typed: dict[str, str], said: str
) -> None:
    path = "/en/facilities/2/correct/"
    before = town.one("select count(*) from facility_correction")
    answer = town.send(path, **typed, step="send")
    assert answer.status_code == 422 and said in answer.text and "error-summary" in answer.text
    for value in typed.values():
        assert value in answer.text
    assert town.one("select count(*) from facility_correction") == before


def test_control_characters_reach_no_database(town: Town) -> None:
    for path in ("/facilities/?q=%00a&category=%00&need=%00&page=%00", "/facilities/%00/",
                 "/facilities/corrections/%00/", f"{TOWN}?q=%00"):  # fmt: skip
        assert town.get(path, "parks").status_code in (200, 404), path
    page = sent(town, "3", comment="a\x00b\u202ec")
    assert (
        town.one("select comment from facility_correction where entity_id like '%%:3'")
        == "ab\u202ec"
    )
    assert town.get(page).status_code == 200
    assert (
        town.send("/facilities/3/correct/", **{"v.name": "a\x00", "step": "check"}).status_code
        == 422
    )


def jpeg(size: tuple[int, int] = (2400, 1200)) -> bytes:
    """A photo that says where it was taken, lying on its side."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "bq7xcamera"
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, "JPEG", exif=exif, comment=b"bq7xplace")
    return out.getvalue()


def test_a_photo_loses_what_the_camera_wrote_and_is_shown_once_somebody_looked(town: Town) -> None:
    town.put([facility(12, "写真のある公園", category="park")])
    page = sent(town, "12", comment="写真を送ります").partition("?")[0]
    add, refused = f"{page}photo/", []
    for name, body in (("a.jpg", b""), ("b.jpg", b"%PDF-1.4 x"), ("c.jpg", jpeg()[:900]),
                       ("d.png", jpeg((90, 90)))):  # fmt: skip
        refused.append(town.send(add, form=page, photo=(name, body), alt="x").status_code)
    assert refused == [422, 415, 422, 422]
    assert town.send(add, form=page, photo=("e.jpg", jpeg()), alt="入口").status_code == 302
    photo = town.one("select id from facility_photo where entity_id like '%%:12'")
    public = f"/facilities/photos/{photo}.jpg"
    assert town.get(public).status_code == 404, "nobody has looked at it"
    assert "photos/" not in town.get("/facilities/12/").text
    mine = f"{TOWN}photos/{photo}/"
    missing = town.send(mine, "parks", do="show", alt_ja="入口", alt_en="")
    assert missing.status_code == 422
    shown = town.send(mine, "parks", do="show", alt_ja="北側の入口", alt_en="The northern entrance")
    assert shown.status_code == 302
    answer = town.get(public)
    with Image.open(io.BytesIO(answer.content)) as kept:
        assert kept.size == (800, 1600), "upright, and no larger than needed"
        assert not kept.getexif() and "comment" not in kept.info
    assert b"bq7x" not in answer.content and answer.headers["content-type"] == "image/jpeg"
    assert 'alt="The northern entrance"' in town.get("/en/facilities/12/").text
    assert town.send(mine, "parks", do="remove").status_code == 302
    assert town.get(public).status_code == 404
    assert town.one("select body is null from facility_photo where id = %s", photo)


def test_staff_add_a_photo_with_words_in_both_languages(town: Town) -> None:
    path = f"{TOWN}of/2/photos/"
    wrong = town.send(path, "welfare", photo=("a.jpg", jpeg()), alt_ja="入口")
    assert wrong.status_code == 422 and "in English" in wrong.text
    told = {"alt_ja": "入口", "alt_en": "Entrance", "taken_on": "2026-05-01"}
    assert town.send(path, "welfare", photo=("a.jpg", jpeg()), **told).status_code == 302
    assert "1 May 2026" in town.get("/en/facilities/2/").text
    assert town.send(path, "auditor", form="/en/staff/default/", **told).status_code == 404


def test_the_count_is_by_the_rule_beside_the_recorded_one(town: Town) -> None:
    named = "select count(*) from register_row where register = 'facilities'"
    page = town.get("/en/facilities/").text
    told = re.search(r"Counted today</dt><dd>(\d+) <small>and (\d+) simulated", page)
    assert told
    # One is simulated, of one and of what was sent only to be photographed nothing is known.
    unknown = [4, *([12] if town.one("select count(*) from entity where id like '%%:12'") else [])]
    assert (int(told[1]), int(told[2])) == (town.one(named) - 1 - len(unknown), 1)
    assert "<dd>819</dd>" in page and "<dd>950</dd>" in page, "what the report recorded, beside it"
    plan = town.get("/en/plan/universal_design_map/").text
    assert "819" in plan and "950" in plan
    assert re.search(rf">{told[1]} entries<|{told[1]}\s+entries", plan), "computed, beside it"


def test_old_surveys_are_listed_for_their_division(town: Town) -> None:
    html = town.get(TOWN, "welfare").text
    assert "Assistance dogs and help: 1 record" in html
    link = re.search(r'href="([^"]*supportSurveyedOn[^"]*)"', html)
    assert link
    assert "中央図書館" in town.get(link[1].replace("&amp;", "&"), "welfare").text


def test_only_the_address_of_a_correction_opens_it(town: Town) -> None:
    page = sent(town, "2", comment="だれに見えますか").partition("?")[0]
    assert town.get(page).status_code == 200
    assert town.get(page.replace("corrections/", "corrections/x")).status_code == 404
    log = town.one("select string_agg(after::text, '') from audit_event")
    assert "だれに見えますか" not in log, "the log says which fields, never the words"
