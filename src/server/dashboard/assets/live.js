// Keeps the inbox fresh. Every page works without it.
"use strict";
(() => {
  const inbox = document.getElementById("inbox");
  if (!inbox || !window.EventSource) return;
  const fresh = document.getElementById("fresh");
  let busy = false;
  let again = false;

  // Nothing is taken away from somebody who reads on or writes a reason.
  const inUse = () =>
    inbox.querySelector("details[open]") !== null || inbox.contains(document.activeElement);

  const count = (number) => {
    const badge = document.getElementById("waiting");
    if (!badge) return;
    badge.hidden = number === 0;
    badge.querySelector(".number").textContent = String(number);
    document.title = (number ? "(" + number + ") " : "") + "Inbox · naive";
  };

  const refresh = async (forced) => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      const answer = await fetch("/dashboard/inbox", { headers: { Accept: "text/html" } });
      if (answer.status === 401) return void location.reload();
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.getElementById("inbox");
      if (!next) return;
      count(Number(next.dataset.waiting));
      const same = next.dataset.state === inbox.dataset.state;
      if (same || (!forced && inUse())) {
        fresh.hidden = same;
        return;
      }
      inbox.replaceChildren(...next.childNodes);
      inbox.dataset.state = next.dataset.state;
      fresh.hidden = true;
    } finally {
      busy = false;
      if (again) {
        again = false;
        refresh(false);
      }
    }
  };

  fresh.querySelector("button").addEventListener("click", () => refresh(true));
  const source = new EventSource("/dashboard/live");
  source.addEventListener("changed", () => refresh(false));
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
})();
