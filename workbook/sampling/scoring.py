"""Owns the scoring part of the sample: reviewers, two panels, declarations and marks, with the stories planted in them.

`SHEETS` says which mean each indicator has; single marks scatter around it, so the stories hold for every seed.
V-0001, computed by hand from the default weights (and again by the tests):

| candidate | official score | story |
|---|---|---|
| C-0005 | 92.98 | the best score of all, and its licence has expired: disqualified |
| C-0001 | 90.12 | first, grade A |
| C-0002 | 89.07 | would be first if 技术实力 weighed 20 instead of 16 and 行业匹配度 21 instead of 25 |
| C-0003 | 78.56 | an exact tie with C-0006, from other marks; one reviewer is recused here |
| C-0006 | 78.56 | see C-0003 |
| C-0004 | 72.50 | two reviewers only, and less than 80 % of the weight: not yet rated |
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from workbook.defaults import VERSION
from workbook.sampling.notes import NOTES
from workbook.schema import Key

Row = dict[str, Any]

_HOME = UUID("0c0b2d0e-52c5-5b4e-9d0e-7a2f4c6e8b11")
FINAL, SCORING = "V-0001", "V-0002"
FIRST, RIVAL, TIED, BLOCKED, EXPIRED = "C-0001", "C-0002", ("C-0003", "C-0006"), "C-0004", "C-0005"
CANDIDATES = (FIRST, RIVAL, TIED[0], BLOCKED, EXPIRED, TIED[1])

# name, department, remark
REVIEWERS = (
    ("王珂", "business", "评审会主持"),
    ("张伟", "technology", "研发中心；与采购部张伟同名"),
    ("李明哲", "technology", None),
    ("张伟", "purchasing", "采购部；与研发中心张伟同名"),
    ("周敏", "legal", None),
    ("孙岚", "quality", "现场评审，部分评分直接录入表格"),
    ("赵启航", "finance", None),
)
# Who marks what, by turn: three reviewers for each dimension.
EXPERTS: Mapping[str, tuple[int, int, int]] = {
    "S2": (1, 2, 3), "S3": (2, 3, 6), "S4": (4, 7, 1), "S5": (1, 4, 7),
    "S6": (3, 4, 6), "S7": (5, 6, 2), "S8": (4, 5, 7), "S9": (1, 5, 6),
}  # fmt: skip
# The mean mark of each indicator: "4+" is a third more than 4, "n" does not apply, "-" nobody marked, "b" a band gives it.
SHEETS: Mapping[str, Mapping[str, str]] = {
    "C-0001": {"S2": "5 4+ 5", "S3": "b 4 b 4 4", "S4": "b 4 4+ n", "S5": "4 4 3+ 4+", "S6": "5 4 4", "S7": "5", "S8": "5 5", "S9": "5 4+ 4 4 5 4 5 4 4+"},
    "C-0002": {"S2": "4+ 4+ 4", "S3": "b 5 b 5 5", "S4": "b 5 4 4+", "S5": "4 5 4 4", "S6": "5 4 5", "S7": "5", "S8": "4+ 5", "S9": "4 4 4 3+ 4 4 4 4 4"},
    "C-0003": {"S2": "4 5 4", "S3": "b 4 b 4 4", "S4": "b 3 4 4", "S5": "4 3 3 3", "S6": "4 3 4", "S7": "4", "S8": "4 4", "S9": "4 4 4 4 4 4 4 4 4"},
    "C-0004": {"S2": "4 4 5", "S3": "b 4 b 3 4", "S4": "b - - -", "S5": "- - - -", "S6": "4 n 3", "S7": "-", "S8": "- -", "S9": "4 5 5 4 4 4 4 - -"},
    "C-0005": {"S2": "5 5 5", "S3": "b 5 b 5 5", "S4": "b 2 3 4", "S5": "5 4 4 5", "S6": "5 5 5", "S7": "5", "S8": "5 5", "S9": "5 5 5 4 5 5 5 5 4"},
    "C-0006": {"S2": "4 4 5", "S3": "b 4 b 5 4", "S4": "b 4 4 4", "S5": "3 4 4 4", "S6": "4 3 4", "S7": "4", "S8": "4 4", "S9": "3 4 4 4 4 4 4 4 4"},
}  # fmt: skip
PRESENT: Mapping[str, tuple[int, ...]] = {BLOCKED: (1, 3)}  # who marked, where not all did
RECUSED = ("R-0004", TIED[0])
WHY_RECUSED = "配偶在该公司任项目经理，主动回避"
# candidate, reviewer, indicator: single rows that a story hangs on
COPIED = (RIVAL, "R-0004", f"{VERSION}-S6.2")
NO_EVIDENCE = (TIED[1], "R-0006", f"{VERSION}-S6.3")
TYPED_BY = "R-0006"  # typed some marks into the sheet
TYPED = {(TIED[1], "S6"), (EXPIRED, "S6")}  # candidate and dimension of what was typed
LABELLED = (EXPIRED, "R-0006", f"{VERSION}-S6.1")  # the one that the system has labelled 手工录入 already

AGAINST = (
    "推荐启明云科技和恒岳软件。远图智能制造名列第二，但其产能到明年三季度才有空档，赶不上一期节点，经评审会一致同意列为备选；"
    "恒岳软件与江畔环境同分，恒岳软件可以两周内进场。"
)


def reviewer_rows() -> list[Row]:
    """The seven reviewers, two of them of one name."""
    return [
        {"reviewer": f"R-{number:04d}", "person": person, "role": role, "email": f"reviewer{number}@example.com",
         "status": "active", "remark": remark}
        for number, (person, role, remark) in enumerate(REVIEWERS, start=1)
    ]  # fmt: skip


def panel_rows(today: date) -> list[Row]:
    """One panel that is final and one that is being scored."""
    everybody = [f"R-{number:04d}" for number in range(1, len(REVIEWERS) + 1)]
    return [
        {
            "panel": FINAL, "title": "智能工厂一期：平台、产线与监测伙伴", "status": "done", "rule_version": VERSION,
            "candidates": _lines(CANDIDATES, 3), "reviewers": _lines(everybody, 4), "deadline": today - timedelta(days=6),
            "handler": "王珂", "recommended": f"{FIRST}、{TIED[0]}", "reason": AGAINST,
            "remark": "纪要存于甄选文件夹；云汐设计待补评后另行评审",
        },
        {
            "panel": SCORING, "title": "精密加工与班组培训年度伙伴", "status": "scoring", "rule_version": VERSION,
            "candidates": "C-0007、C-0008", "reviewers": _lines((everybody[0], *everybody[2:6]), 4),
            "deadline": today + timedelta(days=3), "handler": "孙岚", "remark": "等待核实与执照核对",
        },
    ]  # fmt: skip


def _lines(keys: Sequence[str], each: int) -> str:
    """Keys as people list them in one cell, a few to a line."""
    return "\n".join("、".join(keys[at : at + each]) for at in range(0, len(keys), each))


def declaration_rows(today: date) -> list[Row]:
    """What reviewers declared before they marked: one of them is recused from one candidate."""
    pairs = [(FINAL, f"R-{who:04d}", candidate, 14) for candidate in CANDIDATES for who in _present(candidate)]
    pairs += [(SCORING, who, candidate, 2) for candidate in ("C-0007", "C-0008") for who in ("R-0003", "R-0006")]
    rows = []
    for number, (panel, who, candidate, days) in enumerate(pairs, start=1):
        away = (who, candidate) == RECUSED
        rows.append({
            "declaration": f"D-{number:04d}", "panel": panel, "reviewer": who, "candidate": candidate,
            "conflict": "yes" if away else "no", "reason": WHY_RECUSED if away else None,
            "remark": "已由主持人确认" if away else None, "submitted_at": _at(today, days, 7 * number),
            "version": Decimal(1), "submission_id": str(uuid5(_HOME, f"declaration-{number}")),
        })  # fmt: skip
    return rows


def mark_rows(chance: random.Random, today: date) -> list[Row]:
    """Every mark of the final panel, the first typed ones of the other, and one row that somebody copied."""
    rows = [row for candidate in CANDIDATES for row in _sheet(chance, candidate, today)]
    rows += [
        {"panel": SCORING, "candidate": "C-0007", "reviewer": TYPED_BY, "indicator": f"{VERSION}-{code}", "mark": mark,
         "evidence": evidence}
        for code, mark, evidence in (
            ("S6.3", 4, "到厂看了三坐标检测记录"), ("S6.2", 3, "备料只有一家备选"), ("S7.1", 4, "体系证书原件"),
        )
    ]  # fmt: skip
    made = Key("", "", prefix="M")
    rows = [{"mark_key": made.make(number), **row} for number, row in enumerate(rows, start=1)]
    at = next(i for i, row in enumerate(rows) if _place(row) == COPIED)
    return [*rows[: at + 1], dict(rows[at]), *rows[at + 1 :]]


def stories(marks: list[Row]) -> dict[str, Any]:
    """The planted stories by name: the keys of the rows that tell them."""

    def key(place: tuple[str, str, str]) -> str:
        return next(str(row["mark_key"]) for row in marks if _place(row) == place)

    return {
        "tie": TIED,
        "disqualified": EXPIRED,
        "blocked": BLOCKED,
        "first": FIRST,
        "flip": {"winner": FIRST, "rival": RIVAL, "weights": {"S3": 20, "S2": 21}},
        "namesakes": ("R-0002", "R-0004"),
        "recused": RECUSED,
        "copied": key(COPIED),
        "no_evidence": key(NO_EVIDENCE),
        "labelled": key(LABELLED),
        "against_ranking": {"panel": FINAL, "passed_over": RIVAL},
        "scores": {
            EXPIRED: "92.98", FIRST: "90.12", RIVAL: "89.07", TIED[0]: "78.56", TIED[1]: "78.56", BLOCKED: "72.50",
        },
    }  # fmt: skip


def _place(row: Row) -> tuple[str, str, str]:
    return row["candidate"], row["reviewer"], row["indicator"]


def _present(candidate: str) -> tuple[int, ...]:
    return PRESENT.get(candidate, tuple(range(1, len(REVIEWERS) + 1)))


def _at(today: date, days: int, minutes: int) -> datetime:
    """A time in working hours of a day before today."""
    return datetime.combine(today - timedelta(days=days), time(9)) + timedelta(minutes=minutes % 480)


def _sheet(chance: random.Random, candidate: str, today: date) -> Iterator[Row]:
    """What the reviewers said about one candidate, reviewer by reviewer as their links delivered it."""
    said: list[tuple[int, str, int, Row]] = []
    for dimension, tokens in SHEETS[candidate].items():
        for place, token in enumerate(tokens.split(), start=1):
            said += _said(chance, candidate, dimension, place, token)
    days, order = 12 - CANDIDATES.index(candidate) % 3, sorted(said, key=lambda found: found[0])
    for number, (who, code, turn, row) in enumerate(order):
        indicator = f"{VERSION}-{code}"
        full = {"panel": FINAL, "candidate": candidate, "reviewer": f"R-{who:04d}", "indicator": indicator, **row}
        notes = NOTES[code]
        if _place(full) != NO_EVIDENCE:
            full["evidence"] = notes.evidence[turn]
        if row["mark"] and chance.random() < 0.4:
            full["comment"] = notes.good if row["mark"] >= 4 else notes.fair if row["mark"] == 3 else notes.poor
        yield full | _origin(full, code, today, days, number)


def _origin(row: Row, code: str, today: date, days: int, number: int) -> Row:
    """Where a mark came from: through the reviewer's link, or typed in the sheet and perhaps labelled so already."""
    if row["reviewer"] == TYPED_BY and (row["candidate"], code.split(".")[0]) in TYPED:
        return {"source": "typed"} if _place(row) == LABELLED else {}
    name = f"mark-{row['candidate']}-{row['reviewer']}-{row['indicator']}"
    return {
        "source": "link", "submitted_at": _at(today, days, 11 * number), "version": Decimal(1),
        "submission_id": str(uuid5(_HOME, name)),
    }  # fmt: skip


def _said(
    chance: random.Random, candidate: str, dimension: str, place: int, token: str
) -> list[tuple[int, str, int, Row]]:
    """The single marks behind one mean: reviewer, indicator, the reviewer's turn, the mark."""
    code = f"{dimension}.{place}"
    here = [
        (turn, who)
        for turn, who in enumerate(EXPERTS[dimension])
        if who in _present(candidate) and (f"R-{who:04d}", candidate) != RECUSED
    ]
    if token in "b-" or not here:
        return []
    if token == "n":
        return [(who, code, turn, {"mark": 0}) for turn, who in here]
    marks = _scattered(
        chance, int(token[0]), len(here), still=(candidate, f"{VERSION}-{code}") == (COPIED[0], COPIED[2])
    )
    if token.endswith("+"):
        marks = [int(token[0])] * len(here)
        marks[chance.randrange(len(marks))] += 1
    return [(who, code, turn, {"mark": mark}) for (turn, who), mark in zip(here, marks, strict=True)]


def _scattered(chance: random.Random, mean: int, count: int, *, still: bool) -> list[int]:
    """Whole marks of a mean: mostly all the same, sometimes one above and one below."""
    marks = [mean] * count
    if not still and count > 1 and 1 < mean < 5 and chance.random() < 0.35:
        up, down = chance.sample(range(count), 2)
        marks[up] += 1
        marks[down] -= 1
    return marks


__all__ = ["declaration_rows", "mark_rows", "panel_rows", "reviewer_rows", "stories"]
