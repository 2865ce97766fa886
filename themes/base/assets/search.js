// Results while one types. Nothing here is needed to search.
(() => {
  const form = document.querySelector("form.search"), results = document.getElementById("results");
  if (!form || !results || !window.fetch) return;
  const input = form.elements.q, wide = matchMedia("(min-width: 56rem)"), make = (name, values) => Object.assign(document.createElement(name), values);
  const said = make("p", { className: "hide", role: "status" });
  let timer, running;
  const on = (what, name, hear) => what.addEventListener(name, hear);
  const here = () => location.search.slice(1);
  const find = (what) => results.querySelector(what);
  const dress = () => {
    if (wide.matches && find(".facets")) find(".facets").open = true;
    if (navigator.geolocation && find(".near")) find(".near").hidden = false;
  };
  const ask = async (query, keep) => {
    running?.abort();
    const mine = running = new AbortController(), address = form.action + (query && `?${query}`);
    results.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${form.action}?${query}${query && "&"}part=results`, { signal: mine.signal });
      if (!answer.headers.has("x-search")) throw new Error(answer.status);
      const html = await answer.text(), inside = results.contains(document.activeElement);
      results.innerHTML = html;
      dress();
      if (inside) find("[role=status], p")?.focus({ preventScroll: true });
      history[keep ? "pushState" : "replaceState"]({ query }, "", address);
    } catch (error) {
      if (error.name === "AbortError") return;
      results.innerHTML = '<p class="notice" role="status"></p>';
      results.firstChild.textContent = form.dataset.offline;
    }
    said.textContent = find("[role=status]")?.textContent || "";
    if (running === mine) results.removeAttribute("aria-busy");
  };
  const read = (from) => new URLSearchParams([...new FormData(from)].filter(([, value]) => value));
  const fill = (query) => {
    const values = new URLSearchParams(query);
    input.value = values.get("q") || "";
    form.querySelectorAll("[type=hidden]").forEach((field) => field.remove());
    for (const [name, value] of values) if (!["q", "page"].includes(name)) {
      form.append(make("input", { type: "hidden", name, value }));
    }
  };
  const go = (query) => { clearTimeout(timer); fill(query); ask(`${query}`, true).then(() => scrollTo({ top: 0 })); };
  on(input, "input", () => { clearTimeout(timer); timer = setTimeout(() => ask(`${read(form)}`), 120); });
  for (const part of [form, results]) on(part, "submit", (event) => { event.preventDefault(); go(read(event.target)); });
  on(results, "click", (event) => {
    const link = event.target.closest("a.again"), near = event.target.closest(".near");
    if (near) navigator.geolocation.getCurrentPosition(({ coords }) => {
      const values = read(near.form);
      values.set("lat", coords.latitude.toFixed(3));
      values.set("lng", coords.longitude.toFixed(3));
      values.set("sort", "distance");
      go(values);
    }, () => near.replaceWith(near.dataset.nowhere));
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go(new URL(link.href).search.slice(1));
  });
  const again = () => { fill(here()); ask(here()); };
  on(window, "popstate", again);
  on(window, "keydown", (event) => {
    const links = [...results.querySelectorAll(".hits h2 a")], at = links.indexOf(document.activeElement);
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); input.select(); input.focus(); }
    else if (event.key === "ArrowDown" && (at >= 0 || document.activeElement === input) && links[at + 1]) { event.preventDefault(); links[at + 1].focus(); }
    else if (event.key === "ArrowUp" && at >= 0) { event.preventDefault(); (links[at - 1] || input).focus(); }
  });
  form.after(said);
  dress();
  if (here() && !find(".found")) again();
  else if (!input.value) input.focus({ preventScroll: true });
})();
