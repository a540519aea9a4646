// What is big is fetched when somebody sees its place.

/** Run once when an element comes near the visible part of the page. */
export function whenSeen(element, run) {
  const watcher = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      run();
    },
    { rootMargin: "200px" },
  );
  watcher.observe(element);
}

/** Show a map's region and open the map when it is seen; what fails is hidden: the list holds the same. */
export function openWhenSeen(region, open) {
  region.hidden = false;
  whenSeen(region, () => open(region).catch(() => (region.hidden = true)));
}
