// Results while one types, from the same address as without a script. Nothing here is needed to search.
(() => {
  const form = document.querySelector("form.search"), results = document.getElementById("results");
  if (!form || !results || !window.fetch) return;
  const input = form.elements.q, small = matchMedia("(max-width: 55.99rem)");
  let timer, running;
  const shut = () => { const facets = results.querySelector(".facets"); if (facets && small.matches) facets.open = false; };
  const ask = async (query, keep) => {
    running?.abort();
    const mine = running = new AbortController();
    results.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${form.action}?${query}${query ? "&" : ""}part=results`, { signal: mine.signal });
      const type = answer.headers.get("content-type") || "";
      if (!type.startsWith("text/html") || !answer.headers.has("x-search")) throw new Error(answer.status);
      results.innerHTML = await answer.text();
      shut();
      const address = form.action + (query ? `?${query}` : "");
      if (keep) history.pushState({ query }, "", address); else history.replaceState({ query }, "", address);
    } catch (error) {
      if (error.name === "AbortError") return;
      results.innerHTML = '<p class="notice" role="status"></p>';
      results.firstChild.textContent = form.dataset.offline;
    }
    if (running === mine) results.removeAttribute("aria-busy");
  };
  const read = () => new URLSearchParams([...new FormData(form)].filter(([, value]) => value)).toString();
  const fill = (query) => {
    const values = new URLSearchParams(query);
    input.value = values.get("q") || "";
    form.querySelectorAll("[type=hidden]").forEach((field) => field.remove());
    for (const [name, value] of values) if (!["q", "page"].includes(name)) {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name, value });
      form.append(field);
    }
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => ask(read()), 120); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); ask(read(), true); });
  results.addEventListener("click", (event) => {
    const link = event.target.closest("a.again");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const query = new URL(link.href).search.slice(1);
    fill(query);
    ask(query, true).then(() => scrollTo({ top: 0 }));
  });
  addEventListener("popstate", () => { fill(location.search.slice(1)); ask(location.search.slice(1)); });
  addEventListener("keydown", (event) => {
    const links = [...results.querySelectorAll(".hits h2 a")], at = links.indexOf(document.activeElement);
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); input.select(); input.focus(); }
    else if (event.key === "ArrowDown" && (at >= 0 || document.activeElement === input) && links[at + 1]) { event.preventDefault(); links[at + 1].focus(); }
    else if (event.key === "ArrowUp" && at >= 0) { event.preventDefault(); (links[at - 1] || input).focus(); }
  });
  shut();
  if (location.search.length > 1 && !results.querySelector(".found")) { fill(location.search.slice(1)); ask(location.search.slice(1)); }
  else if (!input.value) input.focus({ preventScroll: true });
})();
