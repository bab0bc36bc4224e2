"""A headless Chromium, spoken to by its own protocol over two pipes: no driver, no port, no package."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ABSENT = "no Chromium: apt-get install --no-install-recommends chromium"

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
"""--no-sandbox: the pages are our own, and a container's root has no other way."""


class Page:
    """One tab: what it is told, what it says and asks for."""

    def __init__(self, told: int, said: int) -> None:
        self._told, self._said = told, said
        self._number, self._rest, self._session = 0, b"", ""
        self.messages: list[str] = []
        self.asked: list[str] = []
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self._session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **parameters: Any) -> Any:
        """Send a command, return its result; what happens meanwhile is kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._told, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next(60)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self, seconds: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            if not select.select([self._said], [], [], seconds)[0]:
                raise TimeoutError("Chromium says nothing")
            part = os.read(self._said, 1 << 20)
            if not part:
                raise RuntimeError("Chromium ended")
            self._rest += part
        line, self._rest = self._rest.split(b"\0", 1)
        answer: dict[str, Any] = json.loads(line)
        self._keep(answer.get("method", ""), answer.get("params", {}))
        return answer

    def _keep(self, what: str, it: dict[str, Any]) -> None:
        if what == "Network.requestWillBeSent":
            self.asked.append(it["request"]["url"])
        elif what == "Log.entryAdded":
            self.messages.append(it["entry"]["text"])
        elif what == "Runtime.consoleAPICalled":
            self.messages.append(" ".join(str(each.get("value", "")) for each in it["args"]))
        elif what == "Runtime.exceptionThrown":
            self.messages.append(json.dumps(it["exceptionDetails"]))

    def run(self, script: str) -> Any:
        """The value of an expression in the page; of a promise, what comes of it."""
        done = self("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in done:
            raise RuntimeError(done["exceptionDetails"])
        return done["result"].get("value")

    def wait(self, script: str, seconds: float = 60) -> Any:
        """The first value of an expression that is true. TimeoutError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := self.run(script):
                return value
            time.sleep(0.05)
        raise TimeoutError(f"never: {script}; the page said {self.messages}")

    def open(self, url: str, width: int = 1400, *, dark: bool = False) -> None:
        """Load a page in a window of this width."""
        self("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self("Emulation.setEmulatedMedia", features=scheme)
        self("Page.navigate", url=url)
        self.wait(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    def type(self, text: str) -> None:
        """As from a keyboard, where the focus is."""
        for letter in text:
            self("Input.dispatchKeyEvent", type="keyDown", text=letter)
            self("Input.dispatchKeyEvent", type="keyUp")

    def picture(self, file: Path) -> None:
        """The window as a PNG."""
        file.write_bytes(b64decode(self("Page.captureScreenshot", format="png")["data"]))


@contextlib.contextmanager
def page(folder: Path) -> Iterator[Page]:
    """A tab of a new Chromium whose profile is in a folder."""
    assert PROGRAM
    told_end, told = os.pipe()
    said, said_end = os.pipe()

    def at_3_and_4() -> None:
        """Where Chromium looks for them; beyond both first, since either may lie where the other goes."""
        reads, writes = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (told_end, said_end))
        os.dup2(reads, 3)
        os.dup2(writes, 4)

    command = [PROGRAM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    process = subprocess.Popen(
        command, close_fds=False, preexec_fn=at_3_and_4, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(told_end)
    os.close(said_end)
    try:
        yield Page(told, said)
    finally:
        process.kill()
        process.wait()
        os.close(told)
        os.close(said)
