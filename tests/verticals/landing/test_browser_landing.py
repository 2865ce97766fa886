"""The starter in a real browser: variants without flicker, goals, and forms without script."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.verticals.landing.conftest import PERSON, Served

pytestmark = pytest.mark.browser

COMMON = """<!doctype html><meta charset="utf-8"><body><script>
const wait = ms => new Promise(done => setTimeout(done, ms));
const open = (src, more = {}) => new Promise(done => {
  const frame = Object.assign(document.createElement('iframe'), { width: 1000, height: 700 });
  for (const [name, value] of Object.entries(more)) frame.setAttribute(name, value);
  frame.onload = () => done(frame);
  frame.src = src;
  document.body.append(frame);
});
const until = async test => {
  for (let n = 0; n < 400; n++) { let found; try { found = test(); } catch {} if (found) return found; await wait(25); }
  throw Error('never: ' + test); };
const kept = () => (JSON.parse(localStorage.getItem('cms.experiments')) || {}).headline;
const heading = frame => frame.contentDocument.querySelector('h1').textContent;
const run = async () => { %s };
run().catch(error => ({ error: String(error) })).then(value => document.title = JSON.stringify(value));
</script>"""

CHOOSING = """
const seen = [];
for (let n = 0; n < 6; n++) {
  localStorage.clear();
  const painted = new Set(), frame = document.createElement('iframe');
  let on = true;
  const look = () => { try { const h1 = frame.contentDocument.querySelector('h1'); if (h1) painted.add(h1.textContent); } catch {} if (on) setTimeout(look, 1); };
  frame.src = '/?from=mail#prices';
  document.body.append(frame);
  look();
  const mine = await until(() => kept() && kept().t && frame.contentDocument.readyState === 'complete' && kept());
  const first = { variant: mine.v, heading: heading(frame), path: frame.contentWindow.location.pathname + frame.contentWindow.location.search + frame.contentWindow.location.hash };
  on = false;
  frame.remove();
  const again = await open('/');
  await until(() => again.contentDocument.readyState === 'complete' && heading(again) === first.heading);
  seen.push({ ...first, painted: [...painted], again: heading(again), cookie: document.cookie });
  again.remove();
}
return seen;
"""

GOALS = """
localStorage.clear();
const frame = await open('/');
const mine = await until(() => kept() && kept().t && frame.contentDocument.readyState === 'complete' && kept());
frame.contentDocument.querySelector('a[data-goal="order-click"]').click();
await until(() => kept().d && kept().d.includes('order-click'));
const form = frame.contentDocument.querySelector('#order form');
form.querySelector('[name=email]').value = 'ada@example.org';
form.querySelector('[name=wood]').value = 'Ash';
form.noValidate = true; // as a browser that checks nothing
form.requestSubmit();
const again = await until(() => frame.contentDocument.readyState === 'complete' && frame.contentDocument.querySelector('[name=name][aria-invalid]').form);
again.querySelector('[name=name]').value = 'Ada';
again.requestSubmit();
await until(() => frame.contentWindow.location.pathname === '/thanks/');
await wait(300);
return { kept: kept(), heading: heading(frame) };
"""

WITHOUT_SCRIPT = """
const frame = await open('/', { sandbox: 'allow-forms allow-same-origin' });
const form = frame.contentDocument.querySelector('#order form');
const send = async fields => {
  for (const [name, value] of Object.entries(fields)) form.querySelector(`[name=${name}]`).value = value;
  const done = new Promise(done => frame.onload = done);
  form.requestSubmit();
  await done;
  return [frame.contentWindow.location.pathname, heading(frame)];
};
const empty = form.checkValidity();
return { empty, scripted: localStorage.length, thanks: await send({ name: 'Grace', email: 'grace@example.org', wood: 'Oak', message: '<b>two</b>' }) };
"""


def browse(chromium: str, site: Served, script: str, folder: Path, size: str = "1280,900") -> Any:
    """What a script in a page of the site's own says at last."""
    (site.root / "build/harness.html").write_text(COMMON % script, "utf-8")
    off = ("gpu", "quic", "background-networking", "component-update", "sync")
    flags = ["--headless", "--no-first-run", *(f"--disable-{name}" for name in off), *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    more = [f"--user-data-dir={folder}/profile", f"--user-agent={PERSON}", f"--window-size={size}", "--virtual-time-budget=60000"]
    done = subprocess.run(
        [chromium, *flags, *more, "--dump-dom", f"{site.url}/harness.html"], capture_output=True, text=True, timeout=120, check=False
    )
    found = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert found, done.stdout[-500:] + done.stderr[-1500:]
    value = json.loads(html.unescape(found[1]))
    assert not isinstance(value, dict) or "error" not in value, value
    return value


def test_a_visitor_sees_one_variant_from_the_first_moment_and_ever_after(chromium: str, starter: Served, tmp_path: Path) -> None:
    starter.query("DELETE FROM cms.experiment_exposures")
    headings = {"statement": "The tide, on your wall", "question": "Is the sea in or out?"}
    seen = browse(chromium, starter, CHOOSING, tmp_path)
    for one in seen:
        assert one["heading"] == one["again"] == headings[one["variant"]]
        assert one["painted"] == [one["heading"]], "nothing of the other variant was ever there"
        assert one["path"] == "/?from=mail#prices"
        assert one["cookie"] == ""
    counted = dict(starter.query("SELECT variant, count(*) FROM cms.experiment_exposures GROUP BY variant"))
    assert counted == {name: sum(one["variant"] == name for one in seen) for name in {one["variant"] for one in seen}}


def test_a_click_and_a_form_that_was_sent_are_goals(chromium: str, starter: Served, tmp_path: Path) -> None:
    starter.query("DELETE FROM cms.experiment_exposures")
    done = browse(chromium, starter, GOALS, tmp_path)
    assert done["heading"] == "Thank you"
    rows = starter.query(
        "SELECT e.variant, c.goal FROM cms.experiment_conversions c JOIN cms.experiment_exposures e USING (site, experiment, run, visit) ORDER BY goal"
    )
    assert rows == [(done["kept"]["v"], "order"), (done["kept"]["v"], "order-click")]


def test_a_form_works_without_script(chromium: str, starter: Served, tmp_path: Path) -> None:
    done = browse(chromium, starter, WITHOUT_SCRIPT, tmp_path)
    assert done == {"empty": False, "scripted": 0, "thanks": ["/thanks/", "Thank you"]}
    assert starter.query("SELECT fields FROM cms.form_submissions WHERE email = 'grace@example.org'") == [
        ({"name": "Grace", "email": "grace@example.org", "wood": "Oak", "message": "<b>two</b>"},)
    ]
