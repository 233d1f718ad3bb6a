"""The page in a real browser: quiet, closed, readable at any width, searched, printed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from math import exp
from pathlib import Path

import numpy as np
import pytest
from browser_fixtures import DESKTOP, PHONE, Browser
from scorecards import passed, record_of
from simulated_behavior import AnsweringFake, grouped, hesitant, sharing
from simulated_records import answers, empty, full, published, samples, write_run

from brainbench.benchmarks import DifficultyBenchmark, OtherScore, score_difficulty
from brainbench.results.report import write_report

pytest.importorskip("selenium", reason="needs selenium: install the test extra")
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

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


def _difficulty() -> list[OtherScore]:
    made = empty()
    groups = np.array(["adults"] * 4 + ["children"] * 6)
    behavior = grouped(sharing(0.7, n_people=10), groups, np.arange(10, 20, dtype=float))
    given = AnsweringFake(hesitant).answer(behavior.problems)
    for score in score_difficulty([DifficultyBenchmark("deduction73", "all")], behavior, given):
        made.add(score)
    return made.other


def _others() -> list[OtherScore]:
    """Of a plugin's kind."""
    return [
        OtherScore(
            kind="toy", benchmark=f"lab.{'x' * 60}.toy", version=1, dataset="lab", value=0.5,
            notes=(), score={"version": 1, "r": 0.5},
        )
    ]  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    record = full()
    record.model.identifier = SCRIPT
    record.notes = [SCRIPT, "https://example.com/" + "x" * 300]
    record.add(published("deductive_reasoning", "all"))
    record.add(passed("run", "position"))
    record.other += [*_difficulty(), *_others()]
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
    kinds = browser.run("return [...document.querySelectorAll('main > section')].map((s) => s.id)")
    assert kinds == [
        "scorecard", "warnings", "summary", "ladder", "alignment-controlled",
        "alignment-published", "brain", "behavior", "difficulty", "accuracy", "gains", "other",
        "samples", "provenance", "glossary",
    ]  # fmt: skip
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
    # what else is in a script element is data, which no browser runs
    kinds = browser.run("return [...document.scripts].map((one) => one.type)")
    assert sorted(kinds) == ["", "application/json"]


def test_the_policy_stops_what_an_escape_would_let_through(
    browser: Browser, report: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.html"
    text = report.read_text("utf-8").replace("</main>", f"{SCRIPT}</main>", 1)
    broken.write_text(text, "utf-8")
    browser.open(broken)
    assert browser.run("return window.stolen") is None
    assert [line for line in browser.console() if "Content Security Policy" in line]


def choose(browser: Browser, name: str, start: str) -> None:
    """The first option of a filter that begins so."""
    browser.run(
        """const label = [...document.querySelectorAll(".filters label")]
             .find((one) => one.firstChild.textContent.trim() === arguments[0]);
           const select = label.querySelector("select");
           const found = [...select.options].find((one) => one.text.startsWith(arguments[1]));
           select.value = found.value;
           select.dispatchEvent(new Event("change"));""",
        name,
        start,
    )


def listed(browser: Browser) -> list[str]:
    """Names of the items that are listed, read in one step: the list is drawn anew meanwhile."""
    read = "return [...document.querySelectorAll('.item-list .name')].map(e => e.textContent)"
    return [str(text).strip() for text in browser.driver.execute_script(read)]


def status(browser: Browser) -> str:
    return str(browser.find(".filters [role=status]").text)


def test_items_are_filtered_and_searched(
    browser: Browser, report: Path, quiet_page: Callable[[], None]
) -> None:
    browser.open(report)
    every = {name: len(rows) for name, rows in (samples() | {"many": answers(5, n=120)}).items()}
    assert status(browser).startswith(f"{sum(every.values())} of {sum(every.values())} items")
    assert len(listed(browser)) == 50  # the others when they are asked for
    choose(browser, "task", "many")
    field = browser.find(".filters input[type=search]")
    field.send_keys("ITEM-1 true")
    rows = [r for r in answers(5, n=120) if "item-1" in r["id"]]
    rows = [r for r in rows if "True" in (r["label"], r["said"])]
    found = [r["id"] for r in rows]
    # drawn while the words are still being typed
    WebDriverWait(browser.driver, 10).until(lambda _: listed(browser) == found)
    choose(browser, "answer", "wrong")
    wrong = [r["id"] for r in rows if r["said"] != r["label"]]
    assert 0 < len(wrong) < len(rows)
    assert listed(browser) == wrong
    told = f"{len(wrong)} of {sum(every.values())} items, 0 of {len(wrong)} right"
    assert status(browser) == told
    quiet_page()


def test_items_are_sorted_by_how_sure_the_right_answer_is(browser: Browser, report: Path) -> None:
    browser.open(report)
    choose(browser, "task", "many")
    choose(browser, "order", "right answer least")
    rows = answers(5, n=120)
    sure = sorted(rows, key=lambda r: r["log_odds"] * (1 if r["label"] == "True" else -1))
    shown = listed(browser)
    assert shown == [row["id"] for row in sure[:50]]
    button = browser.find(".items > button")
    assert button.text == "Show more: 70 are left"
    button.click()
    assert len(listed(browser)) == 100
    # whoever works with the keyboard goes on where the list went on
    assert browser.run(
        "const items = document.querySelectorAll('.item-list > li');"
        "return document.activeElement.closest('li') === items[50]"
    )


def test_an_item_opens_to_all_that_is_kept_of_it(
    browser: Browser, tmp_path: Path, quiet_page: Callable[[], None]
) -> None:
    hostile = f"</script><!--{SCRIPT}<img src=x onerror='window.stolen = 2'>"
    row = answers(0, n=1)[0] | {
        "id": hostile,
        "arguments": {"gen_args_0": {"arg_0": f"All A are B.\n{hostile}", "arg_1": {}}},
        "resps": [[f"Let me think. {hostile}"]],
        "target": hostile,
        hostile: 1.0,
    }
    folder = write_run(empty(), tmp_path, {"brainbench_quick_a": [row]})
    browser.open(write_report(empty(), folder), PHONE)
    assert browser.find_all(".item-list dl") == []  # made when it is opened
    summary = browser.find(".item-list summary")
    summary.send_keys(Keys.ENTER)
    WebDriverWait(browser.driver, 5).until(lambda _: browser.find_all(".item-list dl"))
    text = browser.find(".item-list dl").text
    for told in ("All A are B.", "Let me think.", "right answer", "log-likelihood -1", hostile):
        assert told in text
    shares = [float(one.get_attribute("value")) for one in browser.find_all(".bars progress")]
    assert shares == pytest.approx([1 / (1 + exp(-1.5)), 1 / (1 + exp(1.5))])
    assert browser.run("return window.stolen") is None
    assert browser.run("return document.querySelectorAll('img[src=x]').length") == 0
    assert browser.overflow() == 0
    quiet_page()


def test_thousands_of_items_stay_quick(browser: Browser, tmp_path: Path) -> None:
    rows = {f"brainbench_quick_{i}": answers(i, n=1000) for i in range(6)}
    browser.open(write_report(empty(), write_run(empty(), tmp_path, rows)))
    assert status(browser).startswith("6000 of 6000 items")
    assert len(browser.find_all(".item-list > li")) == 50
    took = browser.run(
        """const select = document.querySelectorAll(".filters select")[0];
           const start = performance.now();
           select.value = "wrong"; select.dispatchEvent(new Event("change"));
           return performance.now() - start;"""
    )
    assert took < 1000  # a second of a slow and busy machine


def test_without_its_script_a_page_has_the_first_items(browser: Browser, report: Path) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(report)
        rows = browser.find_all("#samples tbody tr")
        assert len(rows) == 20
        assert "needs the script of this page" in browser.find("#samples .first").text
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)


def test_a_term_is_explained_where_it_is_pointed_at_and_in_the_glossary(
    browser: Browser, report: Path
) -> None:
    browser.open(report)
    assert not browser.find("#definition").is_displayed()
    browser.run("document.querySelector('.scorecard a.term').focus()")
    box = browser.find("#definition")
    assert box.is_displayed()
    term = browser.find(".scorecard a.term")
    held = browser.find(f"{browser.run('return arguments[0].hash', term)} dd")
    assert box.text == held.get_attribute("textContent")
    assert term.get_attribute("aria-describedby") == "definition"
    term.send_keys(Keys.ESCAPE)
    assert not box.is_displayed()
    term.send_keys(Keys.ENTER)
    assert browser.run("return location.hash").startswith("#term-")


def test_a_tap_explains_a_term_and_a_second_one_leads_to_the_glossary(
    browser: Browser, report: Path
) -> None:
    browser.open(report, PHONE)
    browser.command("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        browser.run("document.querySelector('.scorecard a.term').scrollIntoView()")
        place = browser.run(
            "const at = document.querySelector('.scorecard a.term').getBoundingClientRect();"
            "return [at.left + 10, at.top + 8];"
        )

        def tap() -> None:
            point = [{"x": place[0], "y": place[1]}]
            browser.command("Input.dispatchTouchEvent", type="touchStart", touchPoints=point)
            browser.command("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

        tap()
        wait = WebDriverWait(browser.driver, 5)
        wait.until(lambda _: browser.find("#definition").is_displayed())
        assert browser.run("return location.hash") == ""
        tap()
        wait.until(lambda _: browser.run("return location.hash").startswith("#term-"))
    finally:
        browser.command("Emulation.setTouchEmulationEnabled", enabled=False)


@pytest.mark.parametrize("run", ["f50c41311891", "1febe7017259", "c94d1ed8716b"])
def test_the_first_screen_has_scorecard_and_picture(
    run: str, browser: Browser, tmp_path: Path
) -> None:
    browser.open(write_report(record_of(run), tmp_path), (1280, 800))
    for selector in ("#scorecard .scorecard", "#scorecard figure svg"):
        bottom = browser.run(
            "return document.querySelector(arguments[0]).getBoundingClientRect().bottom", selector
        )
        assert bottom <= 800, selector


def test_rows_are_cards_on_a_phone_and_say_their_columns(browser: Browser, report: Path) -> None:
    browser.open(report, PHONE)
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    wide = browser.run(
        """return [...document.querySelectorAll("table")].filter((table) =>
             !table.matches(".matrix") && table.offsetWidth > table.closest(".scroll").clientWidth
           ).map((table) => table.caption.textContent)"""
    )
    assert wide == []
    label = browser.run(
        """const cell = document.querySelector("table.stacked td[data-label]:not(.none)");
           return [cell.dataset.label, getComputedStyle(cell, "::before").content];"""
    )
    assert label[1] == f'"{label[0]}"'


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
