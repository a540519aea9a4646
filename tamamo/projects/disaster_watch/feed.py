"""Feeds of the disaster watch: what a town can switch on (docs/howto/switch-on-a-feed.md)."""

from datetime import timedelta

from tamamo.feeds.offers import Offer, Option

FEEDS = (
    Offer(
        id="river_levels",
        name_ja="河川水位（川の水位情報）",
        name_en="River levels (MLIT)",
        source="https://k.river.go.jp/",
        licence="公共データ利用規約（出典：国土交通省「川の水位情報」）",
        interval=timedelta(minutes=10),
        kinds=("water_level",),
        types=("FloodMonitoring",),
        opens="tamamo.feeds.readers.river_live:open_feed",
        # Gauges stand in the file only while their water is up: an empty one is no error.
        eventful=True,
        options=(
            Option("prefecture", "都道府県のコード", "Prefecture's code", "37000"),
            Option(
                "towns",
                "市町村のコード（空欄は県全体。例：37201,37387）",
                "Codes of municipalities (blank: the whole prefecture; such as 37201,37387)",
            ),
            Option("address", "別の配信元を使う場合のアドレス", "Address, for another publisher"),
        ),
    ),
)
