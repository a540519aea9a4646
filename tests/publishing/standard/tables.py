"""Tables written for the tests, in the publishers' form; all values invented."""

from tamamo.publishing.standard import Column, Row, Scalar, Town

TOWN = Town("37201", "香川県", "高松市")


def columns(*headers: str) -> list[Column]:
    return [Column(f"c{number}", header) for number, header in enumerate(headers)]


def rows(*records: tuple[Scalar, ...]) -> list[Row]:
    return [
        (number, {f"c{n}": cell for n, cell in enumerate(record)})
        for number, record in enumerate(records, 2)
    ]


#: As Takamatsu publishes defibrillators.
AED = columns(
    "#property", "latitude", "longitude", "name", "address", "installationPosition",
    "telephoneNumber", "availableDate", "startTime", "endTime", "availableDateNote",
    "equipmentForChildren",
)  # fmt: skip
AED_ROWS = rows(
    (1, "34.34", "134.05", "模擬市民ホール", "高松市番町一丁目１-1", "１階ロビー", "087-000-0001",
     "月～金", "9:00", "17:00", None, "○"),
    (2, "134.06", "34.35", "模擬図書館", "高松市昭和町1-2", None, "（087）000-0002", "毎日",
     "09:00", "25:00", "年末年始を除く", "×"),
    (3, 0, 0, "模擬体育館 ", "高松市福岡町3-3", "玄関", None, None, None, None, None, "△"),
)  # fmt: skip
