// The search page: asks the API and shows what it answers. Texts come from the page; everything is put in as text.
(() => {
  const form = document.querySelector("form.find[data-api]"), found = document.getElementById("found");
  if (!form || !found || !window.fetch) return;
  const said = form.dataset, facets = ["category", "country", "state", "city", "tier"];
  let chosen = {}, place = null, offset = 0, running, timer;
  const make = (name, values = {}, ...children) => {
    const node = Object.assign(document.createElement(name), values);
    node.append(...children.filter((child) => child !== null && child !== ""));
    return node;
  };
  const put = (values, name, value) => facets.includes(name) ? values.set(name, value) : values.append("facet", `${name}/${value}`);
  const name_of = (facet) => said[facet] || facet[0].toUpperCase() + facet.slice(1).replaceAll("_", " ");
  const query = () => {
    const values = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    for (const [name, value] of Object.entries(chosen)) put(values, name, value);
    if (place) { values.set("lat", place[0]); values.set("lng", place[1]); } else values.delete("radius");
    return values;
  };
  const show = (one) => {
    const meta = make("p", { className: "meta" });
    if (one.rating_count) meta.append(make("span", { className: "stars", textContent: `★ ${one.rating_avg.toFixed(1)} (${one.rating_count})` }));
    if (one.distance_km !== null) meta.append(make("span", { textContent: `${one.distance_km < 10 ? one.distance_km.toFixed(1) : Math.round(one.distance_km)} km` }));
    if (one.open !== null) meta.append(make("span", { textContent: one.open ? said.open : said.shut }));
    const where = [one.address, one.city, one.state, one.country].filter(Boolean).join(", ");
    return make("li", { className: "result" }, make("article", {},
      make("h2", {}, make("a", { href: one.url, textContent: one.title })), meta.childNodes.length ? meta : null,
      where ? make("p", { textContent: where }) : null, one.summary ? make("p", { textContent: one.summary }) : null));
  };
  const narrow = (answer) => {
    const box = make("details", { className: "facets", open: matchMedia("(min-width: 56rem)").matches }, make("summary", { textContent: said.filters }));
    for (const name of new Set([...facets, ...Object.keys(answer.facets)])) {
      const values = (answer.facets[name] || []).filter((one) => one.value !== chosen[name]).slice(0, 12);
      if (values.length < 2 && !chosen[name]) continue;
      const list = make("ul");
      for (const one of values) {
        const next = query();
        put(next, name, one.value);
        const link = make("a", { href: `?${next}`, textContent: one.title, rel: "nofollow" });
        link.addEventListener("click", (event) => { event.preventDefault(); chosen[name] = one.value; ask(true); });
        list.append(make("li", {}, link, " ", make("span", { textContent: one.count })));
      }
      if (list.childNodes.length) box.append(make("section", {}, make("h2", { textContent: name_of(name) }), list));
    }
    return box.childNodes.length > 1 ? box : null;
  };
  const ask = async (keep, more = false) => {
    running?.abort();
    const mine = running = new AbortController(), values = query();
    offset = more ? offset + 20 : 0;
    found.setAttribute("aria-busy", "true");
    if (keep) history.pushState(null, "", `?${values}`);
    try {
      const answer = await fetch(`${said.api}?${values}&locale=${said.locale}&offset=${offset}`, { signal: mine.signal });
      if (answer.status === 422 && (place || Object.keys(chosen).length)) { // an address with what the directory does not have, any more
        chosen = {}; place = null;
        return ask(keep);
      }
      if (!answer.ok) throw new Error(answer.status);
      const data = await answer.json();
      if (more) { found.querySelector(".hits").append(...data.listings.map(show)); found.querySelector(".pager")?.remove(); }
      else {
        const chips = make("ul", { className: "chips chosen" });
        for (const [name, value] of Object.entries(chosen)) {
          const title = (data.facets[name] || []).find((one) => one.value === value)?.title || value;
          const chip = make("a", { href: "?", textContent: `${title} ×` });
          chip.addEventListener("click", (event) => { event.preventDefault(); delete chosen[name]; ask(true); });
          chips.append(make("li", {}, chip));
        }
        if (place) {
          const chip = make("a", { href: "?", textContent: `${form.querySelector(".near").textContent} ×` });
          chip.addEventListener("click", (event) => { event.preventDefault(); place = null; form.elements.sort.value = ""; ask(true); });
          chips.append(make("li", {}, chip));
        }
        found.replaceChildren(make("p", { className: "quiet", textContent: data.total ? said.results.replace("#", data.total) : said.nothing }),
          ...(chips.childNodes.length ? [chips] : []),
          make("div", { className: "found" }, narrow(data), make("div", {}, make("ol", { className: "hits" }, ...data.listings.map(show)))));
      }
      if (data.total > offset + 20) {
        const next = make("button", { type: "button", textContent: said.more });
        next.addEventListener("click", () => ask(false, true));
        found.querySelector(".found > div").append(make("p", { className: "pager find" }, next));
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      found.replaceChildren(make("p", { className: "notice", textContent: said.offline }));
    }
    if (running === mine) found.removeAttribute("aria-busy");
  };
  const read = () => {
    const values = new URLSearchParams(location.search);
    form.elements.q.value = values.get("q") || "";
    form.elements.sort.value = values.get("sort") || "";
    form.elements.radius.value = values.get("radius") || "";
    form.elements.open_now.checked = values.get("open_now") === "true";
    chosen = Object.fromEntries(facets.filter((name) => values.get(name)).map((name) => [name, values.get(name)]));
    for (const facet of values.getAll("facet")) chosen[facet.split("/")[0]] = facet.slice(facet.indexOf("/") + 1);
    place = values.get("lat") && values.get("lng") ? [values.get("lat"), values.get("lng")] : null;
    ask(false);
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); ask(true); });
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => ask(false), 150); });
  form.querySelector(".near").addEventListener("click", () => {
    navigator.geolocation?.getCurrentPosition((at) => {
      place = [at.coords.latitude.toFixed(5), at.coords.longitude.toFixed(5)];
      form.elements.sort.value = "distance";
      ask(true);
    }, () => found.replaceChildren(make("p", { className: "notice", textContent: said.nowhere })));
  });
  addEventListener("popstate", read);
  read();
})();
