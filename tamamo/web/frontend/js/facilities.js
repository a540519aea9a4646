// The universal design map: the places of the list's own filter; and the button that prints.
import { say } from "./messages.js";
import { openWhenSeen } from "./seen.js";

// Sign and colour of each grade; the sign says the same without the colour.
const COLOURS = ["match", ["get", "grade"], "yes", "#115a36", "limited", "#6e5600", "no", "#a90000", "#4d4d4d"];

async function open(region) {
  const [{ addPoints, around, choose, frame, home, listenTo }, { FONTS }, answer] = await Promise.all([
    import("./map-frame.js"),
    import("./map-style.js"),
    fetch(region.dataset.points + location.search, { headers: { Accept: "application/json" } }),
  ]);
  const { features, note } = answer.ok ? await answer.json() : { features: [], note: say("mapFailed") };
  document.getElementById("map-note").textContent = note;
  const signs = {
    id: "signs",
    type: "symbol",
    layout: { "text-field": ["get", "sign"], "text-font": FONTS, "text-size": 15, "text-allow-overlap": true },
    paint: { "text-color": "#fff" },
  };
  const links = (found) => choose(
    document.getElementById("map-choice"),
    found.map(({ url, sign, name }) => ({ url, name: `${sign} ${name}` })),
  );
  const element = document.getElementById("map");
  const drawn = frame(region, {
    element,
    status: document.getElementById("map-status"),
    place: features.length
      ? { bounds: around(features), fitBoundsOptions: { padding: 48, maxZoom: 14 } }
      : home(region.dataset),
    loaded: (map) => {
      const paint = { "circle-color": COLOURS, "circle-radius": 12 };
      addPoints(map, "facilities", features, { paint, layers: [signs], offset: 1.1 });
      listenTo(map, element, "facilities", links);
      region.dataset.drawn = String(features.length);
    },
  });
  if (!drawn) region.dataset.drawn = "none";
}

const region = document.getElementById("map-region");
if (region) {
  for (const link of document.querySelectorAll("[data-to-map]")) link.hidden = false;
  openWhenSeen(region, open);
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
document.getElementById("error-summary")?.focus();
