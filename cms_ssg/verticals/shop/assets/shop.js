// A page that was rendered earlier learns what has changed since; the cart's page fills itself. Nothing here is needed to buy.
(() => {
  const page = document.querySelector("[data-shop]");
  if (page && page.dataset.shop === "cart" && !page.querySelector("table, .notice, form")) {
    fetch(`${page.dataset.action}?part=1&locale=${page.dataset.locale}`, { headers: { accept: "text/html" } })
      .then(async (answer) => { if (answer.headers.has("x-shop")) page.innerHTML = await answer.text(); })
      .catch(() => {});
  }
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
})();
