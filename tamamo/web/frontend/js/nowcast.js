// The rain nowcast on the map: pictures of one moment each, chosen by a slider or played.
const REFRESH = 300; // seconds: the publisher makes a picture every five minutes
const STEP = 700; // milliseconds a picture is shown while it plays
const OPACITY = 0.65;
const BELOW = "places";

const $ = (name) => document.getElementById(`nowcast-${name}`);

/** One source and layer a picture, made when it is first shown; those that are gone are removed. */
class Pictures {
  constructor(map) {
    this.map = map;
    this.made = new Map();
  }

  add({ tiles }, told) {
    if (this.made.has(tiles)) return;
    const id = `nowcast-${this.made.size}-${tiles}`;
    this.map.addSource(id, {
      type: "raster",
      tiles: [new URL(tiles, location.href).href.replaceAll("%7B", "{").replaceAll("%7D", "}")],
      tileSize: 256,
      minzoom: told.zoom,
      maxzoom: told.zoom,
      attribution: told.credit,
    });
    this.map.addLayer(
      { id, type: "raster", source: id, paint: { "raster-opacity": 0, "raster-fade-duration": 0, "raster-resampling": "nearest" } },
      BELOW,
    );
    this.made.set(tiles, id);
  }

  /** Show one picture, and have the next one ready. */
  show(frame, next, told) {
    if (frame) this.add(frame, told);
    if (next) this.add(next, told);
    for (const [tiles, id] of this.made) {
      this.map.setPaintProperty(id, "raster-opacity", tiles === frame?.tiles ? OPACITY : 0);
    }
  }

  keep(frames) {
    const wanted = new Set(frames.map((frame) => frame.tiles));
    for (const [tiles, id] of this.made) {
      if (wanted.has(tiles)) continue;
      this.map.removeLayer(id);
      this.map.removeSource(id);
      this.made.delete(tiles);
    }
  }
}

class Nowcast {
  constructor(map, place) {
    this.place = place;
    this.pictures = new Pictures(map);
    this.told = { frames: [] };
    this.at = "";
    this.playing = 0;
    this.on = false;
    $("show").addEventListener("click", () => this.turn(!this.on));
    $("play").addEventListener("click", () => (this.playing ? this.stop() : this.play()));
    $("moment").addEventListener("input", () => {
      this.stop();
      this.choose(Number($("moment").value));
    });
    document.addEventListener("visibilitychange", () => document.hidden && this.stop());
  }

  async refresh() {
    try {
      const answer = await fetch(this.place.dataset.url, { signal: AbortSignal.timeout(10_000) });
      if (!answer.ok) throw new Error(answer.status);
      this.take(await answer.json());
    } catch {
      // What was shown stays; a state that does not change is said by the next answer.
    }
  }

  take(told) {
    this.told = told;
    this.place.hidden = false;
    $("state").textContent = told.text;
    $("show").hidden = told.state === "none";
    $("source").hidden = Boolean(told.simulated);
    if (told.state === "none") this.turn(false);
    $("moment").max = Math.max(told.frames.length - 1, 0);
    this.pictures.keep(told.frames);
    const same = told.frames.findIndex((frame) => frame.at === this.at);
    if (this.on) this.choose(same >= 0 && this.playing ? same : this.newest());
  }

  newest() {
    return this.told.frames.findLastIndex((frame) => frame.observed);
  }

  turn(on) {
    this.on = on;
    const button = $("show");
    button.setAttribute("aria-pressed", on);
    button.textContent = on ? button.dataset.on : button.dataset.off;
    $("controls").hidden = !on;
    if (on) this.choose(this.newest());
    else {
      this.stop();
      this.pictures.show(null, null, this.told);
    }
  }

  choose(index) {
    const { frames } = this.told;
    const frame = frames[index];
    if (!frame) return;
    this.at = frame.at;
    const slider = $("moment");
    slider.value = index;
    slider.setAttribute("aria-valuetext", frame.label);
    $("label").textContent = frame.label;
    $("controls").classList.toggle("is-forecast", !frame.observed);
    this.pictures.show(frame, frames[(index + 1) % frames.length], this.told);
  }

  play() {
    this.say(true);
    this.playing = setInterval(() => {
      this.choose((Number($("moment").value) + 1) % this.told.frames.length);
    }, STEP);
  }

  stop() {
    clearInterval(this.playing);
    this.playing = 0;
    this.say(false);
  }

  say(playing) {
    const button = $("play");
    button.textContent = playing ? button.dataset.on : button.dataset.off;
  }
}

/** Put the nowcast on a map, where the page has a place for its controls. */
export async function open(map) {
  const place = document.getElementById("nowcast");
  if (!place) return;
  const nowcast = new Nowcast(map, place);
  const again = async () => {
    if (!document.hidden) await nowcast.refresh();
    setTimeout(again, 1000 * Math.max(nowcast.told.refresh ?? REFRESH, 30));
  };
  await again();
}
