// A page that was rendered earlier learns what has changed since; the cart's page fills itself. Nothing here is needed to buy.
(() => {
  const page = document.querySelector("[data-shop]");
  if (page && page.dataset.shop === "cart" && !page.querySelector("table, .notice, form")) {
    fetch(`${page.dataset.action}?part=1&locale=${page.dataset.locale}`, { headers: { accept: "text/html" } })
      .then(async (answer) => { if (answer.headers.has("x-shop")) page.innerHTML = await answer.text(); })
      .catch(() => {});
  }
  if (page && page.dataset.shop === "checkout") checkOut(page);
  const state = document.querySelector("p.state[data-state]"), price = document.querySelector("p.price[data-sku]");
  const form = document.querySelector("form.add");
  if (!state || !price || (form && form.elements.sku.tagName === "SELECT")) return;
  const api = form ? form.action.replace(/carts\/mine\/lines$/, "products/") : "/api/products/";
  fetch(api + encodeURIComponent(price.dataset.sku)).then((answer) => (answer.ok ? answer.json() : null)).then((now) => {
    if (!now) return;
    if (String(now.price) !== price.dataset.amount) {
      const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: now.currency });
      price.querySelector("del")?.remove();
      price.querySelector("strong").textContent = money.format(now.price / 10 ** money.resolvedOptions().maximumFractionDigits);
      price.dataset.amount = now.price;
    }
    if (now.state === state.dataset.state) return;
    state.classList.replace(state.dataset.state, now.state);
    state.textContent = state.getAttribute(`data-${now.state.replaceAll("_", "-")}`);
    state.dataset.state = now.state;
    if (form && !now.can_buy) form.hidden = true;
  }).catch(() => {});

  // The form is sent without leaving the page, so that going back finds no page that would be sent again, and nothing that was typed is lost.
  function checkOut(page) {
    const name = "checkout", find = () => page.querySelector("form.checkout");
    const keep = () => {
      const form = find();
      if (form) sessionStorage.setItem(name, JSON.stringify([...new FormData(form)].filter(([key]) => !["key", "version", "country"].includes(key))));
    };
    const restore = () => {
      const form = find();
      for (const [key, value] of JSON.parse((form && sessionStorage.getItem(name)) || "[]")) {
        const field = form.elements[key];
        if (!field) continue;
        if (field.type === "checkbox") field.checked = true;
        else if (!field.value || field instanceof RadioNodeList) field.value = value;
      }
      if (form && [...form.querySelectorAll("details input")].some((field) => field.value)) form.querySelector("details").open = true;
    };
    try { restore(); page.addEventListener("input", keep); } catch { /* Nothing is kept where the browser keeps nothing. */ }
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
    page.addEventListener("change", (event) => {
      if (event.target.name === "country") find().requestSubmit(event.target.form.querySelector("button[value=country]"));
    });
    page.addEventListener("submit", async (event) => {
      const form = find();
      if (event.target !== form) return;
      event.preventDefault();
      if (form.ariaBusy === "true") return;
      form.ariaBusy = "true";
      const changed = event.submitter?.name === "change";
      try {
        const answer = await fetch(`${form.action}?part=1`, {
          method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)), headers: { accept: "text/html" },
        });
        const next = answer.headers.get("x-next");
        if (next) {
          try { sessionStorage.removeItem(name); } catch { /* Nothing was kept. */ }
          location.assign(next);
          return;
        }
        if (!answer.headers.has("x-shop")) throw new Error(answer.status);
        page.innerHTML = await answer.text();
        const target = changed ? page.querySelector("#f-country") : page.querySelector("[autofocus]") || page.querySelector(".notice");
        if (target?.matches(".notice")) target.tabIndex = -1;
        target?.focus();
      } catch {
        form.ariaBusy = "false";
        let said = form.querySelector(".offline");
        if (!said) form.prepend(said = Object.assign(document.createElement("p"), { className: "notice offline", role: "alert", tabIndex: -1 }));
        said.textContent = form.dataset.offline;
        said.focus();
      }
    });
  }
})();
