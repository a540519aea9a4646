"""Two editors on one record, and many records at once with one undo."""

from playwright.sync_api import expect

from tests.journeys.staff import (
    GAUGE,
    HANAKO,
    TARO,
    Desk,
    Office,
    _office,
    desk,
    office,
)

__all__ = ["_office", "desk", "office"]

EDIT = f"/en/staff/default/r/river_gauges/edit/{GAUGE}/"
SHELTERS = "/en/staff/default/r/shelters/"


def test_the_second_editor_sees_the_difference_and_chooses(desk: Desk, office: Office) -> None:
    second = desk(TARO, EDIT)
    first = desk(HANAKO, EDIT)
    first.locator('[name="v.alertLevel"]').fill("1.45")
    first.locator('[name="v.river"]').fill("新川")
    first.get_by_role("button", name="Check the changes").click()
    first.get_by_role("button", name="Publish the changes").click()
    expect(first.locator("#done")).to_be_visible()

    second.locator('[name="v.alertLevel"]').fill("1.50")
    second.locator('[name="v.dangerLevel"]').fill("1.95")
    second.get_by_role("button", name="Check the changes").click()
    with second.expect_response(lambda answer: answer.request.method == "POST") as answer:
        second.get_by_role("button", name="Publish the changes").click()
    assert answer.value.status == 409
    expect(second.locator("#error-summary")).to_be_focused()
    expect(second.locator("#error-summary")).to_contain_text("香川 花子")
    choice = second.locator('[id="f-alertLevel"]')
    expect(choice).to_contain_text("1.40 m")
    expect(choice).to_contain_text("1.45 m")
    expect(choice).to_contain_text("1.50 m")
    assert office.value(GAUGE, "alertLevel") == 1.45  # nothing of the second is written
    choice.locator('input[value="mine"]').check()
    second.get_by_role("button", name="Save my choice").click()
    expect(second.locator("#done")).to_be_visible()
    assert office.value(GAUGE, "alertLevel") == 1.5  # mine
    assert office.value(GAUGE, "dangerLevel") == 1.95  # only mine
    assert office.value(GAUGE, "river") == "新川"  # only theirs


def test_who_chooses_theirs_changes_nothing(desk: Desk, office: Office) -> None:
    second = desk(TARO, EDIT)
    first = desk(HANAKO, EDIT)
    first.locator('[name="v.alertLevel"]').fill("1.45")
    first.get_by_role("button", name="Check the changes").click()
    first.get_by_role("button", name="Publish the changes").click()
    second.locator('[name="v.alertLevel"]').fill("1.50")
    second.get_by_role("button", name="Check the changes").click()
    second.get_by_role("button", name="Publish the changes").click()
    expect(second.locator('[id="f-alertLevel"] input[value="theirs"]')).to_be_checked()
    second.get_by_role("button", name="Save my choice").click()
    expect(second.locator("#done")).to_contain_text("nothing was saved")
    assert office.value(GAUGE, "alertLevel") == 1.45


def test_what_others_changed_since_is_not_undone_behind_their_backs(
    desk: Desk, office: Office
) -> None:
    pages = {}
    for login, level in ((HANAKO, "1.45"), (TARO, "1.50")):
        pages[login] = desk(login, EDIT)
        pages[login].locator('[name="v.alertLevel"]').fill(level)
        pages[login].get_by_role("button", name="Check the changes").click()
        pages[login].get_by_role("button", name="Publish the changes").click()
        expect(pages[login].locator("#done")).to_be_visible()
    first = pages[HANAKO]
    first.locator("#done").get_by_role("button", name="Undo").click()
    expect(first.get_by_role("heading", level=1)).to_have_text("This cannot be undone")
    assert office.value(GAUGE, "alertLevel") == 1.5


def test_many_records_are_changed_in_one_step_and_undone_in_one(desk: Desk, office: Office) -> None:
    page = desk(HANAKO, SHELTERS + "?q=避難所1")
    page.locator("#tick-all").check()
    expect(page.locator("#selected-count")).to_have_text("10 selected")
    page.get_by_label("Select 避難所10", exact=True).uncheck()
    expect(page.locator("#selected-count")).to_have_text("9 selected")
    page.get_by_role("button", name="Edit the selected").click()
    page.locator('[name="v.capacity"]').fill("150")
    page.get_by_role("button", name="Check the changes").click()
    figures = page.locator(".figures dd")
    expect(figures.nth(0)).to_have_text("8")  # 避難所15 has it already
    expect(figures.nth(1)).to_have_text("1")
    assert office.value("urn:ngsi-ld:EvacuationShelter:11", "capacity") == 110
    page.get_by_role("button", name="Change 8 records").click()
    expect(page.locator("#done")).to_contain_text("8 records changed")
    assert office.value("urn:ngsi-ld:EvacuationShelter:11", "capacity") == 150
    assert office.value("urn:ngsi-ld:EvacuationShelter:10", "capacity") == 100
    page.locator("#done").get_by_role("button", name="Undo").click()
    expect(page.locator("#done")).to_contain_text("Undone")
    values = [office.value(f"urn:ngsi-ld:EvacuationShelter:{n}", "capacity") for n in range(10, 20)]
    assert values == [n * 10 for n in range(10, 20)]


def test_a_value_that_does_not_fit_changes_no_record(desk: Desk, office: Office) -> None:
    page = desk(HANAKO, SHELTERS + "?q=避難所2")
    page.locator("#tick-all").check()
    page.get_by_role("button", name="Edit the selected").click()
    page.get_by_role("button", name="Check the changes").click()
    expect(page.locator("#error-summary")).to_contain_text("Fill in at least one field")
    page.locator('[id="change-v.capacity"]').check()
    page.locator('[name="v.capacity"]').fill("many")
    page.get_by_role("button", name="Check the changes").click()
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.locator('[name="v.capacity"]')).to_have_value("many")
    assert office.value("urn:ngsi-ld:EvacuationShelter:21", "capacity") == 210


def test_all_of_a_filter_are_more_than_a_page(desk: Desk, office: Office) -> None:
    page = desk(HANAKO, SHELTERS)
    page.locator("#tick-all").check()
    page.locator("#every").check()
    page.get_by_role("button", name="Edit the selected").click()
    page.locator('[id="change-v.capacity"]').check()
    page.locator('[name="v.capacity"]').fill("7")
    page.get_by_role("button", name="Check the changes").click()
    changing = page.locator(".figures dd").nth(0)
    total = office.count(
        "select count(*) from entity where types && array[%s]",
        "https://uri.etsi.org/ngsi-ld/default-context/EvacuationShelter",
    )
    assert total > 50
    expect(changing).to_have_text(str(total))
