// Entry: maps of collections (`[data-tiles]`), fetched when they are seen.
import { openWhenSeen } from "./seen.js";

for (const region of document.querySelectorAll("[data-tiles]")) {
  openWhenSeen(region, async () => (await import("./tile-map.js")).open(region));
}
