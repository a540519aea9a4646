// Our own base, always there: land, rivers, names, and the borders an operator added.
import { messages } from "./messages.js";

export const FONTS = ["Noto Sans JP", "Hiragino Sans", "BIZ UDPGothic", "Yu Gothic", "Meiryo", "sans-serif"];
const NAME = messages.language === "ja" ? "name" : "name_en";
const WATER = "#cfe2f3";

/** The style of the offline base map. Sources are addresses of our own files. */
export function baseStyle({ land, rivers, places }, credit) {
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: land, attribution: "GSHHG" },
      rivers: { type: "geojson", data: rivers, attribution: credit },
      places: { type: "geojson", data: places },
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": WATER } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": "#f6f4ee" } },
      {
        id: "coast",
        type: "line",
        source: "land",
        paint: { "line-color": "#8aa6bf", "line-width": 1 },
      },
      {
        id: "rivers",
        type: "line",
        source: "rivers",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: {
          "line-color": "#7fb0dc",
          "line-width": [
            "interpolate", ["linear"], ["zoom"],
            9, ["*", 0.5, ["get", "rank"]],
            14, ["*", 2, ["get", "rank"]],
          ],
        },
      },
      {
        id: "river-names",
        type: "symbol",
        source: "rivers",
        minzoom: 10.5,
        layout: {
          "symbol-placement": "line",
          "text-field": ["get", NAME],
          "text-font": FONTS,
          "text-size": 13,
          "text-letter-spacing": 0.1,
        },
        paint: { "text-color": "#1f5c94", "text-halo-color": "#fff", "text-halo-width": 1.5 },
      },
      {
        id: "places",
        type: "symbol",
        source: "places",
        filter: [
          "any",
          ["<=", ["get", "rank"], 2],
          ["all", ["==", ["get", "rank"], 3], [">=", ["zoom"], 10.5]],
          [">=", ["zoom"], 12],
        ],
        layout: {
          "text-field": ["get", NAME],
          "text-font": FONTS,
          "text-size": ["match", ["get", "rank"], 1, 17, 2, 15, 0, 15, 14],
          "symbol-sort-key": ["get", "rank"],
          "text-variable-anchor": ["center", "top", "bottom", "left", "right"],
          "text-radial-offset": 1.2,
          "text-padding": 1,
        },
        paint: {
          "text-color": ["match", ["get", "rank"], 0, "#1f5c94", "#4d4d4d"],
          "text-halo-color": ["match", ["get", "rank"], 0, WATER, "#fff"],
          "text-halo-width": 1.5,
        },
      },
    ],
  };
}

/** Layers of 国土地理院最適化ベクトルタイル, drawn over our land and under our names. */
export function gsiLayers(source) {
  const layer = (id, type, sourceLayer, paint, extra = {}) => ({
    id: `gsi-${id}`,
    type,
    source,
    "source-layer": sourceLayer,
    paint,
    ...extra,
  });
  return [
    layer("water", "fill", "WA", { "fill-color": WATER }),
    layer("water-edge", "line", "WL", { "line-color": "#8aa6bf", "line-width": 0.7 }),
    layer("river", "line", "RvrCL", { "line-color": "#7fb0dc", "line-width": 1.2 }),
    layer("coast", "line", "Cstline", { "line-color": "#8aa6bf", "line-width": 1 }),
    layer("building", "fill", "BldA", { "fill-color": "#e2ded4" }, { minzoom: 14 }),
    layer("road-edge", "line", "RdCL", { "line-color": "#cfcabd", "line-width": ["interpolate", ["linear"], ["zoom"], 9, 0.8, 16, 7] }),
    layer("road", "line", "RdCL", { "line-color": "#fff", "line-width": ["interpolate", ["linear"], ["zoom"], 9, 0.3, 16, 5] }),
    layer("rail", "line", "RailCL", { "line-color": "#777", "line-width": 1.2, "line-dasharray": [4, 2] }),
    layer("border", "line", "AdmBdry", { "line-color": "#9a7fb0", "line-width": 1, "line-dasharray": [4, 3] }),
  ];
}
