"""Runs what is printed for CloudFront and Cloudflare in node, which stands in for neither's cache nor network, but runs the same code."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CLOUDFRONT = """
import { readFileSync } from 'node:fs';
const [code, asked, keys] = JSON.parse(readFileSync(0, 'utf8'));
const store = new Map((keys || []).map((row) => [row.key, row.value]));
const cf = { kvs: () => ({ get: async (key) => { if (!store.has(key)) throw new Error('no such key'); return store.get(key); } }) };
const handler = new Function('cf', code.replace(/^import .*$/m, '') + '; return handler;')(cf);
const answers = [];
for (const [uri, querystring] of asked) answers.push(await handler({ request: { method: 'GET', uri, querystring, headers: {} } }));
console.log(JSON.stringify(answers));
"""

CLOUDFLARE = """
import { readFileSync, existsSync, statSync, writeFileSync } from 'node:fs';
const [code, root, prefix, asked] = JSON.parse(readFileSync(0, 'utf8'));
writeFileSync(root + '/worker.mjs', code);
const kept = new Map(), waiting = [], log = [];
globalThis.caches = { default: {
  match: async (request) => { const found = kept.get(request.url); if (found) log.push('hit ' + request.url); return found && found.clone(); },
  put: async (url, response) => { kept.set(url, response); },
} };
const BUCKET = { get: async (key) => {
  const file = root + '/build/' + key.slice(prefix.length);
  if (!key.startsWith(prefix) || !existsSync(file) || !statSync(file).isFile()) return null;
  const type = file.endsWith('.html') ? 'text/html; charset=utf-8' : 'application/octet-stream';
  return { body: readFileSync(file), httpEtag: '"' + key + '"', httpMetadata: { contentType: type },
           writeHttpMetadata: (headers) => { headers.set('content-type', type); headers.set('cache-control', 'public, max-age=0'); } };
} };
const worker = (await import(root + '/worker.mjs')).default;
const answers = [];
for (const [method, url, headers] of asked) {
  const response = await worker.fetch(new Request(url, { method, headers }), { BUCKET }, { waitUntil: (job) => waiting.push(job) });
  await Promise.all(waiting);
  answers.push({ status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() });
}
console.log(JSON.stringify({ answers, log }));
"""


def run_node(program: str, given: list[Any], folder: Path) -> Any:
    node = shutil.which("node")
    if not node:
        pytest.skip("no node is installed")
    (folder / "run.mjs").write_text(program, "utf-8")
    done = subprocess.run([node, str(folder / "run.mjs")], input=json.dumps(given), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
