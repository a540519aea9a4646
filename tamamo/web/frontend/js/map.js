// The map: the rows of the list, drawn. It holds nothing that the list does not.
import * as maplibre from "maplibre-gl";
import { addIcons } from "./map-icons.js";
import { frame, home } from "./map-frame.js";
import { FONTS } from "./map-style.js";
import { open as openNowcast } from "./nowcast.js";
import { replaceParameter, select } from "./view.js";

const MATTERS = 2; // the stage of the danger level
// Room for the zoom buttons and the sea in the north.
const PADDING = { top: 96, right: 72, bottom: 48, left: 48 };
const NARROWING = ["town", "q", "stage", "state"];

function feature(row) {
  const { lon, lat, station, stage, state, level, kind, name, owner, mark: own } = row.dataset;
  const severity = kind || stage === "" ? -1 : Number(stage);
  const mark = own ?? kind ?? (state === "late" && severity < 2 ? "late" : stage === "" ? "none" : `stage-${stage}`);
  return {
    type: "Feature",
    geometry: { type: "Point", coordinates: [Number(lon), Number(lat)] },
    properties: {
      station: station ?? "",
      mark,
      severity,
      selected: row.getAttribute("aria-current") === "true",
      label: [name, level ? (kind ? level : `${level} m`) : "—", owner].filter(Boolean).join("\n"),
    },
  };
}

function rowsOn(selector) {
  const off = new Set(
    [...document.querySelectorAll('[data-layer][data-on="false"]')].map((e) => e.dataset.layer),
  );
  return [...document.querySelectorAll(selector)].filter(
    (row) => !off.has(row.dataset.kind ?? "gauges"),
  );
}

function shown() {
  return { type: "FeatureCollection", features: rowsOn("tr[data-lon]").map(feature) };
}

/** Stretches of road: rows whose place is a line. */
function lines() {
  const features = rowsOn("tr[data-line]").map(({ dataset: { line, mark, name, level } }) => ({
    type: "Feature",
    geometry: { type: "LineString", coordinates: line.split(" ").map((pair) => pair.split(",").map(Number)) },
    properties: { mark, label: [name, level].filter(Boolean).join("\n") },
  }));
  return { type: "FeatureCollection", features };
}

function addLines(map) {
  map.addSource("lines", { type: "geojson", data: lines() });
  const paint = { "line-width": 5, "line-color": ["case", ["==", ["get", "mark"], "road-passed"], "#0055ad", "#767676"] };
  map.addLayer({ id: "lines", type: "line", source: "lines", filter: ["==", ["get", "mark"], "road-passed"], paint });
  map.addLayer({
    id: "lines-none",
    type: "line",
    source: "lines",
    filter: ["!=", ["get", "mark"], "road-passed"],
    paint: { ...paint, "line-dasharray": [1.2, 1] },
  });
}

function addMarks(map) {
  addIcons(map);
  addLines(map);
  map.addSource("marks", { type: "geojson", data: shown() });
  map.addLayer({
    id: "selected",
    type: "circle",
    source: "marks",
    filter: ["get", "selected"],
    paint: {
      "circle-radius": 19,
      "circle-color": "rgba(255,212,61,0.35)",
      "circle-stroke-color": "#000",
      "circle-stroke-width": 3,
    },
  });
  map.addLayer({
    id: "mark-labels",
    type: "symbol",
    source: "marks",
    layout: {
      "symbol-sort-key": ["-", 0, ["get", "severity"]],
      "text-field": ["step", ["zoom"], ["case", [">=", ["get", "severity"], 2], ["get", "label"], ""], 11.5, ["get", "label"]],
      "text-font": FONTS,
      "text-size": 14,
      "text-variable-anchor": ["top", "bottom", "left", "right"],
      "text-radial-offset": 1.1,
      "text-justify": "auto",
    },
    paint: { "text-color": "#1a1a1a", "text-halo-color": "#fff", "text-halo-width": 2 },
  });
  // Last, so that marks are placed before any name: names make way for them.
  map.addLayer({
    id: "marks",
    type: "symbol",
    source: "marks",
    layout: {
      "icon-image": ["get", "mark"],
      "icon-allow-overlap": true,
      "icon-padding": 0,
      "symbol-sort-key": ["get", "severity"],
    },
  });
}

async function addBorders(map, address) {
  const { borders } = await (await fetch(address)).json();
  borders.forEach(({ url, credit }, index) => {
    map.addSource(`borders-${index}`, { type: "geojson", data: url, attribution: credit });
    map.addLayer(
      {
        id: `borders-${index}`,
        type: "line",
        source: `borders-${index}`,
        paint: { "line-color": "#9a7fb0", "line-width": 1, "line-dasharray": [4, 3] },
      },
      "river-names",
    );
  });
}

/** zoom/latitude/longitude of the address. */
function placeFromAddress() {
  const parts = new URL(location.href).searchParams.get("map")?.split("/").map(Number);
  if (parts?.length !== 3 || parts.some(Number.isNaN)) return null;
  return { zoom: parts[0], center: [parts[2], parts[1]] };
}

/** What the list is narrowed to, as one text. */
function narrowed() {
  const { searchParams } = new URL(location.href);
  return NARROWING.map((name) => searchParams.get(name) ?? "").join("|");
}

/** The place that shows the listed rows: those of the town itself where there are any, and all that matter. */
function placeOfRows(portal) {
  const rows = [...document.querySelectorAll("tr[data-station][data-lon]")];
  const near = rows.filter(({ dataset }) => (!dataset.owner && dataset.town === portal.dataset.homeTown) || Number(dataset.stage) >= MATTERS);
  if (!rows.length) return home(portal.dataset);
  const bounds = new maplibre.LngLatBounds();
  for (const row of near.length ? near : rows) bounds.extend([row.dataset.lon, row.dataset.lat].map(Number));
  return { bounds, fitBoundsOptions: { padding: PADDING, maxZoom: 13 } };
}

/** As long as nobody moved the map, it shows what the list shows. */
function followRows(map, portal) {
  let before = narrowed();
  document.addEventListener("city:view", () => {
    if (narrowed() === before) return;
    before = narrowed();
    const { bounds, fitBoundsOptions } = placeOfRows(portal);
    if (bounds && !placeFromAddress()) map.fitBounds(bounds, { ...fitBoundsOptions, animate: false });
  });
}

function keepPlace(map) {
  let moved = Boolean(placeFromAddress());
  map.on("moveend", (event) => {
    if (!event.originalEvent && !moved) return;
    moved = true;
    const { lng, lat } = map.getCenter();
    replaceParameter("map", `${map.getZoom().toFixed(1)}/${lat.toFixed(4)}/${lng.toFixed(4)}`);
  });
  addEventListener("popstate", () => {
    const place = placeFromAddress();
    if (place) map.jumpTo(place);
  });
}

function listen(map, element) {
  map.on("click", "marks", (event) => {
    const worst = event.features.find((item) => item.properties.station);
    if (worst) select(worst.properties.station);
  });
  map.on("mousemove", (event) => {
    const over = map.queryRenderedFeatures(event.point, { layers: ["marks"] }).length > 0;
    element.classList.toggle("is-pointing", over);
  });
  const redraw = () => {
    map.getSource("marks").setData(shown());
    map.getSource("lines").setData(lines());
  };
  document.addEventListener("city:view", redraw);
  document.addEventListener("city:rows", redraw);
}

/** Open the map in its place. */
export function open(portal) {
  const element = document.getElementById("map");
  frame(portal, {
    element,
    status: document.getElementById("map-status"),
    place: placeFromAddress() ?? (portal.dataset.home ? home(portal.dataset) : placeOfRows(portal)),
    loaded: async (map) => {
      addMarks(map);
      listen(map, element);
      keepPlace(map);
      followRows(map, portal);
      openNowcast(map);
      map.once("idle", () => (element.dataset.idle = "true"));
      await addBorders(map, portal.dataset.borders).catch(() => {});
    },
  });
}
