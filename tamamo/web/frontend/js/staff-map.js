// The map beside a register: the places of the same filter, fetched with the list's own query.
import * as maplibre from "maplibre-gl";
import { tryOnlineMap } from "./map-gsi.js";
import { FONTS, baseStyle } from "./map-style.js";
import { messages, say } from "./messages.js";

const HOME = { center: [134.045, 34.29], zoom: 9.6 };
const BOUNDS = [[133.45, 34.0], [134.6, 34.7]];
const BLUE = "#0017c1";
const MOST_CHOICES = 6;
const LOCALE = {
  "Map.Title": "mapTitle",
  "NavigationControl.ZoomIn": "zoomIn",
  "NavigationControl.ZoomOut": "zoomOut",
  "CooperativeGesturesHandler.WindowsHelpText": "gestureKeys",
  "CooperativeGesturesHandler.MacHelpText": "gestureKeysMac",
  "CooperativeGesturesHandler.MobileHelpText": "gestureTouch",
};

async function load(region) {
  const url = new URL(region.dataset.points, location.href);
  if (region.dataset.follow) url.search = location.search;
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function addLayers(map) {
  const empty = { type: "FeatureCollection", features: [] };
  map.addSource("records", { type: "geojson", data: empty, cluster: true, clusterRadius: 40, clusterMaxZoom: 14 });
  map.addLayer({
    id: "clusters",
    type: "circle",
    source: "records",
    filter: ["has", "point_count"],
    paint: {
      "circle-color": BLUE,
      "circle-radius": ["step", ["get", "point_count"], 15, 20, 19, 200, 24],
      "circle-stroke-color": "#fff",
      "circle-stroke-width": 2,
    },
  });
  map.addLayer({
    id: "counts",
    type: "symbol",
    source: "records",
    filter: ["has", "point_count"],
    layout: { "text-field": ["get", "point_count_abbreviated"], "text-font": FONTS, "text-size": 14, "text-allow-overlap": true },
    paint: { "text-color": "#fff" },
  });
  map.addLayer({
    id: "records",
    type: "circle",
    source: "records",
    filter: ["!", ["has", "point_count"]],
    paint: { "circle-color": BLUE, "circle-radius": 8, "circle-stroke-color": "#fff", "circle-stroke-width": 2 },
  });
  map.addLayer({
    id: "names",
    type: "symbol",
    source: "records",
    minzoom: 12,
    filter: ["!", ["has", "point_count"]],
    layout: { "text-field": ["get", "name"], "text-font": FONTS, "text-size": 14, "text-variable-anchor": ["top", "bottom", "left", "right"], "text-radial-offset": 0.9 },
    paint: { "text-color": "#1a1a1a", "text-halo-color": "#fff", "text-halo-width": 2 },
  });
}

function fit(map, features) {
  if (!features.length) return;
  const bounds = new maplibre.LngLatBounds();
  for (const { geometry } of features) bounds.extend(geometry.coordinates);
  map.fitBounds(bounds, { padding: 48, maxZoom: 14, animate: false });
}

/** Links to the records at a place, under the map: several may lie on one another. */
function choose(features) {
  const list = document.getElementById("map-choice");
  const links = features.slice(0, MOST_CHOICES).map(({ properties }) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = properties.url;
    link.textContent = properties.name;
    link.className = "button button--small button--outline";
    item.append(link);
    return item;
  });
  list.replaceChildren(...links);
}

function listen(map, element) {
  map.on("click", "records", (event) => choose(event.features));
  map.on("click", "clusters", async (event) => {
    const { properties, geometry } = event.features[0];
    const zoom = await map.getSource("records").getClusterExpansionZoom(properties.cluster_id);
    map.easeTo({ center: geometry.coordinates, zoom, animate: false });
  });
  map.on("mousemove", (event) => {
    const over = map.queryRenderedFeatures(event.point, { layers: ["records", "clusters"] });
    element.classList.toggle("is-pointing", over.length > 0);
  });
}

async function refresh(map, region) {
  const note = document.getElementById("map-note");
  try {
    const { features, note: text } = await load(region);
    map.getSource("records").setData({ type: "FeatureCollection", features });
    fit(map, features);
    note.textContent = text;
    region.dataset.drawn = String(features.length);
  } catch {
    note.textContent = say("mapFailed");
  }
}

/** Too many places for one file: vector tiles, which hold how many lie where. */
async function openTiles(map, region) {
  const { addTiles } = await import("./map-tiles.js");
  const [west, south, east, north] = (region.dataset.bbox || "").split(",").map(Number);
  if (Number.isFinite(north)) map.fitBounds([[west, south], [east, north]], { padding: 48, maxZoom: 14, animate: false });
  const link = ({ id, title }) => ({ properties: { name: title || id, url: region.dataset.row.replace(/\/0\/$/, `/${id}/`) } });
  const pick = (found) => choose(found.map(link));
  addTiles(map, { id: "records", url: region.dataset.tiles, onPick: pick });
  map.once("idle", () => (region.dataset.drawn = "tiles"));
}

/** Open the map in its place; without WebGL one line points to the list. */
export function open(region) {
  const element = document.getElementById("map");
  const status = document.getElementById("map-status");
  maplibre.setWorkerUrl(new URL(region.dataset.worker, location.href).href);
  let map;
  try {
    map = new maplibre.Map({
      container: element,
      style: baseStyle(region.dataset, say("creditRivers")),
      ...HOME,
      minZoom: 8,
      maxZoom: 17,
      maxBounds: BOUNDS,
      cooperativeGestures: true,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      attributionControl: { compact: false },
      fadeDuration: 0,
      locale: Object.fromEntries(Object.entries(LOCALE).map(([id, name]) => [id, messages[name]])),
    });
  } catch {
    element.hidden = true;
    status.textContent = say("mapNone");
    return;
  }
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibre.ScaleControl(), "top-left");
  map.on("load", async () => {
    if (region.dataset.tiles) {
      await openTiles(map, region);
      await tryOnlineMap(map, maplibre, status);
      return;
    }
    addLayers(map);
    listen(map, element);
    await refresh(map, region);
    let before = location.search;
    document.addEventListener("staff:view", () => {
      if (!region.dataset.follow || before === location.search) return;
      before = location.search;
      refresh(map, region);
    });
    await tryOnlineMap(map, maplibre, status);
  });
}
