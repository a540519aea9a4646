// A map of one collection, drawn from its tiles; the list beside it holds the same.
import * as maplibre from "maplibre-gl";
import { tryOnlineMap } from "./map-gsi.js";
import { baseStyle } from "./map-style.js";
import { addTiles } from "./map-tiles.js";
import { messages, say } from "./messages.js";

const HOME = { center: [134.045, 34.29], zoom: 9.6 };
// Our own land ends here; data beyond it are shown all the same.
const LAND = [133.45, 34.0, 134.6, 34.7];
const MOST_CHOICES = 6;
const LOCALE = {
  "Map.Title": "mapDataTitle",
  "NavigationControl.ZoomIn": "zoomIn",
  "NavigationControl.ZoomOut": "zoomOut",
  "CooperativeGesturesHandler.WindowsHelpText": "gestureKeys",
  "CooperativeGesturesHandler.MacHelpText": "gestureKeysMac",
  "CooperativeGesturesHandler.MobileHelpText": "gestureTouch",
};

/** Where the map opens: at its data, as far as that is known. */
function start({ bounds: text }) {
  const bounds = (text ?? "").split(",").map(Number);
  if (bounds.length !== 4 || bounds.some(Number.isNaN)) return { ...HOME, maxBounds: LAND };
  const inside = bounds[0] >= LAND[0] && bounds[1] >= LAND[1] && bounds[2] <= LAND[2] && bounds[3] <= LAND[3];
  const place = { bounds, fitBoundsOptions: { padding: 48, maxZoom: 14 } };
  return inside ? { ...place, maxBounds: LAND, minZoom: 8 } : place;
}

/** Links to what was clicked on, under the map: several may lie on one another. */
function choose(region, found) {
  const links = found.slice(0, MOST_CHOICES).map(({ id, title }) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = region.dataset.item.replace("ID", encodeURIComponent(id));
    link.textContent = title || id;
    link.className = "button button--small button--outline";
    item.append(link);
    return item;
  });
  region.querySelector("[data-choice]").replaceChildren(...links);
}

/** Open the map in its place; without WebGL one line points to the list. */
export function open(region) {
  const container = region.querySelector(".map");
  const status = region.querySelector("[data-status]");
  maplibre.setWorkerUrl(new URL(region.dataset.worker, location.href).href);
  let map;
  try {
    map = new maplibre.Map({
      container,
      style: baseStyle(region.dataset, say("creditRivers")),
      ...start(region.dataset),
      maxZoom: 18,
      cooperativeGestures: true,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      attributionControl: { compact: false },
      fadeDuration: 0,
      locale: Object.fromEntries(Object.entries(LOCALE).map(([id, name]) => [id, messages[name]])),
    });
  } catch {
    container.hidden = true;
    status.textContent = say("mapNone");
    return;
  }
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibre.ScaleControl(), "top-left");
  map.on("load", async () => {
    const onPick = (found) => choose(region, found);
    addTiles(map, { id: "data", url: region.dataset.tiles, onPick });
    map.once("idle", () => (region.dataset.idle = "true"));
    await tryOnlineMap(map, maplibre, status);
  });
}
