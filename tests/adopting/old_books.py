"""Owns the old files of the adoption tests: lists and scoring sheets as companies keep them, no two laid out alike."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter
from openpyxl.worksheet.worksheet import Worksheet
from stdnum.cn import uscc

HOSTILE = '=HYPERLINK("http://example.com","点我")'


def code(number: int) -> str:
    """A right credit code of an invented company."""
    head = f"91310000{number:09d}"
    return head + str(uscc.calc_check_digit(head))


def _fill(sheet: Any, rows: Sequence[Sequence[Any]], first: int = 1) -> None:
    for number, row in enumerate(rows, start=first):
        for column, value in enumerate(row, start=1):
            if value is not None:
                cell = sheet.cell(number, column, value)
                if isinstance(value, str):
                    cell.data_type = "s"


def supplier_list(path: Path) -> Path:
    """18 rows: title, unit and blank row, a header over two lines, 6 companies among subtotals, a section, headers again
    and footers."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "名录"
    upper = [
        "序号",
        "供应商名称",
        "统一社会信用代码",
        "联系方式",
        None,
        None,
        "品类",
        "建档日期",
        "注册资本\n（万元）",
        "备注",
    ]
    lower = [None, None, None, "联系人", "手机", "E-mail", None, None, None, None]
    _fill(sheet, [
        ["华东公司合格供应商名录"],
        ["单位：万元"],
        [],
        upper,
        lower,
        [1, "上海甲有限公司", code(1), "张三", 13800000001, "zhang@a.cn", "供应商", datetime(2024, 3, 1), 500, "老客户"],
        [2, "乙公司", code(2), "李四", "见备注", "li@b.cn", "经销商", "2024.3.1", None, None],
        ["二、服务类"],
        [3, "丙公司", 911310000000000003, "王五", "１３９０００００００３", "wang@c.cn", "服务类", 45352, "1,200", None],
        ["小计", None, None, None, None, None, None, None, 1700],
        upper,
        lower,
        [4, HOSTILE, code(1), None, None, "没有", "贸易", "2024年春", None, "=1+1"],
        [],
        [5, " 乙 公司", None, None, None, None, None, None, None, None],
        ["合计", None, None, None, None, None, None, None, 1700],
        ["制表人：李雷", None, None, None, "审核人：韩梅"],
        ["注：本表由采购部维护"],
    ])  # fmt: skip
    sheet.merge_cells("A1:J1")
    sheet.merge_cells("D4:F4")
    for letter in "ABCGHIJ":
        sheet.merge_cells(f"{letter}4:{letter}5")
    book.save(path)
    return path


def candidate_list(path: Path) -> Path:
    """Two sheets of candidates with amounts in three ways, a broken formula, English headers, and a hidden sheet."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("候选名单")
        for column, text in enumerate(
            ["公司名称", "营业额（万元）", "净利润（元）", "年营收（万美元）", "研发人数", "专利数", "执照有效期"]
        ):
            sheet.write(0, column, text)
        sheet.write_row(1, 0, ["甲", 1234.5, 5000000.25, 10, "５０人", 3, "2027/12/31"])
        sheet.write_row(2, 0, ["乙", "3.5亿", "约五百万", 20, 12.5, "", ""])
        sheet.write_formula(3, 1, "=1/0", None, "#DIV/0!")
        sheet.write(3, 0, "丙")
        english = book.add_worksheet("Shortlist")
        english.write_row(
            0,
            0,
            ["Company Name", "Tax ID", "Contact Person", "Mobile Phone", "E-Mail Address", "Turnover", "Lieferzeit"],
        )
        english.write_row(1, 0, ["Delta Ltd", code(7), "Ann Lee", "+4915112345678", "ann@delta.de", 900, "3 Wochen"])
        hidden = book.add_worksheet("旧版")
        hidden.hide()
        hidden.write_row(0, 0, ["公司名称", "联系人"])
        hidden.write_row(1, 0, ["不要的公司", "某人"])
    return path


MARKED = ("业务领域", "技术水平", "研发投入", "项目管理")


def scoring_by_reviewer(path: Path, *, full: str = "（1–5分）") -> Path:
    """A sheet for each of two reviewers, rows are candidates, columns indicators; a damaged mark, a total, a summary."""
    with xlsxwriter.Workbook(str(path)) as book:
        for person, shift in (("张伟", 0), ("李娜", -1)):
            sheet = book.add_worksheet(f"评分表-{person}")
            sheet.merge_range("A1:H1", f"年度供应商评审{full}")
            sheet.write_row(1, 0, ["序号", "供应商", *MARKED, "售后半径", "总分"])
            sheet.write_row(2, 0, [1, "甲公司", 5 + shift, 4, 3, 5, 2, 17])
            sheet.write_row(3, 0, [2, "乙公司", 3, "良好" if person == "张伟" else 2, 4, "", "", 11])
            sheet.write_row(4, 0, [3, "丙公司", 3, 3, 7 if person == "李娜" else 2, "不适用"])
            sheet.write_row(5, 0, ["平均分", "", 4, 3.5])
        summary = book.add_worksheet("汇总")
        summary.write_row(0, 0, ["供应商", "业务领域", "技术水平", "排名"])
        summary.write_row(1, 0, ["甲公司", 4.5, 4, 1])
    return path


def scoring_matrix(path: Path) -> Path:
    """One sheet on its side, marked out of 100: rows are indicators, columns candidates; one title is not ours."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "打分"
    _fill(sheet, [
        ["供应商评审打分（满分100）"],
        ["评审人：", "王强"],
        ["维度", "评价指标", "权重", "甲公司", "乙公司"],
        ["技术实力", "1. 技术水平", "20%", 85, 60],
        [None, "2. 研发投入", "20%", 100, "弃权"],
        ["运营管理能力", "项目管理", "10%", 90, 5],
        ["其他", "地理位置", "10%", 70, 80],
        [None, "合计", None, 345, 145],
    ])  # fmt: skip
    sheet.merge_cells("A4:A5")
    book.save(path)
    return path


def text_list(path: Path, encoding: str = "gb18030") -> Path:
    """A CSV as Excel writes it in China: codes that lost their digits, a quoted line break, an empty line."""
    out = io.StringIO()
    rows = [
        ["单位名称", "税号", "联系人", "电话", "状态", "首次合作时间"],
        ["㐂川公司", code(11), "赵六", "010-88886666", "正常", "2023年5月6日"],
        ["戊\n公司", "9.13E+17", "", "", "冻结", "20230506"],
        [],
        ["己公司", "", "", "13800000006", "说不清", "45000"],
        ["以下空白"],
    ]
    csv.writer(out).writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def encrypted_workbook() -> bytes:
    """What Excel writes for a workbook with a password to open: a compound file around the encrypted package."""
    end, free, fat = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    chain = [fat, end, *range(3, 10), end, *range(11, 18), end]
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<5H6x", 62, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109I", 0, *[free] * 108)

    def entry(name: str, kind: int, start: int, size: int, right: int = free, child: int = free) -> bytes:
        text = name.encode("utf-16-le") + bytes(2)
        return struct.pack("<64sHBB3I36xIQ", text, len(text), kind, 1, free, right, child, start, size)

    names = entry("Root Entry", 5, end, 0, child=1) + entry("EncryptedPackage", 2, 2, 4096, right=2)
    names += entry("EncryptionInfo", 2, 10, 4096) + bytes(128)
    return head + struct.pack("<128I", *chain, *[free] * (128 - len(chain))) + names + bytes(8192)
