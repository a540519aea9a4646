// The last 48 hours of a gauge: a line over bands of its thresholds; gaps stay gaps.
import { LineChart } from "echarts/charts";
import { GridComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { messages, say } from "./messages.js";

echarts.use([
  LineChart,
  GridComponent,
  TooltipComponent,
  MarkLineComponent,
  MarkAreaComponent,
  SVGRenderer,
]);

const FONT = '"Noto Sans JP", "Hiragino Sans", "BIZ UDPGothic", "Yu Gothic", Meiryo, sans-serif';
const LIMITS = [
  { key: "danger", text: "chartDanger", line: "#aa00aa", band: "rgba(170,0,170,0.10)", dash: "solid" },
  { key: "alert", text: "chartAlert", line: "#806300", band: "rgba(242,231,0,0.22)", dash: "dashed" },
  { key: "start", text: "chartStart", line: "#3460fb", band: "rgba(52,96,251,0.05)", dash: "dotted" },
];
const japan = (options) =>
  new Intl.DateTimeFormat(messages.language, { timeZone: "Asia/Tokyo", ...options });
const hour = japan({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = japan({ month: "numeric", day: "numeric" });
const full = japan({ month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const hourOfDay = japan({ hour: "numeric", hourCycle: "h23" });

function bands(limits, top) {
  const areas = [];
  let upper = top;
  for (const { key, band } of LIMITS) {
    const lower = limits[key];
    if (lower === null) continue;
    if (lower < upper) areas.push([{ yAxis: lower, itemStyle: { color: band } }, { yAxis: upper }]);
    upper = lower;
  }
  return areas;
}

function lines(limits, top) {
  return LIMITS.filter(({ key }) => limits[key] !== null && limits[key] <= top).map(
    ({ key, text, line, dash }) => ({
      yAxis: limits[key],
      lineStyle: { color: line, type: dash, width: 1.5 },
      label: {
        formatter: `${say(text)} ${limits[key].toFixed(2)}`,
        position: "insideStartTop",
        color: "#1a1a1a",
        backgroundColor: "rgba(255,255,255,0.8)",
        padding: [1, 3],
        fontSize: 14,
        fontFamily: FONT,
      },
    }),
  );
}

/** The axis holds the readings and the next threshold above them, no more. */
function extent(points, limits) {
  const levels = points.map(([, level]) => level).filter((level) => level !== null);
  const known = Object.values(limits).filter((level) => level !== null);
  const highest = Math.max(...levels, ...(levels.length ? [] : known));
  const lowest = Math.min(...levels, ...(levels.length ? [] : known));
  const above = known.filter((level) => level >= highest);
  const top = above.length ? Math.min(...above) : highest;
  const below = known.filter((level) => level <= lowest);
  const bottom = below.length && lowest - Math.max(...below) < 1 ? Math.max(...below) : lowest;
  const pad = Math.max((top - bottom) * 0.12, 0.05);
  return [Math.floor((bottom - pad) * 20) / 20, Math.ceil((top + pad) * 20) / 20];
}

function options(data) {
  const [bottom, top] = extent(data.points, data.thresholds);
  return {
    animation: false,
    aria: { enabled: false },
    textStyle: { fontFamily: FONT, fontSize: 14, color: "#333" },
    grid: { left: 4, right: 12, top: 32, bottom: 4, containLabel: true },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      backgroundColor: "#1a1a1a",
      textStyle: { color: "#fff", fontSize: 14 },
      formatter: ([item]) =>
        item && item.value[1] !== null
          ? `${full.format(item.value[0])}  ${item.value[1].toFixed(2)} m`
          : "",
    },
    xAxis: {
      type: "time",
      min: Date.parse(data.from),
      max: Date.parse(data.to),
      splitNumber: 4,
      axisLine: { lineStyle: { color: "#666" } },
      axisLabel: {
        hideOverlap: true,
        color: "#333",
        fontSize: 14,
        formatter: (moment) =>
          hourOfDay.format(moment).startsWith("0") || hourOfDay.format(moment) === "24"
            ? day.format(moment)
            : hour.format(moment),
      },
    },
    yAxis: {
      type: "value",
      name: say("chartLevel"),
      nameTextStyle: { align: "left", color: "#333", fontSize: 14 },
      min: bottom,
      max: top,
      axisLabel: { color: "#333", fontSize: 14, formatter: (level) => level.toFixed(2), showMinLabel: false, showMaxLabel: false },
      splitLine: { lineStyle: { color: "#e6e6ea" } },
    },
    series: [
      {
        type: "line",
        data: data.points,
        connectNulls: false,
        showSymbol: data.points.length < 60,
        symbol: "circle",
        symbolSize: 5,
        lineStyle: { width: 2.5, color: "#0017c1" },
        itemStyle: { color: "#0017c1" },
        markLine: { silent: true, symbol: "none", data: lines(data.thresholds, top) },
        markArea: { silent: true, data: bands(data.thresholds, top) },
      },
    ],
  };
}

async function load(place) {
  const answer = await fetch(place.dataset.url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

/** Draw the chart and keep it up to date while its place is on the page. */
export async function draw(place) {
  let chart = null;
  const update = async () => {
    const data = await load(place);
    chart ??= echarts.init(place, null, { renderer: "svg" });
    chart.setOption(options(data));
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", say("chartLabel"));
  };
  try {
    await update();
  } catch {
    place.textContent = say("chartError");
    return;
  }
  const onRows = (event) => event.detail.selected && update().catch(() => {});
  const watcher = new ResizeObserver(() => chart.resize());
  watcher.observe(place);
  document.addEventListener("city:rows", onRows);
  document.addEventListener("city:view", function gone() {
    if (place.isConnected) return;
    watcher.disconnect();
    chart.dispose();
    document.removeEventListener("city:rows", onRows);
    document.removeEventListener("city:view", gone);
  });
}
