"""Adopting lists: every row accounted for, every value imported or listed, nothing merged, nothing executed."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tests.adopting.old_books import HOSTILE, candidate_list, code, supplier_list, text_list
from tests.adopting.reading import adopt, left_out, rows_of, unfit
from workbook.adopting import sorting


@pytest.fixture
def suppliers(tmp_path: Path) -> Path:
    return supplier_list(tmp_path / "供应商名录.xlsx")


def test_every_row_of_the_old_list_is_accounted_for(suppliers: Path, tmp_path: Path) -> None:
    done = adopt(suppliers, "-o", tmp_path / "簿.xlsx")
    assert done.code == 0, done.said
    assert done.data["counts"] == {"rows": 18, "imported": 2, "with_remarks": 3, "left_out": 13}
    assert left_out(done, "名录") == {
        1: sorting.ABOVE, 2: sorting.ABOVE, 3: sorting.BLANK, 4: sorting.HEADER, 5: sorting.HEADER,
        8: sorting.SECTION, 10: sorting.TOTAL, 11: sorting.AGAIN, 12: sorting.AGAIN, 14: sorting.BLANK,
        16: sorting.TOTAL, 17: sorting.FOOT, 18: sorting.FOOT,
    }  # fmt: skip
    assert [row["伙伴编号"] for row in rows_of(tmp_path / "簿.xlsx", "partners")] == [f"P-000{n}" for n in range(1, 6)]


def test_values_come_over_as_what_they_mean(suppliers: Path, tmp_path: Path) -> None:
    adopt(suppliers, "-o", tmp_path / "簿.xlsx")
    first, second, third, *_ = rows_of(tmp_path / "簿.xlsx", "partners")
    assert first == {
        "伙伴编号": "P-0001", "企业名称": "上海甲有限公司", "统一社会信用代码": code(1), "类别": "供应商", "对方联系人": "张三",
        "合作起始日": datetime(2024, 3, 1), "电话": "13800000001", "邮箱": "zhang@a.cn", "备注": "老客户；注册资本 （万元）: 500",
    }  # fmt: skip
    assert (second["类别"], second["合作起始日"]) == ("渠道商", datetime(2024, 3, 1))
    assert (third["类别"], third["合作起始日"], third["电话"]) == ("服务商", datetime(2024, 3, 1), "13900000003")


def test_a_value_that_its_column_refuses_is_kept_in_the_remark_and_listed(suppliers: Path, tmp_path: Path) -> None:
    done = adopt(suppliers, "-o", tmp_path / "簿.xlsx")
    assert unfit(done) == {
        "E7": "见备注", "C9": "9.1131E+17", "F13": "没有", "G13": "贸易", "H13": "2024年春",
    }  # fmt: skip
    rows = rows_of(tmp_path / "簿.xlsx", "partners")
    assert rows[1]["备注"].startswith("联系方式／手机: 见备注（电话不对") and "电话" not in rows[1]
    assert "丢失" in rows[2]["备注"] and "统一社会信用代码" not in rows[2]
    for word in ("没有", "贸易", "2024年春"):
        assert word in rows[3]["备注"]
    item = done.data["unfit"][0]
    assert (item["sheet"], item["header"], item["kept_in"]) == ("名录", "联系方式／手机", "伙伴 P-0002 备注")


def test_two_rows_of_one_company_are_both_imported_and_shown_side_by_side(suppliers: Path, tmp_path: Path) -> None:
    done = adopt(suppliers, "-o", tmp_path / "簿.xlsx")
    assert [(d["column"], d["keys"]) for d in done.data["doubles"]] == [
        ("统一社会信用代码", ["P-0001", "P-0004"]), ("企业名称", ["P-0002", "P-0005"]),
    ]  # fmt: skip


def test_text_that_looks_like_a_formula_stays_text(suppliers: Path, tmp_path: Path) -> None:
    adopt(suppliers, "-o", tmp_path / "簿.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "簿.xlsx")["伙伴"]
    found = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("=")}
    assert found[HOSTILE] == "s"
    assert rows_of(tmp_path / "簿.xlsx", "partners")[3]["备注"].startswith("=1+1；")


def test_the_change_log_says_what_was_imported_from_where(suppliers: Path, tmp_path: Path) -> None:
    adopt(suppliers, "-o", tmp_path / "簿.xlsx")
    (row,) = rows_of(tmp_path / "簿.xlsx", "changes")
    assert (row["表"], row["说明"]) == ("伙伴", "从 供应商名录.xlsx 工作表 名录 导入 5 行")
    assert isinstance(row["时间"], datetime)


def test_the_report_beside_the_book_holds_the_whole_account(suppliers: Path, tmp_path: Path) -> None:
    done = adopt(suppliers, "-o", tmp_path / "簿.xlsx")
    report = json.loads((tmp_path / "簿.adopted.json").read_text(encoding="utf-8"))
    for part in ("counts", "unfit", "left_out", "doubles", "sheets", "sha256"):
        assert report[part] == done.data[part]


def test_amounts_are_converted_by_the_unit_that_is_written_and_never_without_one(tmp_path: Path) -> None:
    done = adopt(candidate_list(tmp_path / "候选.xlsx"), "-o", tmp_path / "簿.xlsx")
    assert done.data["counts"] == {"rows": 8, "imported": 1, "with_remarks": 3, "left_out": 4}
    first, second, third, fourth = rows_of(tmp_path / "簿.xlsx", "candidates")
    assert (first["年营收"], first["净利润"], first["研发团队人数"], first["专利数量"]) == (
        12_345_000,
        5_000_000.25,
        50,
        3,
    )
    assert first["执照截止日"] == datetime(2027, 12, 31)
    assert first["备注"] == "年营收（万美元）: 10"
    assert second["年营收"] == 350_000_000
    assert unfit(done) == {"C3": "约五百万", "E3": "12.5", "B4": "#DIV/0!", "F2": "900"}
    assert "年营收" not in third and "#DIV/0!（公式出错，没有值）" in third["备注"]
    assert "年营收" not in fourth and "没有写单位" in fourth["备注"]


def test_english_headers_are_known_and_foreign_ones_kept_in_the_remark(tmp_path: Path) -> None:
    adopt(candidate_list(tmp_path / "候选.xlsx"), "-o", tmp_path / "簿.xlsx")
    row = rows_of(tmp_path / "簿.xlsx", "candidates")[3]
    assert (row["企业名称"], row["统一社会信用代码"], row["联系人"]) == ("Delta Ltd", code(7), "Ann Lee")
    assert (row["联系电话"], row["联系邮箱"]) == ("+4915112345678", "ann@delta.de")
    assert "Lieferzeit: 3 Wochen" in row["备注"]


def test_a_hidden_sheet_is_reported_and_not_imported_unasked(tmp_path: Path) -> None:
    done = adopt(candidate_list(tmp_path / "候选.xlsx"), "-o", tmp_path / "簿.xlsx")
    (hidden,) = [sheet for sheet in done.data["sheets"] if sheet["sheet"] == "旧版"]
    assert hidden["kind"] == "ignore" and "隐藏" in hidden["reason"] and hidden["left_out"] == 2


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_is_read_in_the_encodings_that_excel_writes(tmp_path: Path, encoding: str) -> None:
    done = adopt(text_list(tmp_path / "名录.csv", encoding), "-o", tmp_path / "簿.xlsx")
    assert done.data["counts"] == {"rows": 6, "imported": 1, "with_remarks": 2, "left_out": 3}
    assert left_out(done, "名录") == {1: sorting.HEADER, 4: sorting.BLANK, 6: sorting.FOOT}
    assert unfit(done) == {"B3": "9.13E+17", "E5": "说不清", "F5": "45000"}
    first, second, _ = rows_of(tmp_path / "簿.xlsx", "partners")
    assert (first["企业名称"], first["电话"], first["状态"]) == ("㐂川公司", "01088886666", "合作中")
    assert (second["企业名称"], second["状态"], second["合作起始日"]) == ("戊公司", "暂停", datetime(2023, 5, 6))


def test_a_book_in_english_has_its_words_in_english(suppliers: Path, tmp_path: Path) -> None:
    adopt(suppliers, "-o", tmp_path / "book.xlsx", "--lang", "en")
    first = rows_of(tmp_path / "book.xlsx", "partners")[0]
    assert (first["Partner"], first["Category"]) == ("P-0001", "Supplier")


def test_remarks_that_do_not_fit_a_cell_are_whole_in_the_report(tmp_path: Path) -> None:
    old = tmp_path / "名录.xlsx"
    with xlsxwriter.Workbook(str(old)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["供应商名称", "联系人", "历史沿革", "获奖情况"])
        sheet.write_row(1, 0, ["甲公司", "张三", "一" * 400, "二" * 400])
    done = adopt(old, "-o", tmp_path / "簿.xlsx")
    (row,) = rows_of(tmp_path / "簿.xlsx", "partners")
    assert "一" * 400 in row["备注"] and "二" not in row["备注"] and len(row["备注"]) <= 500
    assert done.data["remarks_cut"] == [{"table": "partners", "key": "P-0001", "remarks": ["获奖情况: " + "二" * 400]}]


def test_a_second_list_further_down_the_sheet_is_mapped_by_its_own_header(tmp_path: Path) -> None:
    old = tmp_path / "名录.xlsx"
    with xlsxwriter.Workbook(str(old)) as book:
        sheet = book.add_worksheet("两张表")
        sheet.write_row(0, 0, ["供应商名称", "联系人", "电话"])
        sheet.write_row(1, 0, ["甲公司", "张三", "13800000001"])
        sheet.write_row(3, 0, ["邮箱", "供应商名称", "采购员"])
        sheet.write_row(4, 0, ["b@b.cn", "乙公司", "李四"])
    done = adopt(old, "-o", tmp_path / "簿.xlsx")
    assert done.data["counts"] == {"rows": 5, "imported": 2, "with_remarks": 0, "left_out": 3}
    second = rows_of(tmp_path / "簿.xlsx", "partners")[1]
    assert (second["企业名称"], second["邮箱"], second["负责人"]) == ("乙公司", "b@b.cn", "李四")


def test_a_long_list_is_adopted_whole(tmp_path: Path) -> None:
    old = tmp_path / "名录.csv"
    lines = ["供应商名称,联系人,手机", *(f"第{n}公司,某人,{13800000000 + n}" for n in range(20_000))]
    old.write_bytes("\n".join(lines).encode("gb18030"))
    done = adopt(old, "--preview", "-o", tmp_path / "簿.xlsx")
    assert done.data["counts"] == {"rows": 20_001, "imported": 20_000, "with_remarks": 0, "left_out": 1}


def test_companies_whose_names_begin_like_totals_or_footers_are_companies(tmp_path: Path) -> None:
    names = [
        "天合计（上海）有限公司",
        "总计科技有限公司",
        "日期软件有限公司",
        "Total Energies SE",
        "注册通有限公司",
        "以上合计",
    ]
    old = tmp_path / "名录.csv"
    old.write_bytes("\n".join(["供应商名称,联系人", *(f"{name},某人" for name in names)]).encode("gb18030"))
    done = adopt(old, "-o", tmp_path / "簿.xlsx")
    assert [row["企业名称"] for row in rows_of(tmp_path / "簿.xlsx", "partners")] == names[:-1]
    assert left_out(done, "名录") == {1: sorting.HEADER, 7: sorting.TOTAL}
