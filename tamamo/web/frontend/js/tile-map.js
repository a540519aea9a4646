// A map of one collection, drawn from its tiles; the list beside it holds the same.
import { LAND, choose, frame, home } from "./map-frame.js";
import { addTiles } from "./map-tiles.js";

/** Where the map opens: at its data, as far as that is known; data beyond our land are shown all the same. */
function start({ bounds: text }) {
  const bounds = (text ?? "").split(",").map(Number);
  if (bounds.length !== 4 || bounds.some(Number.isNaN)) return { ...home({}), minZoom: 0 };
  const inside = bounds[0] >= LAND[0] && bounds[1] >= LAND[1] && bounds[2] <= LAND[2] && bounds[3] <= LAND[3];
  const place = { bounds, fitBoundsOptions: { padding: 48, maxZoom: 14 } };
  return inside ? place : { ...place, minZoom: 0, maxBounds: undefined };
}

/** Open the map in its place. */
export function open(region) {
  const link = ({ id, title }) => ({ name: title || id, url: region.dataset.item.replace("ID", encodeURIComponent(id)) });
  const onPick = (found) => choose(region.querySelector("[data-choice]"), found.map(link));
  frame(region, {
    element: region.querySelector(".map"),
    status: region.querySelector("[data-status]"),
    title: "mapDataTitle",
    place: { ...start(region.dataset), maxZoom: 18 },
    loaded: (map) => {
      addTiles(map, { id: "data", url: region.dataset.tiles, onPick });
      map.once("idle", () => (region.dataset.idle = "true"));
    },
  });
}
