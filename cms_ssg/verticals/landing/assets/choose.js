// Picks a variant before paint.
(() => {
  const { experiment: name, variant, home, choices, keep, choose, run } = document.currentScript.dataset, tail = location.search + location.hash;
  let store, kept = {};
  if (location.pathname !== home) return history.replaceState(null, '', home + tail);
  if (choose !== 'script') return;
  try { store = window[keep + 'Storage']; kept = JSON.parse(store.getItem('cms.experiments')) || {}; } catch {}
  const all = choices.split(' ').map(one => one.split('|')), was = kept[name] || {};
  let mine = was.r === run && all.find(one => one[0] === was.v && +one[1]);
  if (!mine) {
    if (!store || /bot|crawl|spider/i.test(navigator.userAgent)) return;
    let at = Math.random() * all.reduce((sum, one) => sum + +one[1], 0);
    mine = all.find(one => (at -= one[1]) < 0);
    kept[name] = { v: mine[0], r: run };
    try { store.setItem('cms.experiments', JSON.stringify(kept)); } catch { return; }
  }
  if (mine[0] !== variant) location.replace(mine[2] + tail);
})();
