// Tells the site's API that this page was read: no cookie, nothing kept of who reads.
(() => {
  const to = document.currentScript.dataset.to;
  const tell = () => navigator.sendBeacon(to, JSON.stringify({ path: decodeURIComponent(location.pathname) }));
  if (!navigator.sendBeacon) return;
  if (document.prerendering) document.addEventListener("prerenderingchange", tell, { once: true }); else tell();
})();
