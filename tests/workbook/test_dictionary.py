from __future__ import annotations

from pathlib import Path

import pytest

from workbook import dictionary
from workbook.dictionary import data_dictionary, describe
from workbook.schema import KINDS
from workbook.tables import TABLES

WRITTEN = Path(__file__).parents[2] / "docs" / "data-dictionary.md"


def test_the_dictionary_in_the_docs_is_the_declaration() -> None:
    assert WRITTEN.read_text(encoding="utf-8") == data_dictionary("zh-CN"), "run python -m workbook.dictionary"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_has_an_entry_of_its_own(kind: type) -> None:
    assert kind in describe.registry


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_every_column_is_described_once(lang: str) -> None:
    text = data_dictionary(lang)
    for table in TABLES:
        assert f"## {table.label.get(lang)}\n" in text
        block = text.split(f"## {table.label.get(lang)}\n")[1].split("\n## ")[0]
        for name, column in table.columns.items():
            rows = [line for line in block.splitlines() if f"| `{name}` |" in line]
            assert len(rows) == 1
            assert rows[0].startswith(f"| {column.label.get(lang)} | ")
            assert column.owner.value.get(lang) in rows[0] and column.level.value.get(lang) in rows[0]


def test_every_row_of_the_dictionary_has_the_same_number_of_cells() -> None:
    rows = [line for line in data_dictionary().splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {len(dictionary.HEADS) + 1}


def test_the_command_writes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "dictionary.md"
    monkeypatch.setattr("sys.argv", ["dictionary", str(target)])
    dictionary.main()
    assert target.read_text(encoding="utf-8") == data_dictionary("zh-CN")
