"""Telegrams as JMA writes them, with invented values: no real telegram is copied here."""

from tamamo.feeds.readers.jma_xml import Telegram, read

_CONTROL = """<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/" xmlns:jmx="http://xml.kishou.go.jp/jmaxml1/">
<Control><Title>{title}</Title><DateTime>{sent}</DateTime><Status>{mode}</Status>
<EditorialOffice>{editor}</EditorialOffice><PublishingOffice>{office}</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>{name}</Title>
<ReportDateTime>{at}</ReportDateTime><TargetDateTime>{at}</TargetDateTime>{valid}
<EventID>{event}</EventID><InfoType>{info}</InfoType><Serial>{serial}</Serial>
<InfoKind>{title}</InfoKind><InfoKindVersion>1.5_0</InfoKindVersion>
<Headline><Text>{headline}</Text>{information}</Headline></Head>
<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/meteorology1/">{body}</Body></Report>
"""
RAIN = "気象警報・注意報（Ｒ０６）（大雨）"
OLD = "気象特別警報・警報・注意報"
TAKAMATSU, SANUKI = ("3720100", "高松市"), ("3720600", "さぬき市")
LEVEL_3, LEVEL_2 = ("レベル３大雨警報", "03"), ("レベル２大雨注意報", "10")


def telegram(
    body: str = "", *, title: str = RAIN, name: str = "香川県大雨警報・注意報",
    at: str = "2026-07-01T10:00:00+09:00", sent: str = "2026-07-01T01:00:20Z", mode: str = "通常",
    office: str = "高松地方気象台", editor: str = "高松地方気象台", valid: str = "",
    event: str = "",
    info: str = "発表", serial: str = "", headline: str = "高松市では、警戒してください。",
    information: str = "",
) -> bytes:  # fmt: skip
    """A telegram around a body."""
    ends = f"<ValidDateTime>{valid}</ValidDateTime>" if valid else ""
    return _CONTROL.format(
        body=body, title=title, name=name, at=at, sent=sent, mode=mode, office=office,
        editor=editor, valid=ends, event=event, info=info, serial=serial, headline=headline,
        information=information,
    ).encode()  # fmt: skip


def warning(
    *said: tuple[tuple[str, str], tuple[str, str] | None, str],
    of: str = "気象警報・注意報（市町村等）",
) -> str:
    """A Body/Warning of (area, kind, status)."""
    items = []
    for (code, area), kind, status in said:
        named = f"<Name>{kind[0]}</Name><Code>{kind[1]}</Code>" if kind else ""
        items.append(
            f"<Item><Kind>{named}<Status>{status}</Status></Kind>"
            f"<Area><Name>{area}</Name><Code>{code}</Code></Area></Item>"
        )
    return f'<Warning type="{of}">{"".join(items)}</Warning>'


def rain(minute: int, *said: tuple, info: str = "発表", second: int = 20, **more: str) -> Telegram:
    """A rain telegram of 10:mm, read; said: (area, kind, status)."""
    return read(
        telegram(
            warning(*said) if info != "取消" else "",
            at=f"2026-07-01T10:{minute:02}:00+09:00",
            info=info,
            **{"sent": f"2026-07-01T01:{minute:02}:{second:02}Z"} | more,
        )
    )
