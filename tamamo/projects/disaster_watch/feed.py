"""Feeds of the disaster watch: what a town can switch on (docs/howto/switch-on-a-feed.md)."""

from datetime import timedelta

from tamamo.feeds.offers import Offer, Option

_FILE_OR_ADDRESS = Option("address", "アドレス（https://…）", "Address (https://…)", required=True)

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
    Offer(
        id="shelter_status",
        name_ja="避難所の開設・混雑",
        name_en="Shelters: open and occupied",
        source="市の避難所担当 / the town's shelter staff",
        licence="CC BY 4.0",
        interval=timedelta(minutes=5),
        kinds=("shelter",),
        types=("EvacuationShelter",),
        opens="tamamo.feeds.readers.places:open_shelters",
        eventful=True,
        options=(_FILE_OR_ADDRESS,),
    ),
    Offer(
        id="underpass_flooding",
        name_ja="アンダーパスの冠水",
        name_en="Underpass flooding",
        source="道路管理者 / the road administrator",
        licence="CC BY 4.0",
        interval=timedelta(minutes=5),
        kinds=("inundation",),
        types=("FloodMonitoring",),
        opens="tamamo.feeds.readers.places:open_underpasses",
        options=(_FILE_OR_ADDRESS,),
    ),
    Offer(
        id="road_passage",
        name_ja="道路通行実績",
        name_en="Road passage record",
        source="通行実績の提供者 / the provider of probe data",
        licence="提供者の条件による / as the provider says",
        interval=timedelta(minutes=15),
        kinds=("road_passage",),
        types=("RoadSegment",),
        opens="tamamo.feeds.readers.places:open_roads",
        fresh_for=timedelta(hours=3),
        options=(_FILE_OR_ADDRESS,),
    ),
    Offer(
        id="cameras",
        name_ja="カメラ（静止画へのリンク）",
        name_en="Cameras (links to still images)",
        source="カメラの管理者 / who keeps the cameras",
        licence="画像は管理者の条件による / images as their keeper says",
        interval=timedelta(minutes=10),
        kinds=("camera",),
        types=("Camera",),
        opens="tamamo.feeds.readers.places:open_cameras",
        eventful=True,
        options=(_FILE_OR_ADDRESS,),
    ),
    Offer(
        id="jma_telegrams",
        name_ja="気象警報など（気象庁防災情報XML）",
        name_en="Official warnings (JMA)",
        source="https://xml.kishou.go.jp/",
        licence="公共データ利用規約 第1.0版（出典：気象庁防災情報XML）",
        interval=timedelta(minutes=1),
        kinds=("weather_warning",),
        types=("WeatherAlert",),
        opens="tamamo.feeds.jma.feed:open_feed",
        # Fine weather brings no telegram.
        eventful=True,
        options=(
            Option(
                "address",
                "Atomフィードのあるアドレス",
                "Address of the Atom feeds",
                "https://www.data.jma.go.jp/developer/xml/feed/",
            ),
            Option(
                "areas",
                "ほかに受け取る区域のコード（津波予報区など、カンマ区切り）",
                "Codes of further areas, such as coasts of tsunami forecasts, with commas",
            ),
        ),
    ),
    Offer(
        id="amedas_rain",
        name_ja="雨量（アメダス）",
        name_en="Rain (AMeDAS)",
        source="https://www.jma.go.jp/bosai/amedas/",
        licence="公共データ利用規約 第1.0版（出典：気象庁「アメダス」）",
        interval=timedelta(minutes=10),
        kinds=("rainfall",),
        types=("WeatherObserved",),
        opens="tamamo.feeds.jma.rain:open_feed",
        options=(
            Option(
                "stations",
                "観測所番号またはその始まり（カンマ区切り。72は香川県）",
                "Numbers of stations or their beginnings, with commas; 72 is Kagawa",
                "72",
            ),
            Option(
                "address", "アメダスのアドレス", "Address", "https://www.jma.go.jp/bosai/amedas/"
            ),
        ),
    ),
    Offer(
        id="sea_level",
        name_ja="潮位（気象庁 潮位観測情報）",
        name_en="Sea level (JMA tide gauges)",
        source="https://www.jma.go.jp/bosai/tidelevel/",
        licence="公共データ利用規約 第1.0版（出典：気象庁「潮位観測情報」）",
        interval=timedelta(minutes=5),
        kinds=("tide_level",),
        types=("SeaConditions",),
        opens="tamamo.feeds.jma.tide:open_feed",
        options=(
            Option(
                "gauges",
                "検潮所のコード（カンマ区切り。空欄は市町村のもの）",
                "Codes of tide gauges, with commas; blank: those of the municipality",
            ),
            Option(
                "address",
                "潮位観測情報のアドレス",
                "Address",
                "https://www.jma.go.jp/bosai/tidelevel/",
            ),
        ),
    ),
    Offer(
        id="rain_nowcast",
        name_ja="雨雲の動き（気象庁 降水ナウキャスト）",
        name_en="Rain nowcast (JMA)",
        source="https://www.jma.go.jp/bosai/nowc/",
        licence="公共データ利用規約 第1.0版（出典：気象庁「雨雲の動き」）",
        interval=timedelta(minutes=5),
        kinds=("rain_nowcast",),
        types=("RainNowcast",),
        opens="tamamo.feeds.jma.nowcast:open_feed",
        options=(
            Option(
                "box",
                "範囲（西,南,東,北。度）",
                "Part of the map: west,south,east,north in degrees",
                "133.4,33.95,134.65,34.75",
            ),
            Option("zoom", "細かさ（8または10）", "Detail: zoom 8 or 10", "8"),
            Option(
                "address",
                "ナウキャストのアドレス",
                "Address",
                "https://www.jma.go.jp/bosai/jmatile/data/nowc/",
            ),
        ),
    ),
)
