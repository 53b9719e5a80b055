"""Owns the start of the browser for every test and picture that looks at pages."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


def launch(playwright: Playwright, env: dict[str, str | float | bool] | None = None) -> Browser:
    """The browser of this machine."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return playwright.chromium.launch(executable_path=found, args=ARGS, env=env)
