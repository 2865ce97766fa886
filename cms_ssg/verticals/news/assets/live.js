// Keeps an open live blog up to date. Every event has a number; one that is missing is fetched before those after it, one that is known is left out.
(() => {
  const live = document.querySelector("[data-now]");
  if (!live || !window.fetch) return;
  const now = new URL(live.dataset.now, location), start = +live.dataset.event;
  const list = document.getElementById("live-updates"), pinned = document.getElementById("live-pinned");
  const label = document.getElementById("live-status"), told = live.querySelector(".live-new");
  let known = start, refresh = +live.dataset.refresh || 30, fresh = 0, timer, running;
  const make = (html) => { const box = document.createElement("template"); box.innerHTML = html.trim(); return box.content.firstElementChild; };
  const read = async (url) => { const answer = await fetch(url, { cache: "no-cache" }); return answer.ok ? answer.json() : null; };
  const pin = (event, item) => {
    pinned.querySelector(`[data-pin="${event.position}"]`)?.remove();
    const box = pinned.lastElementChild;
    if (item && event.pinned) {
      const short = document.createElement("article"), link = document.createElement("a"), text = document.createElement("span");
      short.className = "pin"; short.dataset.pin = event.position;
      link.href = `#u${event.position}`; link.append(item.querySelector("time").cloneNode(true));
      text.textContent = item.querySelector(".content").textContent.trim().split(/\s+/).slice(0, 30).join(" ");
      short.append(link, " ", text);
      box.insertBefore(short, [...box.children].find((one) => +one.dataset.pin < event.position) || null);
    }
    pinned.hidden = !box.children.length;
  };
  const apply = (event) => {
    known = event.event;
    if (!event.html && event.action !== "delete") return; // a later event shows it as it is now
    const old = document.getElementById(`u${event.position}`), item = event.html ? make(event.html) : null;
    if (!item) old?.remove();
    else if (old) old.replaceWith(item);
    else if (event.position > start) {
      list.querySelector(".live-none")?.remove();
      item.classList.add("new");
      list.insertBefore(item, [...list.children].find((one) => +one.dataset.position < event.position) || null);
      fresh += 1;
    }
    pin(event, item);
  };
  const tell = () => {
    if (!told || !fresh) return;
    told.firstElementChild.textContent = fresh === 1 ? told.dataset.one : told.dataset.other.replace("#", fresh);
    told.hidden = list.getBoundingClientRect().top > -200;
    if (told.hidden) fresh = 0;
  };
  const follow = async () => {
    const state = await read(now);
    if (!state) return;
    const newest = state.events.length ? state.events[0].event : 1;
    while (state.events.length && known + 1 < newest) {
      const file = await read(new URL(`${Math.floor(known / state.size) + 1}.json`, now));
      const next = file?.events.filter((event) => event.event > known) || [];
      if (!next.length || next[0].event !== known + 1) return; // not there yet: the next time
      next.forEach(apply);
    }
    for (const event of state.events) if (event.event === known + 1) apply(event);
    refresh = state.refresh_s;
    if (label) { label.textContent = label.dataset[state.status] || state.status; label.className = `live-mark ${state.status}`; }
    tell();
    if (state.status === "ended") refresh = 0;
  };
  const run = async () => {
    clearTimeout(timer);
    if (running) return;
    running = true;
    if (!document.hidden) await follow().catch(() => {});
    running = false;
    if (refresh) timer = setTimeout(run, refresh * (900 + Math.random() * 200));
  };
  told?.firstElementChild.addEventListener("click", () => { fresh = 0; told.hidden = true; live.scrollIntoView(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && refresh) run(); });
  timer = setTimeout(run, Math.random() * 2000);
})();
