// A Worker before an R2 bucket. What a page is and where old paths lead is as the site was last built.
/* data */

const PATHS = { __proto__: null, ...SITE.answers };
const FILES = new Set(SITE.files);

/** Which object a path means. The key of a page ends in a slash, whether the visitor wrote it or not. */
function nameKey(path) {
  const last = path.slice(path.lastIndexOf("/") + 1);
  if (last === "index.html") return path.slice(0, -10);
  return last === "" || /.\.[A-Za-z][A-Za-z0-9]{0,9}$/.test(last) || FILES.has(path) ? path : path + "/";
}

/** Which page to answer with where several are under test: by the visitor's address and browser, so that it lasts without a cookie. */
function choose(path, visitor) {
  const split = SITE.splits[path];
  if (!split) return path;
  const text = split[0] + visitor;
  let hash = 2166136261; // FNV-1a, then mixed once more
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  hash = Math.imul(hash ^ (hash >>> 15), 2246822507);
  let at = 0;
  for (let i = 0; i < split[1].length; i++) at += split[1][i][1];
  at *= ((hash ^ (hash >>> 13)) >>> 0) / 4294967296;
  for (let i = 0; i < split[1].length; i++) if ((at -= split[1][i][1]) < 0) return split[1][i][0];
  return path;
}

function answer(status, body, headers) {
  const all = new Headers(headers);
  for (const [name, value] of SITE.headers) all.set(name, value);
  if (SITE.policy && (all.get("content-type") || "").startsWith("text/html")) all.set(SITE.policyHeader, SITE.policy);
  const encodeBody = all.has("content-encoding") ? "manual" : "automatic"; // it is stored as it is sent
  return new Response(body, { status, headers: all, encodeBody });
}

function redirect(location, search) {
  const headers = { "cache-control": SITE.pages, location: /[?#]/.test(location) ? location : location + search };
  return answer(301, null, headers);
}

async function missing(env, path, status) {
  const page = SITE.missing.find(([start]) => path.startsWith(start))[1];
  const object = await env.BUCKET.get(SITE.prefix + page.slice(1));
  const headers = { "cache-control": "public, max-age=0, s-maxage=60", "content-type": "text/html; charset=utf-8" };
  if (object === null) return answer(status, "<!doctype html><title>Not found</title><h1>Not found</h1>", headers);
  if (object.httpMetadata && object.httpMetadata.contentEncoding) headers["content-encoding"] = object.httpMetadata.contentEncoding;
  return answer(status, object.body, headers);
}

async function find(request, env, context) {
  const url = new URL(request.url);
  let path;
  try {
    path = decodeURIComponent(url.pathname);
  } catch {
    return answer(400, "Bad request\n", { "content-type": "text/plain; charset=utf-8" });
  }
  const base = decodeURIComponent(SITE.base);
  if (path === base) return redirect(SITE.base + "/", url.search);
  if (!path.startsWith(base + "/")) return missing(env, "/", 404);
  path = path.slice(base.length);
  if (/\/\.(?!well-known\/)/.test(path)) return missing(env, path, 404);
  const key = nameKey(path);
  const found = PATHS[key];
  if (found === "410") return missing(env, path, 410);
  if (found) return redirect(found, url.search);
  if (key !== path && !path.endsWith("/index.html")) return redirect(SITE.base + encodeURI(key), url.search);

  const shown = choose(key, (request.headers.get("cf-connecting-ip") || "") + (request.headers.get("user-agent") || ""));

  const preview = path.startsWith(SITE.previews); // for whoever has the address: neither cached nor indexed

  // The cache knows a page by its own address, without a query, so that purging that address reaches it.
  const address = url.origin + (shown === key ? url.pathname : SITE.base + encodeURI(shown));
  const name = new Request(address, { headers: request.headers });
  const kept = preview ? undefined : await caches.default.match(name);
  if (kept) return kept;
  const object = await env.BUCKET.get(SITE.prefix + shown.slice(1) + (shown.endsWith("/") ? "index.html" : ""));
  if (object === null) return missing(env, path, 404);
  const headers = new Headers();
  object.writeHttpMetadata(headers);
  headers.set("etag", object.httpEtag);
  if (preview) for (const [name, value] of SITE.previewHeaders) headers.set(name, value);
  const response = answer(200, object.body, headers);
  if (!preview) context.waitUntil(caches.default.put(address, response.clone()));
  if (request.headers.get("if-none-match") === object.httpEtag) return new Response(null, { status: 304, headers: response.headers });
  return response;
}

export default {
  async fetch(request, env, context) {
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, null, { allow: "GET, HEAD" });
    if (SITE.secure && request.url.startsWith("http:")) return redirect("https:" + request.url.slice(5), "");
    const response = await find(request, env, context);
    return request.method === "HEAD" ? new Response(null, response) : response;
  },
};
