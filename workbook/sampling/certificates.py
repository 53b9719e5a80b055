"""Owns the certificates of the sample: what candidates wrote, and 资质证书 with one expired, one about to expire, one renewed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from workbook.rules.certificates import Claim, cause_of

Row = dict[str, Any]

# candidate → certificates: name, number, days from today until the last one (None: no end)
LINES: dict[int, tuple[tuple[str, str, int | None], ...]] = {
    1: (("ISO 9001", "Q001-示例", 492), ("ISO 27001", "I001-示例", 310), ("高新技术企业", "GR001-示例", 18)),
    2: (("ISO 9001", "Q002-示例", 640), ("ISO 14001", "E002-示例", 205), ("软件著作权", "SR002-示例", None)),
    3: (("ISO 9001", "Q003-示例", 421),),
    5: (("ISO 9001", "Q005-示例", -26),),
    6: (("ISO 9001", "Q006-示例", 388), ("环境污染治理资质", "H006-示例", 254)),
    7: (("ISO 9001", "Q007-示例", 733), ("IATF 16949", "T007-示例", 512)),
}
# What staff wrote: partner, name, number, days until the last one, checked how many days ago (None: not yet), who
BY_HAND = (
    (2, "安全生产许可证", "AQ102-示例", -47, 400, "李明哲", "换发的新证见下一行"),
    (2, "安全生产许可证", "AQ202-示例", 1048, 12, "李明哲", None),
    (6, "检验检测机构资质认定", "CMA106-示例", 1300, 60, "周敏", None),
)
VERIFIED = {1: 16, 2: 16, 3: 15}  # candidate → days since staff checked the originals


def lines_of(number: int, today: date) -> str | None:
    """What a candidate wrote under 认证与许可."""
    lines = (f"{title}，{code}，{_until(today, days) or '长期'}" for title, code, days in LINES.get(number, ()))
    return "\n".join(lines) or None


def certificate_rows(today: date, candidates: list[Row], partners: list[Row]) -> list[Row]:
    """The rows as an evaluation leaves them, and those that people added."""
    rows: list[Row] = []
    for firm, stated in LINES.items():
        company = candidates[firm - 1]
        for title, code, days in stated:
            claim, checked = Claim(title, code, _until(today, days)), VERIFIED.get(firm)
            rows.append({
                **_row(claim), "legal_name": company["legal_name"], "candidate": company["candidate"],
                "handler": company["handler"], "cause": cause_of(company["candidate"], claim),
                "file": "ISO 9001.pdf" if title == "ISO 9001" and firm != 5 else None, **_checked(today, checked),
            })  # fmt: skip
    for partner, title, code, days, checked, who, remark in BY_HAND:
        rows.append({
            **_row(Claim(title, code, _until(today, days))), "legal_name": partners[partner - 1]["legal_name"],
            "partner": f"P-{partner:04d}", "handler": who, "remark": remark, **_checked(today, checked),
        })  # fmt: skip
    numbered = [{"certificate": f"H-{number:04d}", **row} for number, row in enumerate(rows, start=1)]
    numbered[-3]["ended"] = f"新证 {numbered[-2]['certificate']}"
    return numbered


def _row(claim: Claim) -> Row:
    return {
        "title": claim.title, "number": claim.number, "until": claim.until, "term": "dated" if claim.until else "open",
    }  # fmt: skip


def _checked(today: date, days: int | None) -> Row:
    if days is None:
        return {"verification": "unverified"}
    return {"verification": "verified", "verified_on": today - timedelta(days=days)}


def _until(today: date, days: int | None) -> date | None:
    return None if days is None else today + timedelta(days=days)
