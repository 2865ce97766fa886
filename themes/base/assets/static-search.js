// Results while one types, from the index beside the pages: no server is asked but for its files.
(() => {
  const form = document.querySelector("form.search[data-index]"), results = document.getElementById("results");
  if (!form || !results) return;
  const input = form.elements.q, texts = form.dataset, size = Number(texts.size) || 20;
  let index, timer, latest = 0;
  form.hidden = false;
  const load = () => index ??= import(texts.index).then(async (module) => { await module.init(); return module; });
  const make = (name, text = "", values = {}) => Object.assign(document.createElement(name), { textContent: text }, values);
  const say = (text, kind) => { const line = make("p", text, { className: kind }); line.setAttribute("role", "status"); return line; };
  // An excerpt has marks around what was found; whatever else it has is text.
  const excerpt = (html) => {
    const parsed = make("template"), line = make("p");
    parsed.innerHTML = html;
    for (const node of parsed.content.childNodes) line.append(node.nodeName === "MARK" ? make("mark", node.textContent) : node.textContent);
    return line;
  };
  const item = (data) => {
    const line = make("li"), article = make("article"), title = make("h2");
    title.append(make("a", data.meta.title, { href: data.raw_url }));
    article.append(title, excerpt(data.excerpt));
    line.append(article);
    return line;
  };
  const ask = async (keep) => {
    const text = input.value.trim(), mine = ++latest, address = location.pathname + (text ? `?q=${encodeURIComponent(text)}` : "");
    clearTimeout(timer);
    if (keep && address !== location.pathname + location.search) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    if (!text) { results.replaceChildren(); results.removeAttribute("aria-busy"); return; }
    results.setAttribute("aria-busy", "true");
    try {
      const found = (await (await load()).search(text)).results;
      const list = make("ol", "", { className: "hits" }), pager = make("p", "", { className: "pager" }), next = make("button", texts.next, { type: "button", className: "older" });
      const more = async () => {
        const at = list.children.length, items = (await Promise.all(found.slice(at, at + size).map((one) => one.data()))).map(item);
        list.append(...items);
        pager.hidden = list.children.length >= found.length;
        return items;
      };
      await more();
      if (mine !== latest) return;
      next.addEventListener("click", () => more().then((items) => items[0]?.querySelector("a").focus(), fail));
      pager.append(next);
      if (found.length) results.replaceChildren(say(texts.results.replace("#", found.length.toLocaleString(document.documentElement.lang)), "quiet"), list, pager);
      else results.replaceChildren(say(texts.nothing, "empty"));
    } catch (error) {
      if (mine !== latest) return;
      fail(error);
    }
    results.removeAttribute("aria-busy");
  };
  const fail = (error) => { console.warn(error); index = undefined; results.replaceChildren(say(texts.offline, "notice")); };
  const read = () => { input.value = new URLSearchParams(location.search).get("q") || ""; };
  input.addEventListener("focus", () => load().catch(() => { index = undefined; }), { once: true });
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(true); });
  addEventListener("popstate", () => { read(); ask(); });
  addEventListener("keydown", (event) => {
    const links = [...results.querySelectorAll(".hits h2 a")], at = links.indexOf(document.activeElement);
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); input.select(); input.focus(); }
    else if (event.key === "ArrowDown" && (at >= 0 || document.activeElement === input) && links[at + 1]) { event.preventDefault(); links[at + 1].focus(); }
    else if (event.key === "ArrowUp" && at >= 0) { event.preventDefault(); (links[at - 1] || input).focus(); }
  });
  read();
  if (input.value) ask(); else input.focus({ preventScroll: true });
})();
