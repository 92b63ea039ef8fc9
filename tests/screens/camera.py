"""Pictures of a page as people see it: on a desktop or a phone, light or dark."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.process.blocks.report.browser import Page, browser_page

PATIENCE_S = 60.0
# A chart that comes into sight is drawn then, and a page's first numbers arrive by themselves.
IS_STILL = """new Promise(done => {
  let last = Date.now();
  new MutationObserver(() => { last = Date.now(); })
    .observe(document.documentElement, {subtree: true, childList: true, attributes: true});
  const begun = Date.now();
  const look = () => {
    const quiet = Date.now() - last > 700, waited = Date.now() - begun > 15000;
    if (document.readyState === 'complete' && (quiet || waited)) done(true);
    else setTimeout(look, 100);
  };
  look();
})"""
TALLEST_PX = 16_000


@dataclass(frozen=True)
class Look:
    """How a page is looked at; `name` is a part of the picture's."""

    name: str
    width: int
    height: int
    is_dark: bool = False
    is_phone: bool = False


LOOKS = (
    Look("desktop-light", 1400, 1000),
    Look("desktop-dark", 1400, 1000, is_dark=True),
    Look("phone-light", 390, 844, is_phone=True),
    Look("phone-dark", 390, 844, is_dark=True, is_phone=True),
)


class Camera:
    """Takes pictures of one browser's page into a folder."""

    def __init__(self, page: Page, out: Path) -> None:
        self._page = page
        self._out = out
        self.taken: list[Path] = []

    def look(self, look: Look) -> None:
        """Look at what is open, and at what is opened from now on, in such a way."""
        self._page.call(
            "Emulation.setDeviceMetricsOverride",
            width=look.width,
            height=look.height,
            deviceScaleFactor=1,
            mobile=look.is_phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if look.is_dark else "light"}
        self._page.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, address: str) -> None:
        """Open an address, and wait until nothing on its page moves any more."""
        self._page.events.clear()
        self._page.open(address)
        self.wait()

    def wait(self) -> None:
        """Wait until nothing on the page moves any more."""
        self._page.evaluate(IS_STILL)

    def evaluate(self, expression: str) -> object:
        """Return the value of an expression of JavaScript on the page."""
        return self._page.evaluate(expression)

    def wait_for(self, condition: str) -> None:
        """Wait until a condition in JavaScript holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._page.evaluate(f"Boolean({condition})"):
            assert time.monotonic() < deadline, f"never came: {condition}"
            time.sleep(0.2)

    def take(self, name: str, *, is_whole: bool = False) -> Path:
        """Write what is seen as NAME.png, the whole page if asked for; return the file."""
        place = self._out / f"{name}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        options: dict[str, object] = {}
        if is_whole:
            size = self._page.call("Page.getLayoutMetrics")["cssContentSize"]
            height = min(size["height"], TALLEST_PX)
            clip = {"x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1}
            options = {"captureBeyondViewport": True, "clip": clip}
        answer = self._page.call("Page.captureScreenshot", format="png", **options)
        place.write_bytes(base64.b64decode(answer["data"]))
        self.taken.append(place)
        return place

    def in_every_look(self, name: str, address: str) -> None:
        """Take the first look and the whole page, on desktop and phone, light and dark."""
        for look in LOOKS:
            self.look(look)
            self.open(address)
            self.take(f"{name}/{look.name}")
            # Charts are drawn where they are seen.
            self.evaluate("window.scrollTo(0, document.body.scrollHeight)")
            self.wait()
            self.evaluate("window.scrollTo(0, 0)")
            self.take(f"{name}/{look.name}-whole", is_whole=True)


@contextmanager
def camera(profile: Path, out: Path) -> Iterator[Camera]:
    """Start a browser, and give what takes pictures of its page."""
    with browser_page(profile) as page:
        yield Camera(page, out)
