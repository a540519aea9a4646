// The online base map: only after a probe of three seconds, tried again with growing pauses.
import { PMTiles, Protocol } from "pmtiles";
import { gsiLayers } from "./map-style.js";
import { messages, say } from "./messages.js";

const ARCHIVE =
  "https://cyberjapandata.gsi.go.jp/xyz/optimal_bvmap-v1/optimal_bvmap-v1.pmtiles";
const PROBE = 3_000;
const PAUSES = [30_000, 60_000, 120_000, 300_000, 600_000];

async function reachable() {
  try {
    const answer = await fetch(ARCHIVE, {
      headers: { Range: "bytes=0-6" },
      signal: AbortSignal.timeout(PROBE),
    });
    return answer.status === 206 && (await answer.text()).startsWith("PMTiles");
  } catch {
    return false;
  }
}

function add(map, maplibre) {
  const protocol = new Protocol();
  protocol.add(new PMTiles(ARCHIVE));
  maplibre.addProtocol("pmtiles", protocol.tile);
  map.addSource("gsi", {
    type: "vector",
    url: `pmtiles://${ARCHIVE}`,
    attribution: messages.creditGsi,
  });
  for (const layer of gsiLayers("gsi")) map.addLayer(layer, "river-names");
}

/** Add the layer when it can be had; say on the status line which map is shown. */
export async function tryOnlineMap(map, maplibre, status, attempt = 0) {
  if (await reachable()) {
    add(map, maplibre);
    status.textContent = say("mapFull");
    return;
  }
  const live = document.getElementById("portal")?.dataset.mode === "live";
  status.textContent = say(live ? "mapBasic" : "mapBasicPlain");
  const pause = PAUSES[Math.min(attempt, PAUSES.length - 1)];
  setTimeout(() => tryOnlineMap(map, maplibre, status, attempt + 1), pause);
}
