// Picks a variant before paint.
(() => {
const { experiment, variant, home, choices, keep, choose, run } = document.currentScript.dataset;
const all = choices.split(' ').map(one => one.split('|')), here = location.pathname, tail = location.search + location.hash;
if (all.some(one => one[0] === variant && one[2] === here)) history.replaceState(null, '', home + tail);
if (here !== home || choose !== 'script' || /bot|crawl|spider/i.test(navigator.userAgent)) return;
try {
  const store = window[keep + 'Storage'], kept = JSON.parse(store.getItem('cms.experiments')) || {}, was = kept[experiment] || {};
  let mine = was.r === run && all.find(one => one[0] === was.v && +one[1]);
  if (!mine) {
    let at = Math.random() * all.reduce((sum, one) => sum + +one[1], 0);
    mine = all.find(one => (at -= one[1]) < 0);
    kept[experiment] = { v: mine[0], r: run };
    store.setItem('cms.experiments', JSON.stringify(kept));
  }
  if (mine[0] !== variant) location.replace(mine[2] + tail);
} catch {}
})();
