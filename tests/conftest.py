"""Owns which tools the tests need: missing ones skip outside CI, fail inside it, and what was not proved is listed."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).parent


def _validator() -> bool:
    return any((HERE / "validator" / "node_modules" / ".bin").glob("ooxml-validator*"))


TOOLS = {
    "browser": (
        "Chromium",
        lambda: bool(shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")),
    ),
    "pyodide": (
        "Node and Pyodide",
        lambda: bool(shutil.which("node")) and (HERE / "addin" / "pyodide" / "node_modules" / "pyodide").is_dir(),
    ),
    "libreoffice": ("LibreOffice", lambda: bool(shutil.which("soffice"))),
    "validator": ("Node and the Open XML validator", _validator),
}
_unproved: Counter[str] = Counter()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for the whole run; a second one cannot be driven beside it."""
    from playwright.sync_api import expect, sync_playwright

    from tests.chromium import launch

    expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    in_ci = bool(os.environ.get("CI"))
    missing = {marker: name for marker, (name, there) in TOOLS.items() if not there()}
    if in_ci and missing:
        pytest.exit(f"CI forbids skips, and these are missing: {', '.join(missing.values())}", returncode=3)
    for item in items:
        for marker in set(missing) & {mark.name for mark in item.iter_markers()}:
            item.add_marker(pytest.mark.skip(reason=f"{missing[marker]} is not installed"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _unproved[reason.removeprefix("Skipped: ")] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _unproved:
        terminalreporter.section("not proved on this machine")
        for reason, count in _unproved.most_common():
            terminalreporter.write_line(f"{count} promises: {reason}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if os.environ.get("CI") and _unproved and exitstatus == 0:
        session.exitstatus = 1
