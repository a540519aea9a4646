// Entry of the wall: one page that stays open for weeks. Everything it keeps is bounded: one
// connection, one timer a purpose, and of the page what the server last drew.
import { keepAges } from "./ages.js";
import { keepKeys } from "./wall-keys.js";
import { goLive } from "./wall-live.js";
import { drawView, keepPanels } from "./wall-view.js";

const wall = document.getElementById("wall");

async function withMap() {
  const place = document.getElementById("map-place");
  if (!place) return;
  try {
    const map = await import("./wall-map.js");
    place.hidden = false;
    map.open(wall.dataset);
  } catch {
    place.hidden = true; // the panels say the same
    addEventListener("online", withMap, { once: true });
  }
}

if (wall) {
  keepAges(() => {});
  keepPanels();
  keepKeys();
  withMap();
  goLive(wall.dataset, drawView);
}
