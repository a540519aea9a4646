// Long work: the page asks how far it is; without scripts it has a link to do so.
const PAUSE = 1_000;

async function ask(place) {
  const answer = await fetch(place.dataset.progress, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function show(place, { done, total, text }) {
  const bar = place.querySelector("progress");
  if (total) {
    bar.max = total;
    bar.value = done;
  } else bar.removeAttribute("value");
  const words = place.querySelector("[role=status]");
  if (words.textContent !== text) words.textContent = text;
}

export function keepProgress() {
  const place = document.querySelector("[data-progress]");
  if (!place) return;
  const step = async () => {
    try {
      const state = await ask(place);
      show(place, state);
      if (state.finished) {
        location.replace(place.dataset.then);
        return;
      }
    } catch {
      // The server may be busy or restarting: asked again below.
    }
    setTimeout(step, PAUSE);
  };
  setTimeout(step, PAUSE);
}
