// Keeps updates on this device until the server has them: each has an id, so that one that is sent twice is posted once.
(() => {
  const form = document.getElementById("post"), told = document.getElementById("waiting");
  const place = `desk ${location.pathname}`, read = () => { try { return JSON.parse(localStorage[place] || "[]"); } catch { return []; } };
  let waiting = read(), busy, timer;
  const makeId = () => {
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 15) | 64; b[8] = (b[8] & 63) | 128;
    return [...b].map((x, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + x.toString(16).padStart(2, "0")).join("");
  };
  const keep = () => { try { localStorage[place] = JSON.stringify(waiting); } catch {} };
  const say = (text) => { told.textContent = text; told.hidden = !text; };
  const count = () => `${waiting.length} ${waiting.length === 1 ? "update waits" : "updates wait"} on this device`;
  const swap = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const id of ["state", "updates"]) {
      const now = document.getElementById(id), next = page.getElementById(id);
      if (next && !now.querySelector("details[open]")) now.replaceWith(next);
    }
    return page;
  };
  const send = async () => {
    clearTimeout(timer);
    if (busy || !form) return;
    busy = true;
    while (waiting.length) {
      let answer, text;
      try {
        answer = await fetch(form.action, { method: "POST", body: new URLSearchParams({ ...waiting[0], csrf: form.csrf.value }) });
        text = await answer.text();
      } catch { answer = null; }
      if (!answer || answer.status >= 500 || answer.status === 429) { say(`${count()}. ${waiting.length === 1 ? "It is" : "They are"} sent when there is a connection.`); timer = setTimeout(send, 5000); break; }
      if (answer.status === 401 || answer.status === 403) { say(`${count()}. Sign in again in another tab, then reload this page: nothing is lost.`); break; }
      const sent = waiting.shift();
      keep();
      if (answer.ok) { swap(text); say(""); continue; }
      form.markdown.value = form.markdown.value || sent.markdown;
      say(swap(text).querySelector(".wrong")?.textContent || `The server refused the update (${answer.status}).`);
    }
    busy = false;
  };
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const { csrf, ...sent } = Object.fromEntries(new FormData(form));
    waiting.push({ ...sent, id: makeId() });
    keep();
    const author = form.author.value;
    form.reset();
    form.author.value = author;
    try { localStorage.author = author; } catch {}
    form.markdown.focus();
    say(`${count()}.`);
    send();
  });
  document.addEventListener("submit", (event) => { if ("ask" in event.target.dataset && !confirm("Delete this update from every page?")) event.preventDefault(); });
  addEventListener("online", send);
  if (form && localStorage.author) form.author.value = localStorage.author;
  if (waiting.length) { say(`${count()}.`); send(); }
  setInterval(async () => { // what colleagues posted
    if (document.hidden || busy || waiting.length) return;
    try { const answer = await fetch(location.href); if (answer.ok && !answer.redirected) swap(await answer.text()); } catch {}
  }, 15000);
})();
