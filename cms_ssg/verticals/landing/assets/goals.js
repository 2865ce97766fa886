// Tells once that a variant was shown, and that a goal was reached: data-goal on a link, button or form, or <meta name="goal">.
(() => {
  const { api, keep } = document.currentScript.dataset, KEY = 'cms.experiments';
  const page = document.querySelector('script[data-experiment]');
  let store, kept;
  try { store = window[keep + 'Storage']; kept = JSON.parse(store.getItem(KEY)) || {}; } catch { return; }
  const save = () => { try { store.setItem(KEY, JSON.stringify(kept)); } catch {} };
  const post = (path, value) => fetch(api + path, { method: 'POST', body: JSON.stringify(value), keepalive: true, headers: { 'Content-Type': 'application/json' } });

  const expose = async () => {
    if (!page || location.pathname !== page.dataset.home) return; // a preview counts for nothing
    const { experiment: name, variant, run, choose, goals } = page.dataset;
    let mine = kept[name];
    if (choose === 'edge' && (!mine || mine.v !== variant || mine.r !== run)) mine = kept[name] = { v: variant, r: run };
    if (!mine || mine.v !== variant || mine.t) return;
    mine.i = mine.i || [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('');
    mine.g = goals.split(' ');
    save();
    const answer = await post(name + '/exposures', { variant, visit: mine.i });
    if (answer.status === 201) { mine.t = (await answer.json()).ticket; save(); }
  };
  const shown = expose().catch(() => {});

  const reach = async goal => {
    await shown;
    for (const [name, mine] of Object.entries(kept)) {
      if (!mine.t || !mine.g.includes(goal) || (mine.d = mine.d || []).includes(goal)) continue;
      mine.d.push(goal);
      save();
      post(name + '/conversions', { ticket: mine.t, goal }).catch(() => {});
    }
  };
  addEventListener('click', event => {
    const found = event.target.closest && event.target.closest('a[data-goal], button[data-goal]');
    if (found) reach(found.dataset.goal);
  });
  const forms = new URL(api + '../forms/', location).href;
  addEventListener('submit', event => {
    const form = event.target, { goal } = form.dataset;
    if (!goal) return;
    if (!new URL(form.getAttribute('action') || '', location).href.startsWith(forms)) return reach(goal);
    for (const old of form.querySelectorAll('[name=_goal]')) old.remove(); // the server counts it once it accepted the form
    for (const [name, mine] of Object.entries(kept)) {
      if (mine.t && mine.g.includes(goal)) form.append(Object.assign(document.createElement('input'), { type: 'hidden', name: '_goal', value: [name, goal, mine.t].join(' ') }));
    }
  });
  for (const meta of document.querySelectorAll('meta[name="goal"]')) reach(meta.content);
  for (const mark of document.querySelectorAll('[data-goal-reached]')) reach(mark.dataset.goalReached);
})();
