"""Seven reviewers at seven browsers score four candidates at the same time; nobody sees another's mark before the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import waitress
from playwright.sync_api import Browser, Dialog, Page, expect

from forms_server.app import ServerSettings, create_app
from forms_server.review_pages import field_name
from tests.forms.scoring import PANEL, Scene, scene
from tests.selection_books import MARKED, TODAY
from workbook.evaluating import evaluate_file
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.tables import Marks, Results

pytestmark = pytest.mark.browser

# The hand-worked sheet. Numbers of every candidate: 30 people, 10 patents, 50 million: bands give 3, 3 and 3.
# All marks m, three banded 3s: S2 25m + S3 16·(6+3m)/5 + S4 8·(3+3m)/4 + (S5..S9) 51m = 91.6m + 25.2, over 5.
#   C-0001  m = 4      →  391.6 / 5 = 78.32
#   C-0002  m = 3      →  300.0 / 5 = 60.00
#   C-0003  m = 31/7   →  (91.6·31/7 + 25.2) / 5 = 86.17142… → 86.17   (three reviewers 5, four reviewers 4)
#   C-0004  m = 4 of six reviewers; R-0007 is recused  →  78.32: an exact tie with C-0001
BY_HAND = {"C-0001": ("78.32", 2), "C-0002": ("60.00", 4), "C-0003": ("86.17", 1), "C-0004": ("78.32", 2)}


def mark(candidate: str, reviewer: str) -> int:
    if candidate == "C-0003":
        return 5 if reviewer in ("R-0001", "R-0002", "R-0003") else 4
    return 3 if candidate == "C-0002" else 4


def words(candidate: str, reviewer: str) -> str:
    return f"{reviewer}看{candidate}的依据"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[tuple[Scene, str]]:
    made = scene(tmp_path, 4, 7)
    app = create_app(ServerSettings(secret=made.house.secret, data=made.house.data), made.house.inbox)
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)

    def run() -> None:
        try:
            server.run()
        except OSError:
            return  # its loop meets the closed socket below

    threading.Thread(target=run, daemon=True).start()
    yield made, f"http://127.0.0.1:{server.effective_port}"
    server.close()


def fill(page: Page, candidate: str, reviewer: str) -> None:
    values = {f"{field_name(i)}.mark": str(mark(candidate, reviewer)) for i in MARKED}
    texts = {f"{field_name(i)}.evidence": words(candidate, reviewer) for i in MARKED}
    page.evaluate(
        """([marks, texts]) => {
        for (const [name, value] of Object.entries(marks)) document.querySelector(`[name="${name}"][value="${value}"]`).checked = true;
        for (const [name, value] of Object.entries(texts)) document.querySelector(`[name="${name}"]`).value = value;
        document.querySelector('#the-form').dispatchEvent(new Event('input', {bubbles: true}));
    }""",
        [values, texts],
    )


def test_seven_browsers_score_four_candidates_and_nobody_sees_another_before_the_end(
    browser: Browser, stage: tuple[Scene, str]
) -> None:
    scene, address = stage
    pages = {reviewer: browser.new_context(locale="zh-CN").new_page() for reviewer in scene.tokens}
    others = {reviewer: [f"{other}看" for other in pages if other != reviewer] for reviewer in pages}

    def nothing_of_others(reviewer: str) -> None:
        content = pages[reviewer].content()
        assert not [text for text in others[reviewer] if text in content], reviewer

    # Everybody works on the same candidate at once: all open, all declare, all type, all send.
    for candidate in BY_HAND:
        for reviewer, page in pages.items():
            page.goto(f"{address}/i/{scene.tokens[reviewer]}/{candidate}")
            recused = (reviewer, candidate) == ("R-0007", "C-0004")
            page.check(f"[name=conflict][value={'yes' if recused else 'no'}]")
            if recused:
                page.fill("#reason", "曾在该公司任职")
            page.click("button[value=declare]")
        for reviewer, page in pages.items():
            if (reviewer, candidate) != ("R-0007", "C-0004"):
                fill(page, candidate, reviewer)
                nothing_of_others(reviewer)
        for reviewer, page in pages.items():
            if (reviewer, candidate) == ("R-0007", "C-0004"):
                continue
            if reviewer == "R-0001":  # one of them watches the page save itself
                expect(page.locator("[data-saved]")).to_contain_text("已自动保存")
            page.click("button[value=send]")
            page.wait_for_url(f"{address}/i/{scene.tokens[reviewer]}")
        scene.house.delivery.run()
        if candidate != "C-0004":
            assert not read_records(Book.read(scene.house.path.read_bytes()), Marks)
            for reviewer, page in pages.items():
                page.reload()
                nothing_of_others(reviewer)
                assert page.locator("[data-score]").count() == 0

    written = read_records(Book.read(scene.house.path.read_bytes()), Marks)
    assert len(written) == (7 * 4 - 1) * len(MARKED)
    for record in written:
        candidate, reviewer = record.text("candidate"), record.text("reviewer")
        assert (record["mark"], record["evidence"]) == (mark(candidate, reviewer), words(candidate, reviewer))
    evaluate_file(scene.house.path, today=TODAY)
    scene.house.delivery.run()
    results = {r.text("candidate"): r for r in read_records(Book.read(scene.house.path.read_bytes()), Results)}
    for candidate, (score, rank) in BY_HAND.items():
        assert (results[candidate]["score"], results[candidate]["rank"]) == (Decimal(score), rank)
    for page in pages.values():
        page.reload()
        for candidate, (score, rank) in BY_HAND.items():
            row = page.locator(f"tr[data-candidate={candidate}]")
            assert (row.get_attribute("data-score"), row.get_attribute("data-rank")) == (score, str(rank))
        assert words("C-0001", "R-0005") in page.content()
        page.context.close()
    assert PANEL in results["C-0001"].key


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_of_reviewers_keep_the_promises_of_the_forms(
    browser: Browser, stage: tuple[Scene, str], width: int, scheme: str
) -> None:
    from tests.forms.test_in_a_browser import CONTRAST, TARGETS

    scene, address = stage
    context = browser.new_context(locale="zh-CN", viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    home = f"{address}/i/{scene.tokens['R-0001']}"

    def look() -> None:
        assert page.evaluate(CONTRAST)["bad"] == []
        assert page.evaluate(TARGETS) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.goto(home)
    look()
    page.goto(f"{home}/C-0001")
    look()
    page.check("[name=conflict][value=no]")
    page.click("button[value=declare]")
    look()
    page.click("button[value=send]")
    assert page.locator(".summary li").count() >= len(MARKED)
    look()
    context.close()


def test_what_has_saved_itself_is_said_in_sight_and_holds_nobody_back(
    browser: Browser, stage: tuple[Scene, str]
) -> None:
    scene, address = stage
    page = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844}).new_page()
    asked: list[str] = []

    def ask(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", ask)
    page.goto(f"{address}/i/{scene.tokens['R-0003']}/C-0001")
    page.check("[name=conflict][value=no]")
    page.click("button[value=declare]")
    page.fill(f"#{field_name(MARKED[0])}-comment", "先写一句")
    saved = page.locator("[data-saved]")
    expect(saved).to_contain_text("已自动保存")
    box = saved.bounding_box()
    assert box is not None and box["y"] + box["height"] <= 844
    page.goto(f"{address}/i/{scene.tokens['R-0003']}")
    assert asked == []
    page.goto(f"{address}/i/{scene.tokens['R-0003']}/C-0001")
    page.fill(f"#{field_name(MARKED[0])}-comment", "再写一句")
    page.click("header button[name=lang]")
    assert page.input_value(f"#{field_name(MARKED[0])}-comment") == "再写一句"
    assert page.locator("html").get_attribute("lang") == "en"
    page.check(f'[name="{field_name(MARKED[0])}.mark"][value="4"]', force=True)
    page.keyboard.press("Enter")  # the key that sends a form only keeps this one
    page.wait_for_load_state()
    expect(page.locator("button[value=send]")).to_be_visible()
    assert not scene.house.inbox.all()
    page.context.close()


def test_without_script_a_sheet_can_be_saved_and_sent(browser: Browser, stage: tuple[Scene, str]) -> None:
    scene, address = stage
    context = browser.new_context(locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/i/{scene.tokens['R-0002']}/C-0002")
    page.check("[name=conflict][value=no]")
    page.click("button[value=declare]")
    for indicator in MARKED:
        page.check(f'[name="{field_name(indicator)}.mark"][value="4"]')
        page.fill(f'[name="{field_name(indicator)}.evidence"]', "访谈")
    page.click("button[value=save]")
    page.click("button[value=send]")
    assert "已提交" in page.locator("[data-state=C-0002]").inner_text()
    context.close()
