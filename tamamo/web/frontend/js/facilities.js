// The universal design map: the places of the list's own filter; and the button that prints.
import { messages, say } from "./messages.js";

const BOUNDS = [[133.45, 34.0], [134.6, 34.7]];
const HOME = { center: [134.045, 34.29], zoom: 9.6 };
const MOST_CHOICES = 6;
// Sign and colour of each grade; the sign says the same without the colour.
const COLOURS = ["match", ["get", "grade"], "yes", "#115a36", "limited", "#6e5600", "no", "#a90000", "#4d4d4d"];
const LOCALE = {
  "Map.Title": "mapTitle",
  "NavigationControl.ZoomIn": "zoomIn",
  "NavigationControl.ZoomOut": "zoomOut",
  "CooperativeGesturesHandler.WindowsHelpText": "gestureKeys",
  "CooperativeGesturesHandler.MacHelpText": "gestureKeysMac",
  "CooperativeGesturesHandler.MobileHelpText": "gestureTouch",
};

function addLayers(map, fonts, features) {
  const data = { type: "FeatureCollection", features };
  map.addSource("facilities", { type: "geojson", data, cluster: true, clusterRadius: 40, clusterMaxZoom: 14 });
  const single = ["!", ["has", "point_count"]];
  map.addLayer({
    id: "clusters",
    type: "circle",
    source: "facilities",
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
    source: "facilities",
    filter: ["has", "point_count"],
    layout: { "text-field": ["get", "point_count_abbreviated"], "text-font": fonts, "text-size": 14, "text-allow-overlap": true },
    paint: { "text-color": "#fff" },
  });
  map.addLayer({
    id: "facilities",
    type: "circle",
    source: "facilities",
    filter: single,
    paint: { "circle-color": COLOURS, "circle-radius": 12, "circle-stroke-color": "#fff", "circle-stroke-width": 2 },
  });
  map.addLayer({
    id: "signs",
    type: "symbol",
    source: "facilities",
    filter: single,
    layout: { "text-field": ["get", "sign"], "text-font": fonts, "text-size": 15, "text-allow-overlap": true },
    paint: { "text-color": "#fff" },
  });
  map.addLayer({
    id: "names",
    type: "symbol",
    source: "facilities",
    minzoom: 12,
    filter: single,
    layout: { "text-field": ["get", "name"], "text-font": fonts, "text-size": 14, "text-variable-anchor": ["top", "bottom", "left", "right"], "text-radial-offset": 1.1 },
    paint: { "text-color": "#1a1a1a", "text-halo-color": "#fff", "text-halo-width": 2 },
  });
}

function bounds(maplibre, features) {
  const box = new maplibre.LngLatBounds();
  for (const { geometry } of features) box.extend(geometry.coordinates);
  return box;
}

/** Links to what lies at a place, under the map: several may lie on one another. */
function choose(features) {
  const links = features.slice(0, MOST_CHOICES).map(({ properties }) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = properties.url;
    link.textContent = `${properties.sign} ${properties.name}`;
    link.className = "button button--small button--outline";
    item.append(link);
    return item;
  });
  document.getElementById("map-choice").replaceChildren(...links);
}

function listen(map, element) {
  map.on("click", "facilities", (event) => choose(event.features));
  map.on("click", "clusters", async (event) => {
    const { properties, geometry } = event.features[0];
    const zoom = await map.getSource("facilities").getClusterExpansionZoom(properties.cluster_id);
    map.easeTo({ center: geometry.coordinates, zoom, animate: false });
  });
  map.on("mousemove", (event) => {
    const over = map.queryRenderedFeatures(event.point, { layers: ["facilities", "clusters"] });
    element.classList.toggle("is-pointing", over.length > 0);
  });
}

function home({ home: text }) {
  if (!text) return HOME;
  const [longitude, latitude, zoom] = text.split(",").map(Number);
  return { center: [longitude, latitude], zoom };
}

async function open(region) {
  const [maplibre, { FONTS, baseStyle }, { tryOnlineMap }, answer] = await Promise.all([
    import("maplibre-gl"),
    import("./map-style.js"),
    import("./map-gsi.js"),
    fetch(region.dataset.points + location.search, { headers: { Accept: "application/json" } }),
  ]);
  const element = document.getElementById("map");
  const status = document.getElementById("map-status");
  const { features, note } = answer.ok ? await answer.json() : { features: [], note: say("mapFailed") };
  document.getElementById("map-note").textContent = note;
  maplibre.setWorkerUrl(new URL(region.dataset.worker, location.href).href);
  const place = features.length
    ? { bounds: bounds(maplibre, features), fitBoundsOptions: { padding: 48, maxZoom: 14 } }
    : home(region.dataset);
  let map;
  try {
    map = new maplibre.Map({
      container: element,
      style: baseStyle(region.dataset, say("creditRivers")),
      ...place,
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
    region.dataset.drawn = "none";
    return;
  }
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibre.ScaleControl(), "top-left");
  map.on("load", async () => {
    addLayers(map, FONTS, features);
    listen(map, element);
    region.dataset.drawn = String(features.length);
    await tryOnlineMap(map, maplibre, status);
  });
}

const region = document.getElementById("map-region");
if (region) {
  region.hidden = false;
  for (const link of document.querySelectorAll("[data-to-map]")) link.hidden = false;
  const watcher = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      open(region).catch(() => (region.hidden = true));
    },
    { rootMargin: "200px" },
  );
  watcher.observe(region);
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
document.getElementById("error-summary")?.focus();
