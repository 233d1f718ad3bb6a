"""The site is built strictly, asks no network for anything, and its links hold."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from docs_blocks import DOCS

import brainbench

pytestmark = pytest.mark.packaging

ROOT = DOCS.parent
# what a browser fetches by itself, by tag
FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "embed": "src",
    "object": "data",
    "use": "href",
    "input": "src",
}
# links that only say something of a page
SAYS = {"canonical", "prev", "next", "alternate", "author", "license"}


class Page(HTMLParser):
    """What a page holds that is looked at here."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in FETCHED and FETCHED[tag] in given:
            self.fetched.append(given[FETCHED[tag]])
        if tag == "link" and given.get("rel") not in SAYS:
            self.fetched.append(given["href"])
        self.fetched += re.findall(r"url\(([^)]+)\)", given.get("style", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("mkdocs", "material", "mkdocstrings"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"needs {name}: install the docs extra")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    warned = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("INFO"))
    assert done.returncode == 0, warned
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    return {str(path.relative_to(site)): Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_page_is_there_and_in_the_navigation(pages: dict[str, Page]) -> None:
    sources = {path.stem for path in DOCS.glob("*.md")}
    assert {f"{name}.html" for name in sources} <= set(pages)
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    for name in sources:
        assert f"{name}.md" in text, f"{name} is not in the navigation"


def test_nothing_is_fetched_from_elsewhere(site: Path, pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert page.fetched, name
        for target in page.fetched:
            assert not re.match(r"[a-z]+:|//", target) or target.startswith("data:"), (name, target)
    for style in site.rglob("*.css"):
        for target in re.findall(r"url\(['\"]?([^)'\"]+)", style.read_text("utf-8")):
            assert not re.match(r"https?:|//", target), (style.name, target)
        assert "@import" not in style.read_text("utf-8")


def test_every_link_within_the_site_holds(site: Path, pages: dict[str, Page]) -> None:
    followed = 0
    for name, page in pages.items():
        if name == "404.html":  # served from anywhere, its links start at the root
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            whole = os.path.normpath((Path(name).parent / unquote(parts.path)).as_posix())
            target = name if not parts.path else whole
            assert (site / target).exists(), (name, link)
            if parts.fragment and target in pages and not parts.fragment.startswith("__"):
                assert unquote(parts.fragment) in pages[target].anchors, (name, link)
            followed += 1
    assert followed > 500


def test_no_link_leaves_the_docs_for_the_repository(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert not [link for link in page.links if "../.." in link or link.endswith(".md")], name


def test_the_reference_holds_every_public_name(site: Path) -> None:
    told = (DOCS / "reference.md").read_text("utf-8")
    named = re.findall(r"^::: brainbench\.(\w+)$", told, re.MULTILINE)
    assert sorted(named) == sorted(brainbench.__all__)
    page = (site / "reference.html").read_text("utf-8")
    for name in brainbench.__all__:
        assert f'id="brainbench.{name}"' in page, name
    assert "hub id, folder or GGUF file of a language model" in page


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    """The site's address on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_browser_asks_nobody_else_for_anything(
    served: str, browser: Any, quiet_page: Callable[[], None]
) -> None:
    for name, size in (("index", (1280, 900)), ("reference", (390, 844)), ("tasks", (390, 844))):
        browser.open(f"{served}/{name}.html", size)
        assert browser.find("h1").text
        assert browser.overflow() == 0, name
        assert browser.find("[data-md-component=search-query]")
        quiet_page()


def test_the_build_is_strict() -> None:
    text = re.sub(r"!!python\S+", "", (ROOT / "mkdocs.yml").read_text("utf-8"))
    config = yaml.safe_load(text)
    assert config["strict"] is True
    assert config["theme"]["font"] is False
    assert "repo_url" not in config, "the theme would ask its host for stars"
