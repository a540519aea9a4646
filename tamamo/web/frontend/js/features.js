// Entry: maps of collections (`[data-tiles]`), fetched when they are seen.
function openWhenSeen(region) {
  region.hidden = false;
  const watcher = new IntersectionObserver(
    async (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      try {
        (await import("./tile-map.js")).open(region);
      } catch {
        region.hidden = true; // the list beside it holds the same
      }
    },
    { rootMargin: "200px" },
  );
  watcher.observe(region);
}

for (const region of document.querySelectorAll("[data-tiles]")) openWhenSeen(region);
