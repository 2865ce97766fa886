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
  if (state && price) keepFresh(document.querySelector("form.add"));

  // Price and stock as they are now, of the product or of the variation that is chosen. What is shown changes only where it is not true any more.
  function keepFresh(form) {
    const menu = form?.elements.sku.tagName === "SELECT" ? form.elements.sku : null, button = form?.querySelector("button");
    const api = form ? form.action.replace(/carts\/mine\/lines$/, "products/") : "/api/products/";
    const say = (name) => state.getAttribute(`data-${name.replaceAll("_", "-")}`);
    const format = (amount, currency) => {
      const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency });
      return money.format(amount / 10 ** money.resolvedOptions().maximumFractionDigits);
    };
    const showPrice = (amount, was) => {
      const del = price.querySelector("del"), currency = price.dataset.currency;
      if (del && !was) del.remove();
      else if (was) {
        const shown = del || price.insertBefore(document.createElement("del"), price.firstChild);
        shown.replaceChildren(...shown.querySelectorAll(".hide"), format(was, currency));
        shown.after(" ");
      }
      price.querySelector("strong").textContent = format(amount, currency);
    };
    const showState = (name) => {
      state.classList.replace(state.dataset.state, name);
      state.textContent = say(name);
      state.dataset.state = name;
    };
    const showChosen = ({ dataset }) => {
      showPrice(dataset.amount, dataset.was);
      showState(dataset.state);
      button.disabled = dataset.state === "out_of_stock";
    };
    const update = (option, now) => {
      const { amount, was = "", state: before } = option.dataset, next = [now.price ?? amount, now.was ?? ""].map(String);
      if (next[0] === amount && next[1] === was && now.state === before) return;
      const label = option.text.split(" · ").slice(0, before === "in_stock" ? -1 : -2);
      Object.assign(option.dataset, { amount: next[0], was: next[1], state: now.state });
      option.text = [...label, format(next[0], price.dataset.currency), ...(now.state === "in_stock" ? [] : [say(now.state)])].join(" · ");
      if (menu.selectedOptions[0] === option) showChosen(option);
    };
    let asked;
    const ask = (sku, then) => {
      asked?.abort();
      asked = new AbortController();
      fetch(api + encodeURIComponent(sku), { signal: asked.signal }).then((answer) => answer.json()).then((now) => {
        if (now.code === "shop.no-sku") then({ state: "out_of_stock", can_buy: false });
        else if (now.sku) then(now);
      }).catch(() => {});
    };
    const askChosen = () => { const [option] = menu.selectedOptions; if (option) ask(option.value, (now) => update(option, now)); };
    if (menu) {
      if (menu.dataset.names && menu.options.length > 12) splitMenu(menu);
      menu.addEventListener("change", () => { showChosen(menu.selectedOptions[0]); askChosen(); });
      addEventListener("pageshow", askChosen);
      return;
    }
    ask(price.dataset.sku, (now) => {
      if (now.price !== undefined && String(now.price) !== price.dataset.amount) {
        showPrice(now.price, now.was);
        price.dataset.amount = now.price;
      }
      if (now.state !== state.dataset.state) showState(now.state);
      if (form && !now.can_buy) form.hidden = true;
    });
  }

  // Among many variations, one is found by a menu for each attribute. The whole menu stays in the form, which sends its value.
  function splitMenu(menu) {
    const all = [...menu.options].map((option) => ({ option, values: JSON.parse(option.dataset.values) })), field = menu.closest(".field");
    const menus = JSON.parse(menu.dataset.names).map((name, place) => {
      const one = Object.assign(document.createElement("select"), { id: `variation-${place}` }), its = field.cloneNode(false);
      its.append(Object.assign(document.createElement("label"), { htmlFor: one.id, textContent: name }), one);
      for (const value of new Set(all.map(({ values }) => values[place]))) one.add(new Option(value));
      field.before(its);
      return one;
    });
    // What cannot be had together with what is chosen before it cannot be chosen.
    const show = () => {
      const chosen = all[menu.selectedIndex]?.values;
      if (chosen) menus.forEach((one, place) => {
        const some = new Set(all.filter(({ option, values }) => !option.disabled && chosen.slice(0, place).every((value, k) => value === values[k])).map(({ values }) => values[place]));
        for (const option of one.options) option.disabled = !some.has(option.value);
        one.value = chosen[place];
      });
    };
    menus.forEach((one, place) => one.addEventListener("change", () => {
      const wanted = menus.map(({ value }) => value), fits = ({ values }) => values.filter((value, k) => value === wanted[k]).length;
      const able = all.filter(({ option, values }) => !option.disabled && values.slice(0, place + 1).every((value, k) => value === wanted[k]));
      if (able.length) able.reduce((best, other) => (fits(other) > fits(best) ? other : best)).option.selected = true;
      show();
      menu.dispatchEvent(new Event("change", { bubbles: true }));
    }));
    addEventListener("pageshow", show);
    show();
    field.hidden = true;
  }

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
