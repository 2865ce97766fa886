// Votes on reviews: shows their counts and sends one without leaving the page. Without this script the forms work by themselves.
(() => {
  const box = document.querySelector("[data-reviews]");
  const shown = box && [...box.querySelectorAll("[data-review]")];
  if (!shown?.length || !window.fetch) return;
  const { reviews: api, path } = box.dataset;
  const write = (node, count) => { node.dataset.count = count; node.textContent = count ? ` (${count})` : ""; };
  const load = async (offset) => {
    const answer = await fetch(`${api}?path=${encodeURIComponent(path)}&limit=100&offset=${offset}`);
    if (!answer.ok) return;
    const data = await answer.json();
    const left = shown.filter((review) => {
      const found = data.reviews.find((one) => one.id === review.dataset.review);
      if (!found) return true;
      write(review.querySelector(".votes-for"), found.helpful);
      write(review.querySelector(".votes-against"), found.not_helpful);
      return false;
    });
    if (left.length && data.reviews.length === 100 && offset < 1000) load(offset + 100);
  };
  if (path) load(0).catch(() => {});
  for (const form of box.querySelectorAll("form.votes")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = event.submitter, count = button.querySelector("span");
      try {
        const answer = await fetch(button.getAttribute("formaction") || form.action, { method: "POST" });
        if (!answer.ok) throw new Error(answer.status);
        for (const other of form.elements) other.disabled = true;
        if (count) write(count, Number(count.dataset.count || 0) + 1);
        const said = document.getElementById(count ? "review-counted" : "review-reported");
        if (said) button.after(Object.assign(document.createElement("small"), { textContent: said.textContent, role: "status" }));
      } catch { form.submit(); }
    });
  }
})();
