// Runs before the page is painted: picks a variant once, keeps the choice, and goes to the page of the variant.
(() => {
  const { experiment: name, variant, home, choices, keep, choose } = document.currentScript.dataset;
  const here = location.pathname === home, tail = location.search + location.hash;
  let store, kept = {};
  try { store = window[keep + 'Storage']; kept = JSON.parse(store.getItem('cms.experiments')) || {}; } catch {}
  if (choose !== 'script' || !here) {
    if (!here) history.replaceState(null, '', home + tail);
    return;
  }
  const all = choices.split(' ').map(one => one.split(':'));
  let mine = all.find(one => one[0] === (kept[name] || {}).v && +one[1]);
  if (!mine) {
    if (!store || /bot|crawl|spider|slurp/i.test(navigator.userAgent)) return;
    let at = Math.random() * all.reduce((sum, one) => sum + +one[1], 0);
    mine = all.find(one => (at -= +one[1]) < 0) || all[0];
    kept[name] = { v: mine[0] };
    try { store.setItem('cms.experiments', JSON.stringify(kept)); } catch { return; }
  }
  if (mine[0] !== variant) location.replace(mine[2] + tail);
})();
