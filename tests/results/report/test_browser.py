"""The page in a real browser: quiet, closed, readable at any width, searched, printed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from browser_fixtures import DESKTOP, PHONE, Browser
from simulated_records import answers, empty, full, published, samples, write_run

from brainbench.results.report import write_report

SCRIPT = "<script>window.stolen = 1</script>"
# contrast that WCAG 2.2 asks for at level AA, of small text
CONTRAST = """
const light = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const parts = (text) => text.match(/[\\d.]+/g).map(Number);
const ground = (one) => {
  for (let at = one; at; at = at.parentElement) {
    const colour = parts(getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const found = [];
const all = "p, li, th, td, summary, figcaption, a, dt, dd, text";
for (const one of document.querySelectorAll(all)) {
  if (!one.textContent.trim() || !one.getClientRects().length) continue;
  const style = getComputedStyle(one);
  const drawn = one instanceof SVGElement;
  const [a, b] = [light(parts(drawn ? style.fill : style.color)), light(ground(one))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) found.push(`${one.tagName} ${one.className} ${ratio.toFixed(2)}`);
}
return [...new Set(found)];
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    record = full()
    record.model.identifier = SCRIPT
    record.notes = [SCRIPT, "https://example.com/" + "x" * 300]
    record.add(published("deductive_reasoning", "all"))
    rows = samples() | {"many": answers(5, n=120)}
    return write_report(record, write_run(record, folder, rows))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_is_asked_for_and_the_page_does_not_scroll_sideways(
    size: tuple[int, int],
    dark: bool,
    browser: Browser,
    report: Path,
    quiet_page: Callable[[], None],
) -> None:
    browser.open(report, size, dark=dark)
    assert browser.run("return innerWidth") == size[0]
    assert browser.overflow() == 0
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.overflow() == 0
    assert browser.run(CONTRAST) == []
    quiet_page()


def test_a_script_in_a_name_stays_text(browser: Browser, report: Path) -> None:
    browser.open(report)
    assert browser.run("return window.stolen") is None
    assert browser.find("h1").text == SCRIPT
    assert browser.driver.title.startswith(SCRIPT)
    assert browser.run("return document.scripts.length") == 1


def test_the_policy_stops_what_an_escape_would_let_through(
    browser: Browser, report: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.html"
    text = report.read_text("utf-8").replace("</main>", f"{SCRIPT}</main>", 1)
    broken.write_text(text, "utf-8")
    browser.open(broken)
    assert browser.run("return window.stolen") is None
    assert [line for line in browser.console() if "Content Security Policy" in line]


def test_rows_are_searched_by_words(
    browser: Browser, report: Path, quiet_page: Callable[[], None]
) -> None:
    browser.open(report)
    folded = next(d for d in browser.find_all("#samples details") if "many" in d.text)
    folded.find_element("css selector", "summary").click()
    field = folded.find_element("css selector", "input[type=search]")
    field.send_keys("ITEM-11 base-5")
    rows = folded.find_elements("css selector", "tbody tr")
    # item-11, and item-110 to item-119 where the problem's number begins with 5
    shown = [row.text for row in rows if row.is_displayed()]
    assert len(shown) == 11
    assert all("item-11" in text for text in shown)
    assert folded.find_element("css selector", "[role=status]").text == "11 of 120 rows"
    field.clear()
    field.send_keys(" ")
    assert all(row.is_displayed() for row in rows)
    quiet_page()


def test_links_lead_to_their_parts(browser: Browser, report: Path) -> None:
    browser.open(report, PHONE)
    browser.find("nav a[href='#provenance']").click()
    top = browser.run("return document.getElementById('provenance').getBoundingClientRect().top")
    assert -1 < top < PHONE[1]  # parts of a pixel


def test_a_wide_table_scrolls_inside_its_box(browser: Browser, report: Path) -> None:
    browser.open(report, PHONE)
    widths = browser.run(
        "return [...document.querySelectorAll('.scroll')]"
        ".filter((box) => box.querySelector('table') && box.scrollWidth > box.clientWidth)"
        ".map((box) => [box.clientWidth, getComputedStyle(box).overflowX, box.tabIndex])"
    )
    assert widths
    assert all(w <= PHONE[0] and over == "auto" and tab == 0 for w, over, tab in widths)


def test_what_is_folded_is_printed(browser: Browser, report: Path) -> None:
    browser.open(report)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run("return document.querySelectorAll('details:not([open])').length") == 0
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run("return document.querySelectorAll('details[open]').length") == 0
    # and without the script: by the style alone
    browser.command("Emulation.setEmulatedMedia", media="print")
    heights = browser.run(
        "return [...document.querySelectorAll('details table')].map((t) => t.offsetHeight)"
    )
    assert all(height > 0 for height in heights)
    assert not browser.find("nav").is_displayed()
    pdf = base64.b64decode(browser.command("Page.printToPDF")["data"])
    assert pdf.startswith(b"%PDF")


def test_an_empty_run_is_a_page_too(
    browser: Browser, tmp_path: Path, quiet_page: Callable[[], None]
) -> None:
    browser.open(write_report(empty(status="started"), tmp_path), PHONE)
    assert "This run has no scores yet." in browser.find("#summary").text
    assert browser.overflow() == 0
    quiet_page()
