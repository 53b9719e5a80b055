"""What the benchmark promises: each program really makes the same change, so that their times may be compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.writeback import HEADERS, TITLES, WORK, build, file_system, measured, new_row, table
from tests.fidelity.reading import by_calamine, table_areas


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("benchmark") / "source.xlsx"
    build(path, 40)
    return path


@pytest.mark.parametrize("name", ["append", "openpyxl"])
def test_a_row_appended_by_either_is_the_same_row(name: str, source: Path, tmp_path: Path) -> None:
    WORK[name](source, tmp_path / "target.xlsx")
    data = (tmp_path / "target.xlsx").read_bytes()
    cells = by_calamine(data)
    # The last column holds dates: our row takes its format over, so calamine shows its number as one.
    assert [cells["数据", 42, column] for column in range(1, 12)] == list(new_row(1).values())[:-1]
    assert cells["数据", 41, 1] == "K-0000040"
    assert table_areas(data) == {"tblBig": "A1:L42"}


def test_an_upsert_changes_the_row_of_its_key(source: Path, tmp_path: Path) -> None:
    WORK["upsert"](source, tmp_path / "target.xlsx")
    cells = by_calamine((tmp_path / "target.xlsx").read_bytes())
    assert (cells["数据", 8, 1], cells["数据", 8, 2]) == ("K-0000007", "改")
    assert len({place[1] for place in cells}) == 41
    assert len(HEADERS) == 12


def test_times_ratios_and_memory_are_told_for_each(source: Path, tmp_path: Path) -> None:
    found = measured(source, tmp_path, 1)
    told = table(found)
    assert all(title in told for title in TITLES.values())
    assert all(len(one.seconds) == 1 and one.median > 0 and one.peak >= 0 for one in found.values())
    assert found["openpyxl"].peak > 5 > found["copy"].peak
    assert file_system(tmp_path)
