// Puts fragments into pages that are not made again for them: breaking news, lists. Without it there are links.
(() => {
  const closed = () => { try { return JSON.parse(sessionStorage.closed || "[]"); } catch { return []; } };
  const read = async (url) => {
    try { const answer = await fetch(url, { signal: AbortSignal.timeout?.(8000) }); return answer.ok ? await answer.text() : null; } catch { return null; }
  };
  const arm = (box) => {
    const word = box.closest("[data-close]")?.dataset.close;
    if (!word) return;
    for (const flash of box.querySelectorAll("[data-number]")) {
      if (closed().includes(flash.dataset.number)) { flash.remove(); continue; }
      const button = document.createElement("button");
      button.setAttribute("aria-label", word);
      button.textContent = "×";
      button.onclick = () => {
        try { sessionStorage.closed = JSON.stringify([...closed(), flash.dataset.number]); } catch {}
        flash.remove();
      };
      flash.append(button);
    }
  };
  const put = (box, html) => {
    if (html === null || html === box.html) return;
    box.html = html;
    if (box.getBoundingClientRect().top > innerHeight) box.dataset.put = ""; // its room is given up where nobody sees it move
    box.innerHTML = html.trim();
    arm(box);
  };
  // All of a group at once: banners that come one after the other would push each other.
  const load = async (group) => { const found = await Promise.all(group.map((box) => read(box.dataset.fragment))); group.forEach((box, n) => put(box, found[n])); };
  document.querySelectorAll("[data-close]").forEach(arm); // what the server or the CDN put in
  const boxes = [...document.querySelectorAll("[data-fragment]")], polled = boxes.filter((box) => +box.dataset.every);
  boxes.filter((box) => !polled.includes(box)).forEach((box) => load([box]));
  load(polled);
  if (polled.length) setInterval(() => document.hidden || load(polled), polled[0].dataset.every * 1000);
})();
