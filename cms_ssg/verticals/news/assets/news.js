// Puts fragments into pages that are not made again for them: breaking news, lists. Without it there are links.
(() => {
  const closed = () => { try { return JSON.parse(sessionStorage.closed || "[]"); } catch { return []; } };
  const load = async (box) => {
    try {
      const answer = await fetch(box.dataset.fragment);
      if (!answer.ok) return;
      const html = await answer.text();
      if (html === box.html) return;
      box.html = html;
      box.innerHTML = html.trim();
      if (!box.dataset.close) return;
      for (const flash of box.querySelectorAll("[data-number]")) {
        if (closed().includes(flash.dataset.number)) { flash.remove(); continue; }
        const button = document.createElement("button");
        button.setAttribute("aria-label", box.dataset.close);
        button.textContent = "×";
        button.onclick = () => {
          try { sessionStorage.closed = JSON.stringify([...closed(), flash.dataset.number]); } catch {}
          flash.remove();
        };
        flash.append(button);
      }
    } catch {}
  };
  for (const box of document.querySelectorAll("[data-fragment]")) {
    load(box);
    if (+box.dataset.every) setInterval(() => document.hidden || load(box), box.dataset.every * 1000);
  }
})();
