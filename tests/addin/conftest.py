"""The spreadsheets that the tests drive: a file through openpyxl, the same as a script of Lite sees it, and a live Calc."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import xlwings as xw

from addin.engines import openpyxl_engine

MODES = ("openpyxl", "openpyxl stale", pytest.param("calc", marks=pytest.mark.libreoffice))


@pytest.fixture(scope="session")
def office() -> Iterator[str]:
    """The address of one LibreOffice for the whole run: tests join it, so that none waits for a start of its own."""
    from addin.engines.calc_office import Office

    started = Office(None, False)
    yield started.address
    started.close()


def spreadsheet(name: str, request: pytest.FixtureRequest) -> xw.Engine:
    """The engine of that name, active."""
    if name == "calc":
        from addin.engines import calc_engine

        return calc_engine.register(connect=request.getfixturevalue("office"))
    return openpyxl_engine.register(stale=name.endswith("stale"), may_overwrite=True)


@pytest.fixture(params=MODES)
def engine(request: pytest.FixtureRequest) -> Iterator[xw.Engine]:
    """Each engine in turn, active; whatever a test leaves open is closed without saving."""
    before = xw.engines.active
    found = spreadsheet(request.param, request)
    yield found
    for app in list(found.apps):
        app.quit()
    xw.engines.active = before


@pytest.fixture
def app(engine: xw.Engine) -> Any:
    """A program of the engine without a book."""
    return xw.App(add_book=False)
