// Entry of a dataset's page: its map, when it is seen; tiles where there are many places.
import { openWhenSeen } from "./seen.js";

const region = document.getElementById("map-region");
if (region) openWhenSeen(region, async () => (await import("./staff-map.js")).open(region));
