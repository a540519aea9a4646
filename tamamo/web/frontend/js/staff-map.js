// The map beside a register: the places of the same filter, fetched with the list's own query.
import { addPoints, around, choose, frame, home, listenTo } from "./map-frame.js";
import { say } from "./messages.js";

const BLUE = "#0017c1";
const links = (found) => choose(document.getElementById("map-choice"), found);

async function load(region) {
  const url = new URL(region.dataset.points, location.href);
  if (region.dataset.follow) url.search = location.search;
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function fit(map, features) {
  if (features.length) map.fitBounds(around(features), { padding: 48, maxZoom: 14, animate: false });
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
  const link = ({ id, title }) => ({ name: title || id, url: region.dataset.row.replace(/\/0\/$/, `/${id}/`) });
  const pick = (found) => links(found.map(link));
  addTiles(map, { id: "records", url: region.dataset.tiles, onPick: pick });
  map.once("idle", () => (region.dataset.drawn = "tiles"));
}

/** Open the map in its place. */
export function open(region) {
  const element = document.getElementById("map");
  frame(region, {
    element,
    status: document.getElementById("map-status"),
    place: home({}),
    loaded: async (map) => {
      if (region.dataset.tiles) return openTiles(map, region);
      addPoints(map, "records", [], { paint: { "circle-color": BLUE, "circle-radius": 8 }, offset: 0.9 });
      listenTo(map, element, "records", links);
      await refresh(map, region);
      let before = location.search;
      document.addEventListener("staff:view", () => {
        if (!region.dataset.follow || before === location.search) return;
        before = location.search;
        refresh(map, region);
      });
    },
  });
}
