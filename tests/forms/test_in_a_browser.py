"""What people see and touch, in a real browser against the server that ships."""

from __future__ import annotations

import gzip
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from forms_server.catalog import FORMS
from forms_server.inbox import Inbox
from tests.forms.conftest import CANDIDATE, INCIDENT, PDF, PNG

pytestmark = pytest.mark.browser
SLUGS = [form.slug for form in FORMS]
Open = Callable[..., Page]

# Every visible text against the first opaque ground behind it, by the formula of WCAG 2.1; a list of what fails.
CONTRAST = """() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = e => { for (; e; e = e.parentElement) {
    const [r, g, b, a = 1] = parse(getComputedStyle(e).backgroundColor);
    if (a === 1 && r !== undefined) return [r, g, b];
  } return [255, 255, 255]; };
  const bad = [], seen = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let count = 0;
  const look = (e, words) => {
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    if (style.visibility === 'hidden' || box.width < 2 || style.clipPath !== 'none' || e.closest('.vh')) return;
    let on = e.parentElement && e.closest('.seg') && e.closest('span') ? e.closest('span') : e;
    const a = light(parse(style.color)), b = light(ground(on)), ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    count++;
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${style.color} ${words.trim().slice(0, 30)}`);
    if (parseFloat(style.fontSize) < 16) bad.push(`${style.fontSize} ${words.trim().slice(0, 30)}`);
  };
  while (seen.nextNode()) if (seen.currentNode.textContent.trim()) look(seen.currentNode.parentElement, seen.currentNode.textContent);
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea')) if (e.offsetParent) look(e, e.name);
  return {count, bad};
}"""

# Everything that can be pressed; a radio or checkbox is pressed through its label. Links inside a sentence are exempt
# (WCAG 2.5.8), but ours in lists, headers and summaries are not.
TARGETS = """() => {
  const small = [];
  for (const e of document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea')) {
    if (e.classList.contains('vh') || e.classList.contains('skip') || !e.offsetParent) continue;
    let box = e.getBoundingClientRect();
    if (e.matches('[type=radio], [type=checkbox]')) box = e.closest('label').getBoundingClientRect();
    if (e.matches('h3 a')) box = e.closest('.card').getBoundingClientRect();
    if (e.matches('.note a')) continue;
    if (box.height < 43.9 || box.width < 43.9) small.push(`${box.width}×${box.height} ${e.name || e.textContent}`);
  }
  return small;
}"""


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        made.append(browser.new_context(**{"locale": "zh-CN", "viewport": {"width": 1280, "height": 900}, **options}))
        return made[-1]

    yield make
    for context in made:
        context.close()


@pytest.fixture
def opened(contexts: Callable[..., BrowserContext], address: str) -> Iterator[Open]:
    """Open a path. An error in the browser's console, a request elsewhere or a dialog fails the test."""
    complaints: list[str] = []

    def open_(path: str, **options: Any) -> Page:
        page = contexts(**options).new_page()
        page.on("console", lambda message: heard(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(address) else heard(request.url))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(address + path)
        return page

    def heard(words: str) -> None:
        if "status of 4" not in words and "ERR_FAILED" not in words:  # the browser's own remarks on our answers
            complaints.append(words)

    yield open_
    assert complaints == []


def fill(page: Page, answers: dict[str, str], **changes: str) -> None:
    for name, text in {**answers, **changes}.items():
        control = page.locator(f"[name={name}]").first
        kind = control.get_attribute("type") or control.evaluate("e => e.tagName.toLowerCase()")
        if kind in ("radio", "checkbox"):
            page.locator(f"[name={name}][value={text}]").check()
        elif kind == "select":
            control.select_option(text)
        else:
            control.fill(text)


def press(page: Page) -> None:
    page.locator("#the-form .acts .btn").click()
    page.wait_for_load_state()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_candidate_fills_in_the_form_with_a_file_and_gets_a_receipt(opened: Open, inbox: Inbox, script: bool) -> None:
    page = opened("/forms/candidate", java_script_enabled=script)
    fill(page, CANDIDATE)
    page.locator("#certificates_file").set_input_files(
        [{"name": "执照.pdf", "mimeType": "application/pdf", "buffer": PDF}]
    )
    if script:
        page.locator("#certificates_file-files input[type=hidden]").wait_for(state="attached")
    press(page)
    assert re.search(r"/receipts/([0-9A-Z]{4}-){4}[0-9A-Z]{4}$", page.url), page.locator(".summary").all_inner_texts()
    code = page.url.rsplit("/", 1)[1]
    assert page.locator(".rcpt").inner_text().replace("\n", "") == code
    assert page.locator("h1").inner_text() == "已收到您的资料"
    assert page.locator(".qr svg path").count()
    stored = inbox.all()[0].values
    assert stored["credit_code"] == "91110000600037341L"
    assert [ref["name"] for ref in stored["certificates_file"]] == ["执照.pdf"]
    page.goto(page.url.split("/receipts")[0])
    page.locator("#code").fill(code.lower().replace("-", " "))
    page.locator("#code").press("Enter")
    page.wait_for_url(f"**/receipts/{code.lower().replace('-', '%20')}")
    assert page.locator(".rcpt").inner_text().replace("\n", "") == code


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_errors_come_first_lead_to_the_field_and_keep_words_and_files(opened: Open, inbox: Inbox, script: bool) -> None:
    page = opened("/forms/candidate", java_script_enabled=script)
    fill(page, CANDIDATE, credit_code="91110000600037341M")
    page.locator("#profile_file").set_input_files([{"name": "介绍.png", "mimeType": "image/png", "buffer": PNG}])
    if script:
        page.locator("#profile_file-files input[type=hidden]").wait_for(state="attached")
    press(page)
    summary = page.locator(".summary")
    assert summary.is_visible() and "末位校验不符" in summary.inner_text()
    if script:
        assert page.evaluate("document.activeElement.className") == "summary"
    summary.locator("a").first.click()
    assert page.evaluate("document.activeElement.id") == "credit_code" if script else page.url.endswith("#credit_code")
    assert page.locator("#legal_name").input_value() == CANDIDATE["legal_name"]
    assert "介绍.png" in page.locator("#profile_file-files").inner_text()
    assert page.locator("#credit_code").get_attribute("aria-invalid") == "true"
    page.locator("#credit_code").fill(CANDIDATE["credit_code"])
    press(page)
    assert "/receipts/" in page.url
    assert inbox.all()[0].values["profile_file"][0]["name"] == "介绍.png"


def test_files_go_up_one_by_one_a_refused_one_says_why_and_any_can_be_removed(opened: Open, inbox: Inbox) -> None:
    page = opened("/forms/candidate")
    fill(page, CANDIDATE)
    page.locator("#cases_file").set_input_files([
        {"name": "一.pdf", "mimeType": "application/pdf", "buffer": PDF},
        {"name": "假.pdf", "mimeType": "application/pdf", "buffer": b"MZ"},
        {"name": "二.png", "mimeType": "image/png", "buffer": PNG},
    ])  # fmt: skip
    expect(page.locator("#cases_file-files li")).to_have_count(3)
    expect(page.locator("#cases_file-files li[data-pending]")).to_have_count(0)
    assert "不是完整的 PDF" in page.locator("#cases_file-files .refused").inner_text()
    page.locator("#profile_file").set_input_files([{"name": "三.pdf", "mimeType": "application/pdf", "buffer": PDF}])
    expect(page.locator("#profile_file-files input[type=hidden]")).to_have_count(1)
    page.locator("#cases_file-files li", has_text="一.pdf").get_by_role("button").click()
    page.wait_for_load_state()
    assert page.locator(".summary").count() == 0
    press(page)
    assert "/receipts/" in page.url, page.locator(".summary").all_inner_texts()
    values = inbox.all()[0].values
    assert [ref["name"] for ref in values["cases_file"]] == ["二.png"]
    assert [ref["name"] for ref in values["profile_file"]] == ["三.pdf"]


def test_a_file_that_did_not_get_through_is_never_left_behind_in_silence(opened: Open, inbox: Inbox) -> None:
    page = opened("/forms/incident")
    fill(page, INCIDENT)
    page.route("**/forms/incident*", lambda route: route.abort())
    page.locator("#evidence_file").set_input_files([{"name": "一.pdf", "mimeType": "application/pdf", "buffer": PDF}])
    expect(page.locator("#evidence_file-files .error")).to_have_text("没有传完，请重试")
    page.unroute("**/forms/incident*")
    page.locator("#the-form .acts .btn").click()
    assert "没有传完" in page.locator("#the-form .acts .btn").inner_text() and not inbox.all()
    page.locator("#evidence_file-files").get_by_role("button", name="重试").click()
    expect(page.locator("#evidence_file-files input[type=hidden]")).to_have_count(1)
    press(page)
    assert inbox.all()[0].values["evidence_file"][0]["name"] == "一.pdf"


def test_a_printed_receipt_is_one_page(opened: Open) -> None:
    page = opened("/forms/candidate")
    fill(page, CANDIDATE)
    press(page)
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) == 1


def test_changing_the_language_keeps_everything_that_was_typed(opened: Open, inbox: Inbox) -> None:
    page = opened("/forms/candidate")
    fill(page, CANDIDATE)
    page.get_by_role("button", name="English").click()
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").inner_text() == "Supplier application"
    assert page.locator("#main_business").input_value() == CANDIDATE["main_business"]
    press(page)
    assert page.locator("h1").inner_text() == "Your application has arrived"
    assert len(inbox.all()) == 1


def test_the_enter_key_sends_the_form_and_never_switches_the_language(opened: Open) -> None:
    page = opened("/forms/incident")
    page.locator("#reporter").press("Enter")
    page.wait_for_load_state()
    assert page.locator(".summary").is_visible()
    assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_an_impatient_second_press_is_one_submission(opened: Open, inbox: Inbox) -> None:
    page = opened("/forms/candidate")
    fill(page, CANDIDATE)
    page.locator("#the-form .acts .btn").dblclick()
    page.wait_for_url("**/receipts/*")
    assert len(inbox.all()) == 1


def test_a_question_hangs_below_its_option_and_shows_only_with_it(opened: Open) -> None:
    page = opened("/forms/candidate")
    assert not page.locator("#licence_until").is_visible()
    page.locator("[name=licence_term][value=dated]").check()
    assert page.locator("#licence_until").is_visible()
    page.locator("[name=licence_term][value=open]").check()
    assert not page.locator("#licence_until").is_visible()


@pytest.mark.parametrize(("typed", "echo"), [
    ("12,345.6", "即 123,456,000.00 元"), ("1", "即 10,000.00 元"), ("-0.5", "即 -5,000.00 元"), ("０", "即 0.00 元"),
    ("0.000001", "即 0.01 元"), ("0.0000001", ""), ("abc", ""),
])  # fmt: skip
def test_an_amount_in_ten_thousands_is_said_in_yuan_while_typing(opened: Open, typed: str, echo: str) -> None:
    page = opened("/forms/candidate")
    page.locator("#profit").fill(typed)
    assert page.locator("#profit-echo").text_content() == echo


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize("width", [320, 390, 700, 1280])
@pytest.mark.parametrize("slug", SLUGS)
def test_nothing_scrolls_sideways_and_every_target_is_large_enough(opened: Open, slug: str, width: int, lang: str) -> None:  # fmt: skip
    page = opened(f"/forms/{slug}?lang={lang}", viewport={"width": width, "height": 800})
    for _ in range(2):  # empty, then with every error
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(TARGETS) == []
        press(page)
    assert page.locator(".summary").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("slug", SLUGS)
def test_all_text_is_readable_in_light_and_dark_and_never_small(opened: Open, slug: str, scheme: str) -> None:
    page = opened(f"/forms/{slug}", color_scheme=scheme, viewport={"width": 700, "height": 900})
    for _ in range(2):
        found = page.evaluate(CONTRAST)
        assert found["bad"] == [] and found["count"] > 40
        for radio in page.locator(".seg input[value='4']").all():
            radio.check()
        assert page.evaluate(CONTRAST)["bad"] == []
        press(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_other_pages_keep_the_same_promises(opened: Open, inbox: Inbox, scheme: str) -> None:
    page = opened("/forms/candidate", color_scheme=scheme)
    fill(page, CANDIDATE)
    press(page)
    receipt = page.url
    inbox.move(inbox.all(), "confirmed")
    inbox.show({inbox.all()[0].id: {"status": "退回补正", "reply": "请补案例\n<b>谢谢</b>"}})
    for url in (
        receipt,
        receipt.split("/receipts")[0] + "/",
        receipt[:-4] + "ZZZZ",
        receipt.split("/receipts")[0] + "/privacy",
    ):
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(url)
            assert page.evaluate(CONTRAST)["bad"] == []
            assert page.evaluate(TARGETS) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_staff_type_heads_the_receipt_page_as_of_their_last_save(opened: Open, inbox: Inbox) -> None:
    from datetime import UTC, datetime

    page = opened("/forms/candidate")
    fill(page, CANDIDATE)
    press(page)
    assert "正在转给经办人" in page.locator("[data-where=waiting]").inner_text()
    assert page.locator("[data-as-of]").count() == 0
    inbox.explain("工作簿 secret-name.xlsx 正在 Excel 中打开")
    page.reload()
    assert page.locator("[data-where=blocked]").count() == 1 and "secret-name" not in page.content()
    inbox.move(inbox.all(), "confirmed")
    inbox.show({inbox.all()[0].id: {"status": "退回补正", "reply": "请补案例 <b>x</b>"}})
    # 02:32 UTC is 10:32 in Beijing, the zone of a book without a setting of its own
    inbox.saw(generation=1, fingerprint="", saved_at=datetime(2026, 11, 20, 2, 32, tzinfo=UTC), profile={})
    page.reload()
    assert page.locator("h1").inner_text() == "退回补正"
    assert "请补案例 <b>x</b>" in page.locator(".typed").inner_text()
    assert "截至 11 月 20 日（周五）10:32" in page.locator("[data-as-of]").inner_text()
    assert page.locator("[aria-current=step] h3").inner_text() == "资料审阅 退回补正"
    inbox.move(inbox.all(), "deleted")
    page.reload()
    assert "移出工作簿" in page.locator("h1").inner_text()


@pytest.mark.parametrize("path", ["/", "/forms/candidate", "/forms/satisfaction"])
def test_the_first_page_is_at_most_60_kb_on_the_wire(opened: Open, address: str, path: str) -> None:
    page = opened(path)
    urls = [url for url in page.evaluate("performance.getEntriesByType('resource').map(e => e.name)") if address in url]
    assert len(urls) >= 2
    total = 0
    for url in {address + path, *urls}:
        request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
            total += len(body) + len(str(answer.headers))
            assert answer.headers.get("Content-Encoding") == "gzip" and gzip.decompress(body)
    assert total < 60_000
