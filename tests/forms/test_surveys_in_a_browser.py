"""The anonymous survey on a phone, in a real browser against the server that ships: answered with thumbs, thanked for, leaving nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import waitress
from playwright.sync_api import Browser, expect

from forms_server.app import ServerSettings, create_app
from tests.forms.test_in_a_browser import CONTRAST, TARGETS
from tests.requirement_books import Scene
from tests.survey_books import links, survey_scene, surveys

pytestmark = pytest.mark.browser
PHONE = {"width": 375, "height": 812}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[tuple[Scene, str]]:
    small = survey_scene(tmp_path, {(1, "them"): 6})
    app = create_app(ServerSettings(secret=small.house.secret, data=small.house.data), small.house.inbox)
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)

    def run() -> None:
        try:
            server.run()
        except OSError:
            return  # its loop meets the closed socket below

    threading.Thread(target=run, daemon=True).start()
    yield small, f"http://127.0.0.1:{server.effective_port}"
    server.close()


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_the_page_is_read_answered_and_thanked_for_on_a_phone(
    browser: Browser, stage: tuple[Scene, str], lang: str, tmp_path: Path
) -> None:
    small, address = stage
    token = links(small)["PP-0001"]
    context = browser.new_context(viewport=PHONE, has_touch=True, locale=lang)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/i/{token}")
    expect(page.locator("[data-way=anonymous]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate(CONTRAST)["bad"] == [] and page.evaluate(TARGETS) == []
    page.screenshot(path=tmp_path / "survey.png", full_page=True)
    page.locator(".acts .btn").click()
    expect(page.locator(".summary li")).to_have_count(6)  # five topics and the declaration, each a link to its field
    for name in ("goals", "communication", "delivery", "mutuality"):
        page.locator(f"input[name={name}][value='4']").check()
    page.locator("input[name=problem_solving][value=na]").check()
    page.locator("#strengths").fill("回复快")
    page.locator("input[name=consent]").check()
    page.locator(".acts .btn").click()
    expect(page.locator("[data-survey=thanks]")).to_be_visible()
    assert page.evaluate(CONTRAST)["bad"] == [] and page.evaluate("document.documentElement.scrollWidth") <= 375
    page.screenshot(path=tmp_path / "thanks.png")
    page.reload()
    expect(page.locator("[data-survey=thanks]")).to_be_visible()
    assert surveys(small).store.pending().total() == 1 and small.house.inbox.all() == []
    context.close()
