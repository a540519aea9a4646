// Vector tiles of a collection on a map: each place, or how many lie where (docs/adr/0054).
import { FONTS } from "./map-style.js";

const LAYER = "features";
const BLUE = "#0017c1";
const CELL = ["has", "count"];
const PLACE = ["all", ["!", CELL], ["==", ["geometry-type"], "Point"]];
const MANY = ["coalesce", ["get", "count"], 1];

function circles(id, colour) {
  return [
    {
      id: `${id}-cells`,
      type: "circle",
      filter: CELL,
      paint: {
        "circle-color": colour,
        "circle-opacity": ["interpolate", ["linear"], ["log10", MANY], 0, 0.6, 3, 0.9],
        // A cell is 16 pixels across, twice that just before the next zoom.
        "circle-radius": ["interpolate", ["linear"], ["log10", MANY], 0, 4, 2, 8, 4, 11],
        "circle-stroke-color": "#fff",
        "circle-stroke-width": 1,
      },
    },
    {
      id: `${id}-counts`,
      type: "symbol",
      filter: [">=", MANY, 10],
      layout: { "text-field": ["to-string", ["get", "count"]], "text-font": FONTS, "text-size": 14, "text-padding": 12, "symbol-sort-key": ["-", 0, MANY] },
      paint: { "text-color": "#1a1a1a", "text-halo-color": "#fff", "text-halo-width": 2 },
    },
    {
      id: `${id}-places`,
      type: "circle",
      filter: PLACE,
      paint: {
        "circle-color": colour,
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 3, 14, 8],
        "circle-stroke-color": "#fff",
        "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 8, 1, 14, 2],
      },
    },
    {
      id: `${id}-names`,
      type: "symbol",
      filter: PLACE,
      minzoom: 13,
      layout: { "text-field": ["get", "title"], "text-font": FONTS, "text-size": 14, "text-variable-anchor": ["top", "bottom", "left", "right"], "text-radial-offset": 0.9 },
      paint: { "text-color": "#1a1a1a", "text-halo-color": "#fff", "text-halo-width": 2 },
    },
  ];
}

function shapes(id, colour) {
  const areas = ["all", ["!", CELL], ["==", ["geometry-type"], "Polygon"]];
  return [
    { id: `${id}-areas`, type: "fill", filter: areas, paint: { "fill-color": colour, "fill-opacity": 0.2 } },
    { id: `${id}-lines`, type: "line", filter: ["all", ["!", CELL], ["!=", ["geometry-type"], "Point"]], paint: { "line-color": colour, "line-width": 3 } },
  ];
}

function listen(map, id, onPick) {
  const picked = [`${id}-places`, `${id}-areas`, `${id}-lines`];
  map.on("click", (event) => {
    const found = map.queryRenderedFeatures(event.point, { layers: picked });
    if (found.length) {
      // A place on the edge of a tile is in both.
      const one = new Map(found.map(({ properties }) => [properties.id, properties]));
      onPick?.([...one.values()], event.lngLat);
      return;
    }
    const [cell] = map.queryRenderedFeatures(event.point, { layers: [`${id}-cells`] });
    if (cell) map.easeTo({ center: cell.geometry.coordinates, zoom: map.getZoom() + 2, animate: false });
  });
  map.on("mousemove", ({ point }) => {
    const over = map.queryRenderedFeatures(point, { layers: [...picked, `${id}-cells`] });
    map.getContainer().classList.toggle("is-pointing", over.length > 0);
  });
}

/**
 * Add the tiles at `url` ({z}, {y}, {x} in it) to a map that has loaded.
 * onPick gets the properties ({id, title}) of what was clicked on, and the place; a click on a cell zooms in.
 */
export function addTiles(map, { id, url, colour = BLUE, onPick }) {
  // Templates are no addresses: only what stands before them is made absolute.
  const tiles = [new URL(location.href).origin + url];
  map.addSource(id, { type: "vector", tiles, minzoom: 0, maxzoom: 18 });
  for (const layer of [...shapes(id, colour), ...circles(id, colour)]) {
    map.addLayer({ ...layer, source: id, "source-layer": LAYER });
  }
  listen(map, id, onPick);
}
