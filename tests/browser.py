"""A real Chromium for tests, driven over its debugging pipe: no further package is needed."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PHONE = (390, 844)
DESKTOP = (1280, 900)


def find_chromium() -> str | None:
    """Return the command of a Chromium or Chrome, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page in a browser; ``problems`` holds its errors and refused loads, ``requests`` all that it asked for."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read, self._buffer, self._number, self._session = write, read, b"", 0, ""
        self.problems: list[str] = []
        self.requests: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def open(self, path: Path, *, size: tuple[int, int] = DESKTOP, dark: bool = False, fragment: str = "") -> None:
        """Show a file in a window of this size (a narrow one counts as a phone)."""
        phone = size[0] < 700
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=size[0],
            height=size[1],
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._call("Page.navigate", url="about:blank")
        self._call("Page.navigate", url=path.resolve().as_uri() + fragment)
        self.wait("document.readyState === 'complete'")

    def run(self, expression: str) -> Any:
        """Return what JavaScript gives (a promise is awaited)."""
        done = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise AssertionError(f"{expression}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def wait(self, condition: str, seconds: float = 60) -> None:
        """Wait until a JavaScript condition holds."""
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            if time.monotonic() > end:
                raise AssertionError(f"never true: {condition}; {self.problems}")
            time.sleep(0.05)

    def screenshot(self, path: Path, *, whole: bool = False) -> Path:
        """Save a picture of the window, or of the whole page."""
        data = self._call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))
        return path

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not (more := os.read(self._read, 1 << 20)):
                raise AssertionError("the browser has ended")
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _note(self, event: dict[str, Any]) -> None:
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.problems.append(str(event["params"]["exceptionDetails"]))
            case "Log.entryAdded":
                self.problems.append(event["params"]["entry"]["text"])
            case "Page.javascriptDialogOpening":
                self.problems.append(f"dialog: {event['params']['message']}")
            case "Network.requestWillBeSent":
                self.requests.append(event["params"]["request"]["url"])


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Start a browser with a profile folder of its own, and end it."""
    command = find_chromium()
    if command is None:
        pytest.skip(f"no Chromium here (looked for {', '.join(NAMES)}): apt-get install chromium")
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    # Chromium reads file descriptor 3 and writes 4.
    start = f'exec "$0" "$@" 3<&{to_read} 4>&{from_write}'
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={profile}"]
    arguments = ["bash", "-c", start, command, *options, "about:blank"]
    with subprocess.Popen(arguments, pass_fds=(to_read, from_write), stderr=subprocess.DEVNULL) as process:
        os.close(to_read)
        os.close(from_write)
        try:
            yield Browser(to_write, from_read)
        finally:
            process.terminate()
            process.wait(30)
            os.close(to_write)
            os.close(from_read)
