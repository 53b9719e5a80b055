"""The mapping file: previewed, edited, given back; and what is said when nothing can be made of a file."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from click.testing import CliRunner

from tests.adopting.old_books import candidate_list, encrypted_workbook, scoring_by_reviewer, supplier_list
from tests.adopting.reading import adopt, rows_of
from workbook.adopting.mapping import KINDS
from workbook.cli import main


@pytest.fixture
def suppliers(tmp_path: Path) -> Path:
    return supplier_list(tmp_path / "供应商名录.xlsx")


def written(path: Path, *sheets: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"sheets": sheets}, ensure_ascii=False), encoding="utf-8")
    return path


def refusal(old: Path, *words: str | Path) -> str:
    done = adopt(old, *words)
    assert done.code == 1, done.said
    return str(done.data["error"]["message"])


def test_a_preview_writes_the_mapping_and_no_book(suppliers: Path, tmp_path: Path) -> None:
    done = adopt(suppliers, "-o", tmp_path / "簿.xlsx", "--preview")
    assert done.code == 0 and done.data["book"] is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["供应商名录.xlsx", "簿.mapping.json"]
    assert done.data["counts"]["rows"] == 18


def test_without_a_book_it_is_a_preview(suppliers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert adopt(suppliers).code == 0
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["供应商名录.mapping.json"]


def test_the_mapping_is_shown_as_a_table_with_every_column_and_the_counts(suppliers: Path, tmp_path: Path) -> None:
    found = CliRunner().invoke(main, ["adopt", str(suppliers), "-o", str(tmp_path / "簿.xlsx")])
    assert found.exit_code == 0
    for word in (
        "伙伴.企业名称",
        "联系方式／手机",
        "注册资本",
        "旧表共 18 行 = 导入 2 + 导入并有内容记入备注 3 + 未导入 13",
        "P-0004",
    ):
        assert word in found.output


def test_an_edited_mapping_changes_the_import(suppliers: Path, tmp_path: Path) -> None:
    adopt(suppliers, "-o", tmp_path / "簿.xlsx", "--preview")
    path = tmp_path / "簿.mapping.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    columns = {column["column"]: column for column in data["sheets"][0]["columns"]}
    columns["D"]["to"] = "partners.manager"
    columns["I"]["to"] = "ignore"
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    mine = path.read_bytes()
    done = adopt(suppliers, "-o", tmp_path / "簿.xlsx", "--mapping", path)
    first = rows_of(tmp_path / "簿.xlsx", "partners")[0]
    assert (first["负责人"], first["备注"]) == ("张三", "老客户") and "对方联系人" not in first
    assert done.code == 0 and path.read_bytes() == mine


def test_a_mapping_that_nobody_edited_gives_the_same_import(tmp_path: Path) -> None:
    for make in (supplier_list, candidate_list, scoring_by_reviewer):
        old = make(tmp_path / f"{make.__name__}.xlsx")
        plain = adopt(old, "-o", tmp_path / f"{make.__name__}-1.xlsx").data
        given = adopt(
            old, "-o", tmp_path / f"{make.__name__}-2.xlsx", "--mapping", tmp_path / f"{make.__name__}-1.mapping.json"
        ).data  # fmt: skip
        for part in ("counts", "new_rows", "unfit", "left_out", "doubles"):
            assert given[part] == plain[part], (make.__name__, part)


def test_a_mapping_may_name_only_the_sheet_and_its_kind(suppliers: Path, tmp_path: Path) -> None:
    mapping = written(tmp_path / "m.json", {"sheet": "名录", "kind": "candidates"})
    done = adopt(suppliers, "-o", tmp_path / "簿.xlsx", "--mapping", mapping)
    assert done.data["new_rows"]["candidates"] == 5
    assert rows_of(tmp_path / "簿.xlsx", "candidates")[0]["联系电话"] == "13800000001"


def test_a_sheet_that_the_mapping_does_not_name_is_left_out_and_counted(tmp_path: Path) -> None:
    mapping = written(tmp_path / "m.json", {"sheet": "旧版", "kind": "candidates"})
    done = adopt(candidate_list(tmp_path / "候选.xlsx"), "-o", tmp_path / "簿.xlsx", "--mapping", mapping)
    assert done.data["counts"] == {"rows": 8, "imported": 1, "with_remarks": 0, "left_out": 7}
    assert [row["企业名称"] for row in rows_of(tmp_path / "簿.xlsx", "candidates")] == ["不要的公司"]


def test_people_can_say_where_the_header_is_and_what_an_unknown_column_means(tmp_path: Path) -> None:
    old = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(str(old)) as book:
        sheet = book.add_worksheet("S")
        sheet.write_row(1, 0, ["Firma", "Wer", "Umsatz"])
        sheet.write_row(2, 0, ["Delta", "Ann", 12])
        sheet.write_row(3, 0, ["Ende", "", 12])
    told = refusal(old, "-o", tmp_path / "簿.xlsx")
    assert "Firma、Wer、Umsatz" in told and "header_rows" in told and "簿.mapping.json" in told
    assert not (tmp_path / "簿.xlsx").exists()
    mapping = written(tmp_path / "m.json", {
        "sheet": "S", "kind": "candidates", "header_rows": [2], "last_row": 3, "columns": [
            {"column": "A", "to": "candidates.legal_name"}, {"column": "B", "to": "candidates.contact"},
            {"column": "C", "to": "candidates.annual_revenue", "unit": 10_000},
        ],
    })  # fmt: skip
    done = adopt(old, "-o", tmp_path / "簿.xlsx", "--mapping", mapping)
    assert done.data["counts"] == {"rows": 4, "imported": 1, "with_remarks": 0, "left_out": 3}
    (row,) = rows_of(tmp_path / "簿.xlsx", "candidates")
    assert (row["企业名称"], row["联系人"], row["年营收"]) == ("Delta", "Ann", 120_000)


@pytest.mark.parametrize(("sheet", "words"), [
    ({"sheet": "没有"}, ["没有", "名录"]),
    ({"sheet": "名录", "kind": "nix"}, ["名录", "nix", *KINDS]),
    ({"sheet": "名录", "columns": [{"column": "D", "to": "partners.nix"}]}, ["D 列", "partners.nix", "partners.legal_name"]),
    ({"sheet": "名录", "columns": [{"column": "I", "to": "remark", "unit": "万"}]}, ["I 列", "unit"]),
    ({"sheet": "名录", "columns": [{"to": "remark"}]}, ["column"]),
    ({"sheet": "名录", "kind": "scores", "columns": [{"column": "I", "to": "marks.mark", "indicator": "S99"}]}, ["S99", "v1-S3.2"]),
    ({"sheet": "名录", "header_rows": "4"}, ["header_rows"]),
    ({"sheet": "名录", "kind": "scores", "scale": "百分"}, ["scale"]),
])  # fmt: skip
def test_a_mapping_that_means_nothing_is_a_sentence_that_says_where(
    suppliers: Path, tmp_path: Path, sheet: dict[str, Any], words: list[str]
) -> None:
    told = refusal(suppliers, "-o", tmp_path / "簿.xlsx", "--mapping", written(tmp_path / "m.json", sheet))
    for word in words:
        assert word in told
    assert not (tmp_path / "簿.xlsx").exists()


def test_a_mapping_that_is_no_json_is_a_sentence(suppliers: Path, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{", encoding="utf-8")
    assert "JSON" in refusal(suppliers, "-o", tmp_path / "簿.xlsx", "--mapping", tmp_path / "m.json")
    assert "m2.json" in refusal(suppliers, "-o", tmp_path / "簿.xlsx", "--mapping", tmp_path / "m2.json")


def test_no_file_that_is_there_is_overwritten(suppliers: Path, tmp_path: Path) -> None:
    book = tmp_path / "簿.xlsx"
    for name in ("簿.xlsx", "簿.adopted.json", "簿.mapping.json"):
        (tmp_path / name).write_bytes(b"mine")
        assert "已经存在" in refusal(suppliers, "-o", book)
        assert (tmp_path / name).read_bytes() == b"mine"
        (tmp_path / name).unlink()
        assert not book.exists()
        (tmp_path / "簿.mapping.json").unlink(missing_ok=True)
    assert "已经存在" in refusal(suppliers, "-o", suppliers)


@pytest.mark.parametrize(("name", "data"), [
    ("x.xlsx", b"PK\x03\x04 broken"),
    ("x.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600),
    ("x.xlsx", b""),
    ("x.csv", b"\xff\xff\xff\x81"),
    ("x.pdf", b"%PDF-1.7"),
])  # fmt: skip
def test_a_file_that_is_no_list_is_a_sentence(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert name in refusal(tmp_path / name, "-o", tmp_path / "簿.xlsx")


def test_a_workbook_with_a_password_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    (tmp_path / "密.xlsx").write_bytes(encrypted_workbook())
    assert "密码" in refusal(tmp_path / "密.xlsx", "-o", tmp_path / "簿.xlsx")


def test_an_empty_csv_has_nothing_to_adopt(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"")
    assert "没有认出" in refusal(tmp_path / "x.csv", "-o", tmp_path / "簿.xlsx")


def test_a_stray_cell_far_away_is_named_and_not_loaded(tmp_path: Path) -> None:
    old = supplier_list(tmp_path / "a.xlsx")
    far = tmp_path / "far.xlsx"
    with zipfile.ZipFile(old) as source, zipfile.ZipFile(far, "w") as target:
        for item in source.infolist():
            data = source.read(item)
            if item.filename == "xl/worksheets/sheet1.xml":
                data = data.replace(
                    b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                )
            target.writestr(item, data)
    assert "XFD" in refusal(far, "-o", tmp_path / "簿.xlsx")
