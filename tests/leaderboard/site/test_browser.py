"""The boards in a real browser: from a file, at a desk and on a phone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_fixtures import DESKTOP, PHONE, Browser
from synthetic_runs import make_run, write_run

from brainbench.leaderboard.boards.board import load_boards
from brainbench.leaderboard.site.build import build_site

EVIL = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
FAMILIES = ("llama", "qwen3", "gemma3")
SIZES = (135_000_000, 1_700_000_000, 32_000_000_000)


@pytest.fixture(scope="module")
def site(make: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine models, one of the published protocol only, one whose name is a script."""
    folder = tmp_path_factory.mktemp("board")
    for seed in range(8):
        make(
            folder / "subs", seed, effect=0.001 * seed, ability=0.55 + 0.05 * seed,
            family=FAMILIES[seed % 3], parameters=SIZES[seed % 3],
        )  # fmt: skip
    make(folder / "subs", 8, kinds=("published", "accuracy"))
    record, samples = make_run(9)
    path = write_run(folder / "runs", record, samples) / "results.json"
    content = json.loads(path.read_text("utf-8"))
    content["model"] |= {"identifier": EVIL, "description": EVIL}
    content["notes"] = [EVIL]
    path.write_text(json.dumps(content), "utf-8")
    build_site(load_boards(), folder / "site", submissions=folder / "subs",
               results=folder / "runs", reports=False)  # fmt: skip
    return folder / "site"


def names(browser: Browser, panel: str = "alignment") -> list[str]:
    """Models of the first group of a ranking that are on the screen, in their order."""
    return browser.run(
        f"""return Array.from(document.querySelectorAll(
            '[data-panel="{panel}"] tbody:first-of-type tr'))
            .filter(row => row.offsetParent !== null)
            .map(row => row.cells[0].querySelector('a').textContent)"""
    )


def sort_by(browser: Browser, title: str, panel: str = "alignment") -> str:
    """Press a header's button; the direction that is told then."""
    browser.run(
        """const [panel, title] = arguments;
        const head = Array.from(document.querySelectorAll(`[data-panel="${panel}"] thead th`));
        window.pressed = head.find(th => th.textContent.trim() === title);
        pressed.querySelector('button').click();""",
        panel,
        title,
    )
    time.sleep(0.1)
    told = browser.run("return pressed.getAttribute('aria-sort')")
    assert isinstance(told, str)
    return told


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_fits_and_is_quiet(
    browser: Browser, site: Path, size: tuple[int, int], dark: bool
) -> None:
    pages = [
        *sorted(site.glob("*.html")),
        *sorted(site.glob("models/*.html"))[:3],
        *sorted(site.glob("benchmarks/[ix]*.html"))[:3],
    ]
    for page in pages:
        browser.open(page, size, dark=dark)
        assert browser.overflow() == 0, page
        assert browser.console() == [], page
        assert browser.strangers() == [], page
        ground = browser.run("return getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(17, 21, 26)" if dark else "rgb(255, 255, 255)")


def test_sorting_by_mouse_and_keyboard(
    browser: Browser, site: Path, quiet_page: Callable[[], None]
) -> None:
    browser.open(site / "alignment.html")
    first = names(browser)
    assert len(first) == 9
    assert sort_by(browser, "model") == "ascending"
    assert names(browser) == sorted(first, key=str.lower)
    assert sort_by(browser, "model") == "descending"
    assert names(browser) == sorted(first, key=str.lower, reverse=True)
    assert sort_by(browser, "z") == "descending"
    assert names(browser) == first
    sorted_by = "return document.querySelectorAll('[data-panel=alignment] [aria-sort]').length"
    assert browser.run(sorted_by) == 1
    rank = "[data-panel=alignment] thead th:nth-child(2)"
    browser.find(f"{rank} button").send_keys("\ue007")  # Enter
    time.sleep(0.1)
    assert browser.find(rank).get_attribute("aria-sort") == "ascending"
    ranks = browser.run(
        """const models = document.querySelector('[data-panel=alignment] tbody');
        return Array.from(models.querySelectorAll('td.rank')).map(cell => +cell.dataset.sort)"""
    )
    assert ranks == sorted(ranks)
    # people and nuisance stay under the models
    assert browser.run(
        "return document.querySelector('[data-panel=alignment] tbody.reference') === "
        "document.querySelectorAll('[data-panel=alignment] tbody')[1]"
    )
    quiet_page()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_the_first_page_is_sorted_by_every_score(
    browser: Browser, site: Path, size: tuple[int, int], quiet_page: Callable[[], None]
) -> None:
    browser.open(site / "index.html", size)
    values = """return Array.from(document.querySelectorAll('.overview tbody tr'))
        .map(row => row.cells[arguments[0]].dataset.sort)"""
    everybody = browser.run("return document.querySelectorAll('.overview tbody tr').length")
    for place in range(1, 5):
        button = f".overview thead th:nth-child({place + 1})"
        for direction in ("descending", "ascending"):
            browser.find(f"{button} button").send_keys("\ue007")  # Enter
            time.sleep(0.1)
            assert browser.find(button).get_attribute("aria-sort") == direction
            found = browser.run(values, place)
            held = [float(value) for value in found if value]
            assert held == sorted(held, reverse=direction == "descending")
            # what has no score comes last, either way
            assert found == [*filter(None, found), *[""] * found.count("")]
            assert len(found) == everybody
        assert browser.run("return document.querySelectorAll('.overview [aria-sort]').length") == 1
    # people stand among the models, where their number belongs
    browser.find(".overview thead th:nth-child(3) button").send_keys("\ue007")
    time.sleep(0.1)
    order = browser.run(values, 2)
    people = browser.run("return document.querySelector('.overview .people').rowIndex - 1")
    held = [float(value) for value in order if value]
    assert held[people] == float(browser.run("return document.querySelector('.overview .people')"
                                             ".cells[2].dataset.sort"))  # fmt: skip
    assert held[0] > held[people] > held[-1] or held[people] in (held[0], held[-1])
    assert not browser.overflow()
    quiet_page()


def test_the_entry_to_cite_is_copied(
    browser: Browser, site: Path, quiet_page: Callable[[], None]
) -> None:
    browser.open(site / "index.html")
    browser.find("[data-copy]").click()
    assert browser.find("[data-copy]").text in ("Copied", "Selected: press Ctrl+C")
    assert browser.run("return getSelection().toString()").startswith("@software{brainbench,")
    quiet_page()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_filters(
    browser: Browser, site: Path, size: tuple[int, int], quiet_page: Callable[[], None]
) -> None:
    browser.open(site / "alignment.html", size)
    choose = """const [name, value] = arguments;
        const field = document.querySelector('form.filters').elements[name];
        field.value = value; field.dispatchEvent(new Event('input', {bubbles: true}));
        field.dispatchEvent(new Event('change', {bubbles: true}));"""
    told = "return document.querySelector('form.filters output').textContent"
    assert browser.run(told) == "9 entries"
    browser.run(choose, "family", "qwen3")
    assert sorted(names(browser)) == ["synthetic-0001", "synthetic-0004", "synthetic-0007"]
    assert browser.run(told) == "3 of 9 entries"
    browser.run(choose, "text", "0004")
    assert names(browser) == ["synthetic-0004"]
    browser.find("form.filters button[type=reset]").click()
    time.sleep(0.1)
    assert len(names(browser)) == 9
    browser.run(choose, "size", "10 to 100 billion")
    assert sorted(names(browser)) == ["synthetic-0002", "synthetic-0005"]
    browser.run(choose, "size", "")
    # nobody's ranking is mixed with another protocol's
    browser.run(choose, "ranking", "alignment-published")
    assert names(browser) == []
    assert names(browser, "alignment-published") == ["synthetic-0008"]
    assert browser.run("return location.hash") == "#alignment-published"
    quiet_page()


def test_an_address_opens_its_ranking(browser: Browser, site: Path) -> None:
    browser.open(f"{(site / 'alignment.html').as_uri()}#alignment-published")
    assert names(browser, "alignment-published") == ["synthetic-0008"]
    assert names(browser) == []
    assert (
        browser.find("form.filters select[name=ranking]").get_property("value")
        == "alignment-published"
    )


def test_runs_are_filtered_by_protocol(browser: Browser, site: Path) -> None:
    browser.open(site / "runs.html")
    count = """return Array.from(document.querySelectorAll('tbody tr'))
        .filter(row => row.offsetParent !== null).length"""
    assert browser.run(count) == 10
    browser.run(
        """const field = document.querySelector('form.filters').elements.protocol;
        field.value = 'published'; field.dispatchEvent(new Event('input', {bubbles: true}))"""
    )
    assert browser.run(count) == 1


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_links_lead_from_page_to_page(
    browser: Browser, site: Path, size: tuple[int, int], quiet_page: Callable[[], None]
) -> None:
    browser.open(site / "index.html", size)
    for selector, title in (
        ("main .note a", "Alignment"),
        ("[data-panel=alignment] tbody th a", "synthetic-000"),
        ("tbody th a", "xiao2026."),
        ("tbody th a", "synthetic-"),
        ("nav li:nth-child(4) a", "Accuracy"),
        ("nav li:first-child a", "brainbench"),
    ):
        link: Any = browser.find(selector)
        browser.run("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", link)
        time.sleep(0.2)
        assert browser.run("return document.title").startswith(title), (selector, title)
    quiet_page()


def test_a_script_in_a_name_stays_text(
    browser: Browser, site: Path, quiet_page: Callable[[], None]
) -> None:
    evil = next(path for path in site.glob("models/own-run*"))
    for page in (site / "index.html", site / "alignment.html", site / "runs.html", evil):
        browser.open(page)
        assert EVIL in browser.run("return document.body.textContent"), page
        assert browser.run("return document.title") != "owned"
        assert browser.run("return document.scripts.length") == 2
        assert browser.run("return document.images.length") == 0
    quiet_page()


def test_a_script_that_came_through_would_not_run(browser: Browser, site: Path) -> None:
    """The policy of the pages, should escaping ever fail."""
    page = site / "broken.html"
    text = (site / "runs.html").read_text("utf-8")
    page.write_text(text.replace("<main", f"{EVIL}<main"), "utf-8")
    try:
        browser.open(page)
        assert browser.run("return document.title") == "All runs · brainbench"
        assert any("Content Security Policy" in line for line in browser.console())
    finally:
        page.unlink()


def test_without_scripts_everything_is_there(browser: Browser, site: Path) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(site / "alignment.html")
        assert browser.find("[data-panel=alignment]").is_displayed()
        assert browser.find("[data-panel=alignment-published]").is_displayed()
        assert not browser.find("form.filters").is_displayed()
        browser.open(site / "index.html")
        assert browser.find(".overview tbody tr").is_displayed()
        assert not browser.find("[data-copy]").is_displayed()
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)
