// The wall's map: the points beside it, drawn. One source whose data is exchanged; nothing grows.
import * as maplibre from "maplibre-gl";
import { tryOnlineMap } from "./map-gsi.js";
import { addIcons } from "./map-icons.js";
import { FONTS, baseStyle } from "./map-style.js";
import { messages, say } from "./messages.js";

const HOME = { center: [134.045, 34.29], zoom: 9.6 };
const BOUNDS = [[133.45, 34.0], [134.6, 34.7]];
const MATTERS = 2; // the stage of the danger level

const scale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

function feature({ lon, lat, stage, state, kind, label }) {
  const severity = kind || stage === null ? -1 : stage;
  const mark = kind ?? (state === "late" && severity < MATTERS ? "late" : stage === null ? "none" : `stage-${stage}`);
  return {
    type: "Feature",
    geometry: { type: "Point", coordinates: [lon, lat] },
    properties: { mark, severity, label },
  };
}

function points() {
  const text = document.getElementById("wall-points")?.textContent;
  return { type: "FeatureCollection", features: JSON.parse(text || "[]").map(feature) };
}

function addMarks(map) {
  addIcons(map);
  map.addSource("marks", { type: "geojson", data: points() });
  map.addLayer({
    id: "mark-labels",
    type: "symbol",
    source: "marks",
    layout: {
      "symbol-sort-key": ["-", 0, ["get", "severity"]],
      "text-field": ["case", [">=", ["get", "severity"], MATTERS], ["get", "label"], ""],
      "text-font": FONTS,
      "text-size": 14 * scale(),
      "text-variable-anchor": ["top", "bottom", "left", "right"],
      "text-radial-offset": 1.1,
    },
    paint: { "text-color": "#1a1a1a", "text-halo-color": "#fff", "text-halo-width": 2 },
  });
  map.addLayer({
    id: "marks",
    type: "symbol",
    source: "marks",
    layout: {
      "icon-image": ["get", "mark"],
      "icon-size": Math.max(1, 0.8 * scale()),
      "icon-allow-overlap": true,
      "icon-padding": 0,
      "symbol-sort-key": ["get", "severity"],
    },
  });
}

function home({ home: text }) {
  const [longitude, latitude, zoom] = (text ?? "").split(",").map(Number);
  if (text) return { center: [longitude, latitude], zoom };
  const bounds = new maplibre.LngLatBounds();
  for (const one of points().features) bounds.extend(one.geometry.coordinates);
  if (bounds.isEmpty()) return HOME;
  return { bounds, fitBoundsOptions: { padding: 40, maxZoom: 13 } };
}

/** Open the map in its place; without WebGL one line says that the panels hold the same. */
export function open(wall) {
  const element = document.getElementById("map");
  const status = document.getElementById("map-status");
  maplibre.setWorkerUrl(new URL(wall.worker, location.href).href);
  let map;
  try {
    map = new maplibre.Map({
      container: element,
      style: baseStyle(wall, say("creditRivers")),
      ...home(wall),
      minZoom: 8,
      maxZoom: 17,
      maxBounds: BOUNDS,
      cooperativeGestures: false,
      dragRotate: false,
      pitchWithRotate: false,
      attributionControl: { compact: true },
      fadeDuration: 0,
      locale: { "Map.Title": messages.mapTitle, "NavigationControl.ZoomIn": messages.zoomIn, "NavigationControl.ZoomOut": messages.zoomOut },
    });
  } catch {
    element.hidden = true;
    status.textContent = say("mapNone");
    return;
  }
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  map.on("load", async () => {
    addMarks(map);
    document.addEventListener("wall:points", () => map.getSource("marks").setData(points()));
    document.addEventListener("wall:size", () => map.resize());
    map.once("idle", () => (element.dataset.idle = "true"));
    await tryOnlineMap(map, maplibre, status);
  });
}
