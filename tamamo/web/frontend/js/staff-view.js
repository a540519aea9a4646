// The list in the address: htmx swaps #view for its links and its filter; all else loads as a page.
import { keepView } from "./view.js";

export function keepList() {
  if (!document.getElementById("view")) return;
  // An answer that is no list (signed out, no permission, an error) is shown as the page it is.
  document.addEventListener("htmx:before:response", (event) => {
    const { request, response } = event.detail.ctx;
    if (response.status < 400 && !response.raw.redirected) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    location.assign(request.action);
  });
  keepView();
  document.addEventListener("city:view", () => {
    document.dispatchEvent(new CustomEvent("staff:view"));
  });
}
