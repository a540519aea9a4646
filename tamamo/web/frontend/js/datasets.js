// Entry of a dataset's page: its map, when it is seen; tiles where there are many places.
const region = document.getElementById("map-region");

if (region) {
  region.hidden = false;
  const watcher = new IntersectionObserver(
    async (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      try {
        (await import("./staff-map.js")).open(region);
      } catch {
        region.hidden = true; // the list shows the same
      }
    },
    { rootMargin: "200px" },
  );
  watcher.observe(region);
}
