// What the maps of the pages have in common: the frame, groups of places, links to what was chosen.
import * as maplibre from "maplibre-gl";
import { tryOnlineMap } from "./map-gsi.js";
import { FONTS, baseStyle } from "./map-style.js";
import { messages, say } from "./messages.js";

// Where a town says nothing of its own.
const HOME = { center: [134.045, 34.29], zoom: 9.6 };
// Our own land ends here.
export const LAND = [133.45, 34.0, 134.6, 34.7];
const MOST_CHOICES = 6;
const SINGLE = ["!", ["has", "point_count"]];
const LOCALE = {
  "Map.Title": "mapTitle",
  "NavigationControl.ZoomIn": "zoomIn",
  "NavigationControl.ZoomOut": "zoomOut",
  "CooperativeGesturesHandler.WindowsHelpText": "gestureKeys",
  "CooperativeGesturesHandler.MacHelpText": "gestureKeysMac",
  "CooperativeGesturesHandler.MobileHelpText": "gestureTouch",
};

/** The town's own place: `data-home="longitude,latitude,zoom"`. */
export function home({ home: text }) {
  if (!text) return HOME;
  const [longitude, latitude, zoom] = text.split(",").map(Number);
  return { center: [longitude, latitude], zoom };
}

/** The smallest box around points; empty without any. */
export function around(features) {
  const box = new maplibre.LngLatBounds();
  for (const { geometry } of features) box.extend(geometry.coordinates);
  return box;
}

/** Open a map in its place; without WebGL one line points to the list, and null comes back. */
export function frame(region, { element, status, title = "mapTitle", place, loaded }) {
  maplibre.setWorkerUrl(new URL(region.dataset.worker, location.href).href);
  let map;
  try {
    map = new maplibre.Map({
      container: element,
      style: baseStyle(region.dataset, say("creditRivers")),
      minZoom: 8,
      maxZoom: 17,
      maxBounds: LAND,
      ...place,
      cooperativeGestures: true,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      attributionControl: { compact: false },
      fadeDuration: 0,
      locale: Object.fromEntries(Object.entries({ ...LOCALE, "Map.Title": title }).map(([id, name]) => [id, messages[name]])),
    });
  } catch {
    element.hidden = true;
    status.textContent = say("mapNone");
    return null;
  }
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibre.ScaleControl(), "top-left");
  map.on("load", async () => {
    await loaded(map);
    await tryOnlineMap(map, maplibre, status);
  });
  return map;
}

/** A source of points that are groups from afar; `paint` is of single ones, `layers` are added to them. */
export function addPoints(map, id, features, { paint, layers = [], offset }) {
  const data = { type: "FeatureCollection", features };
  map.addSource(id, { type: "geojson", data, cluster: true, clusterRadius: 40, clusterMaxZoom: 14 });
  map.addLayer({
    id: "clusters",
    type: "circle",
    source: id,
    filter: ["has", "point_count"],
    paint: {
      "circle-color": "#0017c1",
      "circle-radius": ["step", ["get", "point_count"], 15, 20, 19, 200, 24],
      "circle-stroke-color": "#fff",
      "circle-stroke-width": 2,
    },
  });
  map.addLayer({
    id: "counts",
    type: "symbol",
    source: id,
    filter: ["has", "point_count"],
    layout: { "text-field": ["get", "point_count_abbreviated"], "text-font": FONTS, "text-size": 14, "text-allow-overlap": true },
    paint: { "text-color": "#fff" },
  });
  map.addLayer({
    id,
    type: "circle",
    source: id,
    filter: SINGLE,
    paint: { "circle-stroke-color": "#fff", "circle-stroke-width": 2, ...paint },
  });
  for (const layer of layers) map.addLayer({ source: id, filter: SINGLE, ...layer });
  map.addLayer({
    id: "names",
    type: "symbol",
    source: id,
    minzoom: 12,
    filter: SINGLE,
    layout: { "text-field": ["get", "name"], "text-font": FONTS, "text-size": 14, "text-variable-anchor": ["top", "bottom", "left", "right"], "text-radial-offset": offset },
    paint: { "text-color": "#1a1a1a", "text-halo-color": "#fff", "text-halo-width": 2 },
  });
}

/** A click on points hands them on; one on a group opens it. */
export function listenTo(map, element, id, onPick) {
  map.on("click", id, (event) => onPick(event.features.map(({ properties }) => properties)));
  map.on("click", "clusters", async (event) => {
    const { properties, geometry } = event.features[0];
    const zoom = await map.getSource(id).getClusterExpansionZoom(properties.cluster_id);
    map.easeTo({ center: geometry.coordinates, zoom, animate: false });
  });
  map.on("mousemove", (event) => {
    const over = map.queryRenderedFeatures(event.point, { layers: [id, "clusters"] });
    element.classList.toggle("is-pointing", over.length > 0);
  });
}

/** Links to what lies at a place, under the map: several may lie on one another. */
export function choose(list, found) {
  const links = found.slice(0, MOST_CHOICES).map(({ url, name }) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = url;
    link.textContent = name;
    link.className = "button button--small button--outline";
    item.append(link);
    return item;
  });
  list.replaceChildren(...links);
}
