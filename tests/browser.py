"""A chromium that is told what to do over a pipe, by the DevTools protocol: nothing but the standard library is needed."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WAIT_S = 20.0


class Browser:
    """One tab."""

    def __init__(self, process: subprocess.Popen[bytes], to: int, source: int) -> None:
        self.process, self.to, self.source = process, to, source
        self.number, self.left, self.session = 0, b"", ""
        self.complaints: list[str] = []

    def call(self, method: str, **params: Any) -> Any:
        """Send a command and wait for its answer."""
        self.number += 1
        message: dict[str, Any] = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer.get("result", {})
            self._note(answer)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self.left:
            data = os.read(self.source, 1 << 16)
            assert data, "chromium has gone"
            self.left += data
        text, _, self.left = self.left.partition(b"\0")
        return json.loads(text)

    def _note(self, event: dict[str, Any]) -> None:
        told = event.get("params", {}).get("entry", {})
        if event.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded") and told.get("level") != "verbose":
            self.complaints.append(json.dumps(event["params"])[:300])

    def run(self, script: str) -> Any:
        """The value of a piece of JavaScript."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, script: str) -> Any:
        """Wait until a piece of JavaScript is true of the page, which may be another one by then."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            try:
                if found := self.run(script):
                    return found
            except AssertionError:
                pass  # between two pages
            time.sleep(0.05)
        raise AssertionError(f"{script} did not become true at {self.run('location.href + document.body.innerText.slice(0, 400)')}")

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.wait(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url.partition('?')[0])})")

    def type(self, text: str) -> None:
        """Type a text where the cursor is."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, *, control: bool = False) -> None:
        """Press a letter's key."""
        values = {"key": key, "code": f"Key{key.upper()}", "windowsVirtualKeyCode": ord(key.upper()), "modifiers": 2 if control else 0}
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, **values)

    def fill(self, selector: str, value: str) -> None:
        assert self.run(
            f"(() => {{ const f = document.querySelector({json.dumps(selector)}); if (!f) return false; f.value = {json.dumps(value)}; return true }})()"
        ), selector

    def tap(self, selector: str) -> None:
        """Click, and wait for nothing."""
        point = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=point[0], y=point[1], button="left", clickCount=1)

    def click(self, selector: str) -> None:
        """Click, and wait for the page that follows."""
        self.run("document.body.dataset.old = '1'")
        self.tap(selector)
        self.wait("document.readyState === 'complete' && !document.body.dataset.old")

    def text(self) -> str:
        return str(self.run("document.querySelector('main').innerText"))

    def resize(self, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=False)["data"]))


@contextmanager
def open_browser(chromium: str, *, script: bool = True) -> Iterator[Browser]:
    """A chromium of its own for the block. script: whether pages may run any."""
    ours_read, its_write = os.pipe()
    its_read, ours_write = os.pipe()

    def arrange() -> None:
        os.dup2(its_read, 198)
        os.dup2(its_write, 199)
        os.dup2(198, 3)
        os.dup2(199, 4)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-first-run",
             "--hide-scrollbars", "about:blank"],
            preexec_fn=arrange,  # noqa: PLW1509 - nothing but dup2 is called
            close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(its_read)
        os.close(its_write)
        browser = Browser(process, ours_write, ours_read)
        try:
            pages = [t for t in browser.call("Target.getTargets")["targetInfos"] if t["type"] == "page"]
            browser.session = browser.call("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log"):
                browser.call(f"{domain}.enable")
            if not script:
                browser.call("Emulation.setScriptExecutionDisabled", value=True)
            yield browser
        finally:
            process.kill()
            process.wait()
            os.close(ours_write)
            os.close(ours_read)
