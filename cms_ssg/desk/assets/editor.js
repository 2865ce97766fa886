// The form of an entry: keeps what is typed, shows the page as it would be, says who else writes, uploads pictures. Without it the form works too.
"use strict";
const form = document.getElementById("entry");
const number = form.dataset.number, base = form.dataset.base, isSaved = number !== "0", isLocked = "readonly" in form.dataset;
const address = `${base}/desk/entries/${number}`;
const state = document.getElementById("state"), body = document.getElementById("body");
const encode = (more) => new URLSearchParams([...new FormData(form).entries()].filter(([, value]) => typeof value === "string").concat(Object.entries(more)));
let isDirty = false, leaving = false, isOut = false, keeping = null, looking = null;

let asked = 0, shown = 0; // numbers of requests: an answer that comes after that of a later one is old news

async function send(more, whole) {
  const turn = ++asked;
  const data = whole ? encode(more) : new URLSearchParams({ csrf: form.elements.csrf.value, ...more });
  const answer = await fetch(`${address}/keep`, { method: "POST", body: data });
  isOut = answer.status === 401;
  if (!answer.ok) throw new Error(isOut ? "You are signed out. Sign in in another tab; what you typed stays here." : `Not kept (${answer.status})`);
  return { ...(await answer.json()), turn };
}

async function keep() {
  keeping = null;
  try {
    show(await send({ do: "keep" }, true));
    isDirty = false;
    state.textContent = "Kept, not saved";
  } catch (error) {
    state.textContent = error instanceof TypeError ? "Offline: what you typed is only on this page" : error.message;
    keeping = setTimeout(keep, 5000);
  }
}

function show(told) {
  if (told.turn < shown) return;
  shown = told.turn;
  const notice = document.getElementById("presence"), holder = told.others.find((one) => one.holds);
  const version = Number(form.elements.version.value), names = told.others.map((one) => one.name);
  let text = "";
  if (holder) text = `${holder.name} is editing this. ${isLocked ? "" : "You can write too: both changes are merged. "}`;
  else if (names.length) text = `${names.join(", ")} ${names.length === 1 ? "has" : "have"} this open too. `;
  if (told.version > version && version) text += `Version ${told.version} was saved meanwhile${isLocked ? "" : "; yours will be merged with it"}. `;
  if (notice.dataset.said === text) return; // the focus may be on its button
  notice.dataset.said = text;
  notice.hidden = !text;
  notice.textContent = text;
  if (!holder || isLocked) return;
  const button = Object.assign(document.createElement("button"), { type: "button", id: "take", textContent: "Take over" });
  button.addEventListener("click", take);
  notice.append(button);
}
async function take() {
  const told = await send({ take: "yes" }, false).catch((error) => { state.textContent = error.message; });
  if (!told) return;
  show(told);
  body.focus();
}
document.getElementById("take")?.addEventListener("click", take);

// The preview: two frames take turns, so that the page does not flash
const frames = [...document.querySelectorAll(".preview iframe")], pane = document.querySelector(".preview");
let front = 0;
function look() {
  looking = null;
  if (pane.hidden || !isSaved || isOut) return;
  const to = frames[1 - front], data = Object.assign(document.createElement("form"), { method: "post", action: `${address}/preview`, target: to.name, hidden: true });
  for (const [name, value] of encode({})) data.append(Object.assign(document.createElement("textarea"), { name, value }));
  document.body.append(data);
  to.onload = () => { // one turn, however many previews were asked for before this one came
    to.onload = null;
    const from = frames[front];
    to.hidden = false;
    try { to.contentWindow.scrollTo(0, from.contentWindow.scrollY); } catch { /* another page was followed to */ }
    from.hidden = true;
    front = 1 - front;
    to.style.zIndex = 0;
  };
  to.hidden = false;
  to.style.zIndex = -1;
  frames[front].style.zIndex = 0;
  data.submit();
  data.remove();
}

form.addEventListener("input", () => {
  if (!isSaved || isLocked) return;
  isDirty = true;
  state.textContent = "…";
  keeping ??= setTimeout(keep, 1500);
  clearTimeout(looking);
  looking = setTimeout(look, 500);
});
form.addEventListener("submit", (event) => {
  if (isOut) { // the answer would be another page, and the text would be gone
    event.preventDefault();
    const by = event.submitter;
    return keep().then(() => { if (!isOut) form.requestSubmit(by); });
  }
  leaving = true;
  clearTimeout(keeping);
});
addEventListener("pagehide", () => { if (isDirty && !leaving) navigator.sendBeacon(`${address}/keep`, encode({ do: "keep" })); });
if (isSaved) setInterval(() => send({}, false).then(show, () => {}), 15000);

// Tools of the text, and the keyboard
function wrap(before, after = before, sample = "") {
  const { selectionStart: from, selectionEnd: to } = body, chosen = body.value.slice(from, to) || sample;
  body.focus();
  body.setRangeText(before + chosen + after, from, to, "end");
  if (!after || sample === chosen) body.setSelectionRange(from + before.length, from + before.length + chosen.length);
  body.dispatchEvent(new Event("input", { bubbles: true }));
}
function prefix(mark) {
  const at = body.value.lastIndexOf("\n", body.selectionStart - 1) + 1;
  body.focus();
  body.setRangeText(mark, at, at, "end");
  body.dispatchEvent(new Event("input", { bubbles: true }));
}
const tools = document.querySelector(".tools");
const TOOLS = [
  ["B", "Bold (Ctrl+B)", () => wrap("**", "**", "bold")], ["I", "Italic (Ctrl+I)", () => wrap("*", "*", "italic")],
  ["Link", "Link (Ctrl+K)", () => wrap("[", "](https://)", "text")], ["Heading", "Heading", () => prefix("## ")],
  ["List", "List", () => prefix("- ")], ["Quote", "Quote", () => prefix("> ")], ["Picture", "Upload a picture into the text", () => picker.click()],
];
for (const [text, title, run] of isLocked ? [] : TOOLS) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text, title });
  button.addEventListener("click", run);
  tools.append(button);
}
const toggle = Object.assign(document.createElement("button"), { type: "button", textContent: "Preview", title: "Preview (Ctrl+P)" });
toggle.setAttribute("aria-pressed", "false");
toggle.addEventListener("click", () => {
  pane.hidden = !pane.hidden;
  toggle.setAttribute("aria-pressed", String(!pane.hidden));
  try { localStorage.setItem("cms-desk-preview", pane.hidden ? "no" : "yes"); } catch { /* a private window */ }
  look();
});
if (isSaved) tools.append(toggle);
tools.hidden = false;
// Ctrl+S saves; where nothing may be saved without an approval it keeps the text, and asks nobody
function save() {
  const button = form.querySelector('button[value="save"]');
  if (button) form.requestSubmit(button);
  else if (!isLocked) { clearTimeout(keeping); keep(); }
}
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase(), inBody = document.activeElement === body && !isLocked;
  const run = key === "s" ? save : key === "p" && isSaved ? () => toggle.click()
    : inBody && key === "b" ? TOOLS[0][2] : inBody && key === "i" ? TOOLS[1][2] : inBody && key === "k" ? TOOLS[2][2] : null;
  if (run) { event.preventDefault(); run(); }
});
let wanted = matchMedia("(min-width: 70rem)").matches;
try { wanted = (localStorage.getItem("cms-desk-preview") ?? (wanted ? "yes" : "no")) === "yes"; } catch { /* a private window */ }
if (isSaved && wanted) toggle.click();

// Pictures: uploaded, shown, and the point that stays in sight when they are cut
const picker = Object.assign(document.createElement("input"), { type: "file", accept: "image/*", hidden: true });
form.append(picker);
async function upload(file) {
  const headers = { "X-CSRF": form.elements.csrf.value };
  state.textContent = `Uploading ${file.name} …`;
  const answer = await fetch(`${base}/desk/images?${new URLSearchParams({ name: file.name })}`, { method: "POST", body: file, headers });
  const told = await answer.json();
  state.textContent = answer.ok ? `Uploaded ${told.path}` : `${told.detail}. ${told.hint ?? ""}`;
  return answer.ok ? told.path : "";
}
picker.addEventListener("change", async () => {
  const path = picker.files[0] && await upload(picker.files[0]);
  if (path) wrap("![", `](${path})`, "What it shows");
  picker.value = "";
});
for (const chooser of document.querySelectorAll("input[data-upload]")) {
  const input = form.elements[chooser.dataset.upload], picture = document.querySelector(`.picture[data-for="${chooser.dataset.upload}"]`);
  const image = picture.querySelector("img"), dot = picture.querySelector("i"), focus = form.elements[picture.dataset.focus];
  const place = () => {
    const found = (focus?.value || "50% 50%").match(/[\d.]+/g) ?? [50, 50];
    [dot.style.left, dot.style.top] = [`${found[0]}%`, `${found[1]}%`];
  };
  const draw = () => {
    picture.hidden = true;
    if (input.value.startsWith("/") || /^https?:/.test(input.value)) image.src = input.value.startsWith("/pictures/") ? `${base}/desk/images${input.value}` : base.concat(input.value).replace(/^.*(https?:)/, "$1");
    place();
  };
  image.addEventListener("load", () => { picture.hidden = false; });
  chooser.hidden = isLocked;
  chooser.addEventListener("change", async () => {
    const path = chooser.files[0] && await upload(chooser.files[0]);
    if (path) { input.value = path; input.dispatchEvent(new Event("input", { bubbles: true })); draw(); }
    chooser.value = "";
  });
  input.addEventListener("change", draw);
  picture.addEventListener("click", (event) => {
    if (!focus || isLocked) return;
    event.preventDefault();
    const box = image.getBoundingClientRect();
    focus.value = `${Math.round((event.clientX - box.left) / box.width * 100)}% ${Math.round((event.clientY - box.top) / box.height * 100)}%`;
    focus.dispatchEvent(new Event("input", { bubbles: true }));
    place();
  });
  focus?.addEventListener("input", place);
  draw();
}
