"""A real browser for pages that ship: headless Chromium, cut off from every network.

Debian's packages chromium and chromium-driver, or what BRAINBENCH_TEST_CHROMIUM and
BRAINBENCH_TEST_CHROMEDRIVER say. Tests that need it skip, with the reason, where it is not.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# the page's own files, what it holds itself, the browser's own pages; of http only a server
# of the test's own
_OWN = ("file:", "data:", "blob:", "about:", "chrome:", "http://127.0.0.1:", "http://localhost:")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    # nothing but this machine has a name
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
DESKTOP, PHONE = (1280, 900), (390, 844)


class Browser:
    """What the tests of pages ask of a browser.

    Parameters
    ----------
    driver : a selenium WebDriver of Chromium with both logs on.
    """

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(
        self, page: Path | str, size: tuple[int, int] = DESKTOP, *, dark: bool = False
    ) -> None:
        """Load a page, forgetting what was logged before; a narrow one as on a phone."""
        width, height = size
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", media="", features=[scheme])
        self.driver.get(page.resolve().as_uri() if isinstance(page, Path) else page)

    def command(self, name: str, **parameters: Any) -> Any:
        """A command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def run(self, script: str, *arguments: Any) -> Any:
        """The value that a script returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> Any:
        """The first element that a CSS selector matches; an error where there is none."""
        return self.driver.find_element("css selector", selector)

    def find_all(self, selector: str) -> list[Any]:
        """All elements that a CSS selector matches."""
        found: list[Any] = self.driver.find_elements("css selector", selector)
        return found

    def console(self) -> list[str]:
        """Errors and warnings of the console since the last call or :meth:`open`."""
        return [
            f"{entry['level']}: {entry['message']}"
            for entry in self.driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]

    def requests(self) -> list[str]:
        """URLs asked for since the last call or :meth:`open`, the page's own among them."""
        events = [json.loads(entry["message"])["message"] for entry in self._performance()]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def strangers(self) -> list[str]:
        """Of the requests, those that leave the page and this machine."""
        return [url for url in self.requests() if not url.startswith(_OWN)]

    def overflow(self) -> int:
        """By how many pixels the page, not a box inside it, can be scrolled sideways."""
        return int(
            self.run(
                "const d = document.documentElement;"
                "return Math.max(d.scrollWidth, document.body.scrollWidth) - d.clientWidth"
            )
        )

    def screenshot(self, path: Path, *, whole: bool = True) -> Path:
        """Write a PNG of the page, or of what is on the screen only."""
        shot = self.command("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

    def _performance(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.driver.get_log("performance")
        return found


@pytest.fixture(scope="session")
def _chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests, with an empty profile of its own."""
    pytest.importorskip("selenium", reason="needs selenium: install the test extra")
    binary = _program("BRAINBENCH_TEST_CHROMIUM", "chromium")
    driver_path = _program("BRAINBENCH_TEST_CHROMEDRIVER", "chromedriver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # named outright, so that selenium looks for no driver in the network
    driver = webdriver.Chrome(options=options, service=Service(executable_path=driver_path))
    driver.set_page_load_timeout(60)
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture
def browser(_chromium: Browser) -> Iterator[Browser]:
    """Headless Chromium; see :class:`Browser`. Each test starts on an empty page."""
    yield _chromium
    _chromium.open("about:blank")


@pytest.fixture
def quiet_page(browser: Browser) -> Callable[[], None]:
    """Call it at the end: nothing on the console, no request left the page."""

    def check() -> None:
        assert browser.console() == []
        assert browser.strangers() == []

    return check


def _program(variable: str, name: str) -> str:
    found = os.environ.get(variable) or shutil.which(name)
    if found is None:
        pytest.skip(f"needs a browser: install {name} (Debian: chromium, chromium-driver), "
                    f"or say in {variable} where it is")  # fmt: skip
    return found
