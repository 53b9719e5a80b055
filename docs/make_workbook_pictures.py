"""Makes the pictures of the workbook in docs/pictures from a sample book, with LibreOffice and poppler.

    uv run --group dev python -m docs.make_workbook_pictures

The sample is evaluated first, so that results and their chart are there.
Due dates are coloured against the day on which the pictures are made.
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from docs.picturing import Shot, take
from workbook.build import new_workbook
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.sample import sample_rows

BOOK_ID = "00000000-0000-4000-8000-000000000000"
# file name, page, dots per inch, left, top, width, height
PICTURES = (
    ("cover", "首页", 100, 20, 40, 1130, 740),
    ("todo", "待办与提醒", 100, 20, 30, 1130, 520),
    ("partners", "伙伴", 100, 40, 30, 1590, 580),
    ("candidates", "候选提交", 120, 40, 30, 1320, 580),
    ("certificates", "资质证书", 100, 40, 30, 1590, 640),
    ("results", "候选评估结果", 90, 36, 27, 1450, 620),
    ("chart", "评估图", 110, 40, 40, 1200, 720),
    ("contributions", "得分构成", 100, 40, 30, 1500, 620),
    ("panels", "评审会", 90, 36, 27, 1420, 330),
    ("marks", "评分", 100, 40, 30, 1600, 620),
    ("indicators", "评价指标", 90, 36, 27, 1420, 670),
    ("requirements", "需求", 90, 36, 27, 1450, 620),
    ("signoffs", "内部评审", 90, 36, 27, 1450, 520),
    ("votes", "评审表决", 90, 36, 27, 1450, 520),
    ("contracts", "合同", 90, 36, 27, 1450, 420),
    ("clauses", "条款", 90, 36, 27, 1450, 620),
    ("onboarding", "入伙引导", 90, 36, 27, 1450, 520),
    ("performance", "绩效结果", 90, 36, 27, 1450, 620),
    ("performance-parts", "绩效得分明细", 90, 36, 27, 1450, 620),
    ("issues", "问题跟踪", 90, 36, 27, 1450, 520),
    ("budgets", "预算执行", 90, 36, 27, 1450, 520),
    ("plans", "改进计划", 90, 36, 27, 1450, 420),
    ("satisfaction", "满意度调查", 90, 36, 27, 1370, 650),
    ("incidents", "事件报告", 100, 40, 30, 1540, 450),
    ("meetings", "例会记录", 90, 36, 27, 1450, 620),
    ("actions", "行动项", 90, 36, 27, 1450, 420),
    ("campaigns", "调查安排", 90, 36, 27, 1450, 320),
    ("survey-results", "满意度分析", 90, 36, 27, 1450, 620),
    ("risks", "风险登记册", 90, 36, 27, 1450, 620),
    ("stoppages", "停摆推演", 90, 36, 27, 1450, 620),
    ("contingency", "应急预案", 90, 36, 27, 1450, 420),
    ("disputes", "争议处理", 90, 36, 27, 1450, 420),
    ("penalties", "违约金", 90, 36, 27, 1450, 420),
    ("samplings", "抽检", 90, 36, 27, 1450, 420),
    ("drills", "演练", 90, 36, 27, 1450, 420),
    ("settings", "设置", 100, 40, 30, 1110, 530),
)


def main() -> None:
    """Write every picture."""
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "sample.xlsx"
        sample = Book.read(new_workbook(book_id=BOOK_ID, rows=sample_rows()))
        evaluate_book(sample, datetime.now().replace(microsecond=0))
        book.write_bytes(sample.to_bytes())
        take(book, (Shot(f"workbook-{name}", *more) for name, *more in PICTURES))


if __name__ == "__main__":
    main()
