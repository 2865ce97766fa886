/* import */
/* data */

// Which object a path means. The key of a page ends in a slash, whether the visitor wrote it or not.
function nameKey(path) {
  const last = path.slice(path.lastIndexOf('/') + 1);
  if (last === 'index.html') return path.slice(0, -10);
  return last === '' || /.\.[A-Za-z][A-Za-z0-9]{0,9}$/.test(last) || FILES[path] ? path : path + '/';
}

// Which page to answer with where several are under test: by the visitor's address and browser, so that it lasts without a cookie.
function choose(path, visitor) {
  const split = SPLITS[path];
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

function writeQuery(query) {
  const parts = [];
  for (const name in query) {
    const values = query[name].multiValue || [query[name]];
    for (let i = 0; i < values.length; i++) parts.push(values[i].value === '' ? name : name + '=' + values[i].value);
  }
  return parts.length ? '?' + parts.join('&') : '';
}

function redirect(url, query) {
  const location = /[?#]/.test(url) ? url : url + writeQuery(query);
  return { statusCode: 301, statusDescription: 'Moved Permanently', headers: { location: { value: location }, 'cache-control': { value: PAGES } } };
}

function refuse(statusCode, statusDescription) {
  const body = '<!doctype html><title>' + statusDescription + '</title><h1>' + statusDescription + '</h1><p><a href="' + BASE + '/">' + BASE + '/</a></p>';
  const headers = { 'content-type': { value: 'text/html; charset=utf-8' }, 'cache-control': { value: 'public, max-age=0, s-maxage=60' } };
  return { statusCode: statusCode, statusDescription: statusDescription, headers: headers, body: { encoding: 'text', data: body } };
}

/* async */function handler(event) {
  const request = event.request;
  let path;
  try {
    path = decodeURIComponent(request.uri);
  } catch (error) {
    return refuse(400, 'Bad Request');
  }
  const base = decodeURIComponent(BASE);
  if (path === base) return redirect(BASE + '/', request.querystring);
  if (!path.startsWith(base + '/')) return refuse(404, 'Not Found');
  path = path.slice(base.length);
  if (/\/\.(?!well-known\/)/.test(path)) return refuse(404, 'Not Found');
  const key = nameKey(path);
  const found = /* look up */;
  if (found === GONE) return refuse(410, 'Gone');
  if (found) return redirect(found, request.querystring);
  if (key !== path && key.endsWith('/') && !path.endsWith('/index.html')) return redirect(BASE + encodeURI(key), request.querystring);
  const agent = request.headers && request.headers['user-agent'];
  const shown = choose(key, (event.viewer ? event.viewer.ip : '') + (agent ? agent.value : ''));
  if (shown !== key) {
    request.uri = encodeURI(shown) + (shown.endsWith('/') ? 'index.html' : '');
    return request;
  }
  const uri = request.uri.split('/').slice(BASE.split('/').length).join('/');
  request.uri = '/' + (uri === '' || uri.endsWith('/') ? uri + 'index.html' : uri);
  return request;
}
