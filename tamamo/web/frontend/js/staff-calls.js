// A page of what goes on: its live part is fetched anew every few seconds, until somebody stops it.
const FAILURES = 3;

export function keepRenewing() {
  const live = document.querySelector("#live[data-live]");
  const bar = document.querySelector("[data-renewing]");
  if (!live || !bar) return;
  const button = bar.querySelector("button");
  const status = bar.querySelector("[role=status]");
  let going = true;
  let failed = 0;

  const say = (text) => {
    if (status.textContent !== text) status.textContent = text;
  };
  const show = () => {
    button.textContent = going ? bar.dataset.stop : bar.dataset.go;
    say(going ? bar.dataset.renewingOn : bar.dataset.renewingOff);
  };

  const renew = async () => {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById("live");
    // Whoever is about to press a button keeps it.
    if (!next || live.contains(document.activeElement) || next.innerHTML === live.innerHTML) return;
    live.replaceChildren(...next.childNodes);
  };

  const step = async () => {
    if (going && !document.hidden) {
      try {
        await renew();
        if (failed >= FAILURES) show();
        failed = 0;
      } catch {
        failed += 1;
        if (failed >= FAILURES) say(bar.dataset.renewingFailed);
      }
    }
    setTimeout(step, Number(live.dataset.live) * 1000);
  };

  button.addEventListener("click", () => {
    going = !going;
    show();
  });
  bar.hidden = false;
  show();
  setTimeout(step, Number(live.dataset.live) * 1000);
}
