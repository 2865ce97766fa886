"""A browser that is told what to do through a pipe, by the Chrome DevTools Protocol: https://chromedevtools.github.io/devtools-protocol/."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
)

BEGIN = "import os, sys; [os.dup2(int(sys.argv[n + 1]), n + 3) for n in (0, 1)]; os.execv(sys.argv[3], sys.argv[3:])"
"""It reads what it is told at 3 and answers at 4."""


class Browser:
    """One tab. errors: what its pages complained of."""

    def __init__(self, reading: int, writing: int) -> None:
        self._in, self._out = os.fdopen(reading, "rb"), os.fdopen(writing, "wb")
        self._number = 0
        self.errors: list[str] = []
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for name in ("Page", "Runtime", "Log"):
            self.ask(f"{name}.enable")

    def ask(self, method: str, **values: Any) -> Any:
        """Have the tab do something."""
        return self._ask(method, values, self._session)

    def open(self, url: str, width: int = 1400, height: int = 900) -> None:
        """Go to a page, in a window of this size, and wait until it is there."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.ask("Page.navigate", url=url)
        self.until(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url.partition('?')[0])})")

    def run(self, script: str) -> Any:
        """The value of an expression in the page. A promise is waited for."""
        found = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, script: str, most_s: float = 30.0) -> None:
        """Wait for an expression to be true; while a page is changing it may fail."""
        end = time.monotonic() + most_s
        while True:
            try:
                if self.run(f"Boolean({script})"):
                    return
            except (AssertionError, LookupError):
                pass
            assert time.monotonic() < end, f"never: {script}"
            time.sleep(0.05)

    def type(self, text: str) -> None:
        """Type a text where the cursor is."""
        self.ask("Input.insertText", text=text)

    def press(self, key: str, *, control: bool = False) -> None:
        """Press a key."""
        values = {"key": key, "code": f"Key{key.upper()}", "windowsVirtualKeyCode": ord(key.upper()), "modifiers": 2 if control else 0}
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, **values)

    def picture(self, file: Path) -> None:
        """Write what is to be seen as a PNG."""
        file.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def _ask(self, method: str, values: dict[str, Any], session: str = "") -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": values} | ({"sessionId": session} if session else {})
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while True:
            told = self._read()
            if told.get("id") == self._number:
                if "error" in told:
                    raise LookupError(f"{method}: {told['error']}")
                return told["result"]
            if told.get("method") == "Runtime.exceptionThrown":
                self.errors.append(json.dumps(told["params"]["exceptionDetails"])[:500])
            if told.get("method") == "Log.entryAdded" and told["params"]["entry"]["level"] == "error":
                self.errors.append(f"{told['params']['entry']['text']} {told['params']['entry'].get('url', '')}")

    def _read(self) -> Any:
        data = bytearray()
        while (byte := self._in.read(1)) != b"\0":
            assert byte, "the browser has gone"
            data += byte
        return json.loads(data)

    def close(self) -> None:
        self._in.close()
        self._out.close()


@contextmanager
def open_browser(chromium: str, profile: Path) -> Iterator[Browser]:
    """A browser of its own, which ends with the block."""
    (to_it, ours_out), (ours_in, from_it) = os.pipe(), os.pipe()
    flags = [*FLAGS, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else []), "--remote-debugging-pipe"]
    start = [sys.executable, "-c", BEGIN, str(to_it), str(from_it), chromium, *flags]
    process = subprocess.Popen(start, pass_fds=(to_it, from_it), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(to_it)
    os.close(from_it)
    browser = Browser(ours_in, ours_out)
    try:
        yield browser
    finally:
        browser._ask("Browser.close", {})
        browser.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
