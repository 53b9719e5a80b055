"""Owns the evidence pack: everything behind one decision of a panel as files that are read and checked without this program.

The same book and files give the same bytes. Confidential columns (机密) stay out.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

from workbook.errors import PartnerBookError
from workbook.identity import book_identity
from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rows import as_words, to_cell
from workbook.rules.finding import Finding, run_checks
from workbook.rules.minutes import confirmed_text, findings_of, rows_of
from workbook.rules.selection import SETTING_DEFAULTS, Panel, Selection, read_selection
from workbook.rules.voting import members_of, ranking_fingerprint
from workbook.schema import CONFIDENTIAL, Column, Files, Formula, Money, Number, Scale, Table
from workbook.tables import (
    Bands,
    Candidates,
    Contributions,
    Declarations,
    Indicators,
    Marks,
    Minutes,
    Panels,
    Results,
    Reviewers,
    SettingRow,
    Votes,
)
from workbook.tables.selection import MINUTES_STATES

SETTINGS = (
    SettingRow.MIN_REVIEWERS, SettingRow.MIN_COVERAGE, SettingRow.TIE_BREAK, SettingRow.RECORD_DAYS, SettingRow.PANEL_ROLES,
)  # fmt: skip
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the time of every file in the pack, so that the same book gives the same bytes
SUMS = "SHA256SUMS"
RISKY = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # a program would take the text for a formula
NUMBERS = (Number, Money, Scale)
POINTS = (Results.columns["score"], Contributions.columns["points"])  # with two decimals, as they are official


class NoSuchDecision(PartnerBookError):
    """Evidence was asked for something that is no panel, and no candidate's result, of the book."""

    def __init__(self, decision: str, known: Iterable[str]):
        super().__init__(
            f"没有 {decision} 这个决定（现有的评审会：{'、'.join(known) or '无'}）。"
            "请写评审会编号，例如 V-0001，或结果编号，例如 V-0001/C-0001。"
        )


class NotDecided(PartnerBookError):
    """A panel has no results yet."""

    def __init__(self, panel: str):
        super().__init__(f"评审会 {panel} 还没有结果，没有可以留证的内容。请先运行 partnerbook evaluate。")


@dataclass(frozen=True)
class Upload:
    """A file that a candidate sent: whose, its name, its bytes; without bytes it is named with the reason only."""

    candidate: str
    name: str
    data: bytes | None = None
    why: str = ""


@dataclass(frozen=True)
class Pack:
    """The zip, what lies in it, and the candidates' files that do not."""

    data: bytes
    names: tuple[str, ...]
    left_out: tuple[Upload, ...]


@dataclass(frozen=True)
class Decision:
    """One panel, or one candidate of it, as the book says it; `day` is when its results last changed."""

    key: str
    panel: Panel
    candidates: tuple[str, ...]
    selection: Selection
    day: date

    @property
    def whole(self) -> bool:
        """Whether it is the panel's decision over all candidates."""
        return self.key == self.panel.key


def decision_of(book: Book, key: str) -> Decision:
    """The decision behind a panel's or a result's key.

    Raises:
        NoSuchDecision, NotDecided: there is none.
        MissingTable, MissingColumn: a table of scoring is not whole.
    """
    selection = read_selection(book)
    name, _, candidate = key.partition("/")
    panel = selection.panels.get(name)
    if panel is None or (candidate and candidate not in panel.candidates):
        raise NoSuchDecision(key, selection.panels)
    day = selection.last_evaluated(panel.key)
    if day is None:
        raise NotDecided(panel.key)
    return Decision(key, panel, (candidate,) if candidate else panel.candidates, selection, day)


def pack(book: Book, decision: Decision, uploads: Sequence[Upload] | None) -> Pack:
    """The evidence pack of a decision; `uploads` are the candidates' files, None if nobody gave their folder."""
    tables = _tables(book, decision)
    given = (
        named_in_book(tables[Candidates.name], "没有用 --data 指出存放文件的文件夹")
        if uploads is None
        else list(uploads)
    )
    members = {f"{name}.csv": _csv(tables[table.name], table) for name, table in CSVS.items()}
    members["rules.csv"] = _sheet_bytes(*_rules(tables))
    findings = _findings(book, decision, tables)
    members["findings.csv"] = _sheet_bytes(*_found(findings))
    members["inputs.json"] = _inputs(book, decision, tables)
    minutes = _minutes_text(decision, tables[Minutes.name])
    members["minutes.txt"] = b"\xef\xbb\xbf" + minutes.encode()
    places = _places([one for one in given if one.data is not None])
    members |= {place: one.data for place, one in places.items() if one.data is not None}
    left_out = tuple(one for one in given if one.data is None)
    members["README.txt"] = _readme(decision, left_out)
    members["index.html"] = _page(decision, tables, findings, minutes, list(places), left_out).encode()
    members[SUMS] = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(members.items())).encode()  # fmt: skip
    return Pack(_zip(members), tuple(sorted(members)), left_out)


CSVS: Mapping[str, type[Table]] = {
    "scores": Results, "contributions": Contributions, "marks": Marks, "declarations": Declarations, "votes": Votes,
    "candidates": Candidates,
}  # fmt: skip


# --- what belongs to a decision ---------------------------------------------------------------------------------------


def _tables(book: Book, decision: Decision) -> dict[str, list[Record]]:
    """The rows behind a decision, by table, in the order of their keys."""
    panel, firms = decision.panel, set(decision.candidates)
    results = {f"{panel.key}/{key}" for key in firms}

    def rows(table: type[Table], keep: Any) -> list[Record]:
        return sorted((r for r in read_if_there(book, table) if keep(r)), key=lambda r: (r.key, r.number))

    found = {Panels.name: rows(Panels, lambda r: r.key == panel.key)}
    found[Candidates.name] = rows(Candidates, lambda r: r.key in firms)
    found[Results.name] = rows(Results, lambda r: r.key in results)
    found[Contributions.name] = rows(Contributions, lambda r: r["result"] in results)
    for table in (Marks, Declarations, Votes):
        found[table.name] = rows(table, lambda r: r["panel"] == panel.key and r["candidate"] in firms)
    found[Reviewers.name] = rows(Reviewers, lambda r: r.key in panel.reviewers)
    found[Indicators.name] = rows(Indicators, lambda r: r["rule_version"] == panel.rule_version)
    found[Bands.name] = rows(Bands, lambda r: r["rule_version"] == panel.rule_version)
    found[Minutes.name] = rows_of(rows(Minutes, lambda r: True), panel.key)
    return found


def _findings(book: Book, decision: Decision, tables: Mapping[str, Sequence[Record]]) -> list[Finding]:
    found = findings_of(run_checks(book, decision.day), decision.panel, decision.selection)
    if decision.whole:
        return found
    own = {record.key for name in (Candidates, Results, Marks, Declarations, Votes) for record in tables[name.name]}
    return [one for one in found if one.key in own]


def open_columns(table: type[Table]) -> list[Column]:
    """The columns that a pack holds: not the confidential ones, nor formulas, whose values are beside them."""
    return [c for c in table.columns.values() if c.level is not CONFIDENTIAL and not isinstance(c, Formula)]


def named_in_book(candidates: Sequence[Record], why: str) -> list[Upload]:
    """The files that the cells name, without their bytes."""
    columns = [column for column in open_columns(Candidates) if isinstance(column, Files)]
    return [
        Upload(record.key, line.strip(), None, why)
        for record in candidates
        for column in columns
        for line in record.text(column.name).split("\n")
        if "(" in line  # a name with its size; 待补 is no file
    ]


def _places(uploads: Sequence[Upload]) -> dict[str, Upload]:
    """Where each file lies in the pack: by candidate, numbered, so that no two share a name."""
    places = {}
    for number, one in enumerate(uploads, start=1):
        name = re.sub(r'[\x00-\x1f\x7f\\/:*?"<>|]', "_", one.name).strip(" .") or "file"
        places[f"files/{one.candidate}/{number:02d} {name}"] = one
    return places


# --- text -------------------------------------------------------------------------------------------------------------


def _said(column: Column, value: Any) -> str:
    """A value as text: numbers without powers of ten, times as people write them."""
    if value is None:
        return ""
    cell = as_words(column, value) if isinstance(column, Files) else to_cell(column, value)
    if isinstance(cell, Decimal):
        if column in POINTS:
            return f"{cell:.2f}"
        return format(cell, "f")
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def guarded(text: str) -> str:
    """Text that no program takes for a formula; an apostrophe in front says that it is text."""
    return f"'{text}" if text.startswith(RISKY) else text


def _rows(records: Sequence[Record], columns: Sequence[Column]) -> list[list[str]]:
    return [[_said(column, record[column.name]) for column in columns] for record in records]


def _csv(records: Sequence[Record], table: type[Table]) -> bytes:
    columns = open_columns(table)
    rows = [
        [text if isinstance(column, NUMBERS) else guarded(text) for column, text in zip(columns, row, strict=True)]
        for row in _rows(records, columns)
    ]
    return _sheet_bytes([column.zh for column in columns], rows)


def _sheet_bytes(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _rules(tables: Mapping[str, Sequence[Record]]) -> tuple[list[str], list[list[str]]]:
    """Indicators and bands of the version under one header; a column that a table lacks is blank."""
    both = [(table, record) for table in (Indicators, Bands) for record in tables[table.name]]
    names = list(dict.fromkeys(column.zh for table in (Indicators, Bands) for column in open_columns(table)))
    rows = []
    for table, record in both:
        said = {c.zh: (c, _said(c, record[c.name])) for c in open_columns(table)}
        rows.append([table.label.zh, *(_guarded_unless_number(said.get(name)) for name in names)])
    return ["表", *names], rows


def _guarded_unless_number(said: tuple[Column, str] | None) -> str:
    return "" if said is None else said[1] if isinstance(said[0], NUMBERS) else guarded(said[1])


def _found(findings: Sequence[Finding]) -> tuple[list[str], list[list[str]]]:
    rows = [[f.rule, f.sheet, str(f.row or ""), f.key, f.column, f.message] for f in findings]
    return ["规则", "工作表", "行", "编号", "列", "发现"], [[guarded(text) for text in row] for row in rows]


def _inputs(book: Book, decision: Decision, tables: Mapping[str, Sequence[Record]]) -> bytes:
    """What the decision was made from, in one canonical form: keys sorted, numbers as text, codes instead of words."""
    named = {
        table.name: [{c.name: _coded(c, record[c.name]) for c in open_columns(table) if record[c.name] is not None} for record in tables[table.name]]
        for table in (Panels, Reviewers, Candidates, Marks, Declarations, Votes, Indicators, Bands, Results)
    }  # fmt: skip
    known = decision.selection.settings
    whole = {
        "book": book_identity(book), "decision": decision.key, "as_of": decision.day.isoformat(),
        "ranking_fingerprint": ranking_fingerprint(decision.panel.key, decision.selection.results.get(decision.panel.key, ())),
        "settings": {name: known.get(name) or SETTING_DEFAULTS[name] for name in SETTINGS}, **named,
    }  # fmt: skip
    return (json.dumps(whole, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def _coded(column: Column, value: Any) -> Any:
    return str(value) if isinstance(column, Files) else column.to_json(value)


def _minutes_text(decision: Decision, rows: Sequence[Record]) -> str:
    if not decision.whole:
        return f"这一包只有一家候选。纪要说到整场评审会的各家候选，见 {decision.panel.key} 的证据包。\n"
    if not rows:
        return "还没有纪要。\n"
    row = next((row for row in rows if row["status"] == "confirmed"), rows[-1])
    state = MINUTES_STATES[str(row["status"] or "draft")].zh
    return f"{row.key}（{state}）\n\n{confirmed_text(row) or '（空）'}\n"


def _readme(decision: Decision, left_out: Sequence[Upload]) -> bytes:
    lines = [
        f"证据包：{decision.key} {decision.panel.title}",
        f"截至 {decision.day.isoformat()}（结果最后一次变动的日期，发现也按这一天）。",
        "",
        "怎样看：用浏览器打开 index.html，不需要联网，也不需要本系统。CSV 可以用 Excel 或 WPS 打开；",
        "文字以 = + - @ 开头时前面加了一个单引号，表示它是文字。工作簿里标为机密的列不在包里。",
        "",
        "怎样核对：在解压后的文件夹里运行",
        f"  sha256sum -c {SUMS}",
        f"（Windows：certutil -hashfile 文件名 SHA256，再与 {SUMS} 里的一行比对；macOS：shasum -a 256 -c {SUMS}）。",
        "每一行都应显示“成功”或 OK；不是这样的文件在打包之后改动过。",
        f"{SUMS} 本身不在清单里：交接时请另行记下它的 SHA-256。",
        "",
        "里面有：",
        "  index.html         全部内容，可以打印",
        "  scores.csv         得分、名次、等级、结论    contributions.csv  得分构成：每项指标的占比和得分",
        "  marks.csv          每一个评分和依据          declarations.csv   利益冲突声明",
        "  votes.csv          表决和理由                minutes.txt        纪要",
        "  rules.csv          所用版本的指标和档位      candidates.csv     候选的资料",
        "  findings.csv       不合制度之处              inputs.json        计算所用的全部输入，固定格式",
        "  files/             候选上传的文件",
    ]
    if left_out:
        lines += ["", "不在包里的文件："]
        lines += [f"  {one.candidate} {one.name}（{one.why}）" for one in left_out]
    return b"\xef\xbb\xbf" + ("\r\n".join(lines) + "\r\n").encode()


# --- the page ---------------------------------------------------------------------------------------------------------

STYLE = (
    "body{font:15px/1.6 system-ui,'PingFang SC','Microsoft YaHei',sans-serif;color:#1d2430;background:#fff;margin:0 auto;"
    "max-width:76rem;padding:1.5rem}h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem;"
    "border-bottom:2px solid #1f4e79}p,dd,dt{margin:0}dl{display:grid;grid-template-columns:auto 1fr;gap:.2rem 1rem}"
    "dt{color:#556070}.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;width:100%}"
    "th,td{border:1px solid #c9d1dc;padding:.25rem .5rem;text-align:left;vertical-align:top;white-space:pre-line;"
    "overflow-wrap:anywhere;min-width:3.5em}td:first-child{white-space:nowrap}th{background:#eef3f8}pre{white-space:pre-wrap;font:inherit;margin:0}"
    ".soft{color:#556070}@media print{body{max-width:none;padding:0;font-size:11px}table{font-size:9px}"
    ".wide{overflow:visible}tr{break-inside:avoid}thead{display:table-header-group}}"
)
TECHNICAL = ("submission_id", "version", "fingerprint", "rules_fingerprint")  # in the CSV, not on the page


def _page(
    decision: Decision, tables: Mapping[str, Sequence[Record]], findings: Sequence[Finding], minutes: str,
    files: Sequence[str], left_out: Sequence[Upload],
) -> str:  # fmt: skip
    panel = decision.panel
    parts = [
        f"<h1>证据包　{escape(decision.key)}</h1><p class=soft>{escape(panel.title)}，截至 {decision.day.isoformat()}</p>",
        _facts(decision),
    ]
    for table, columns in PAGE.items():
        rows = sorted(tables[table.name], key=lambda r: (int(r["order"] or 999), r.key)) if table is Results else tables[table.name]  # fmt: skip
        parts.append(_section(table.label.zh, *_shown(table, rows, columns)))
        if table is Votes:
            parts.append(f"<h2>评审会纪要</h2><pre>{escape(minutes)}</pre>")
    head, rules = _rules(tables)
    parts.append(_section(f"规则版本 {panel.rule_version}", *_without_blank(head, rules)))
    parts.append(_section("发现", *_without_blank(*_found(findings))))
    parts.append(_section("候选上传的文件", ["文件", "说明"], [[name, "在包里"] for name in files] + [[f"{one.candidate} {one.name}", one.why] for one in left_out]))  # fmt: skip
    parts.append(
        f"<h2>怎样核对</h2><p>在解压后的文件夹里运行 <code>sha256sum -c {SUMS}</code>；说明见 README.txt。</p>"
    )
    return (
        f'<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><title>证据包 {escape(decision.key)}</title>'
        f"<style>{STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


PAGE: Mapping[type[Table], tuple[str, ...]] = {  # blank: every open column
    Results: ("result", "legal_name", "state", "rank", "score", "grade", "reviewers", "coverage", "reason"),
    Votes: ("candidate", "reviewer", "vote", "reason", "state", "submitted_at"),
    Declarations: ("candidate", "reviewer", "conflict", "reason", "submitted_at"),
    Candidates: (),
    Contributions: ("legal_name", "dimension", "title", "weight", "mean", "points", "state", "marks"),
    Marks: ("mark_key", "candidate", "reviewer", "indicator", "mark", "evidence", "comment", "source"),
}


def _facts(decision: Decision) -> str:
    panel, selection = decision.panel, decision.selection
    people = "、".join(selection.reviewers[key].label for key in members_of(selection, panel))
    said = {"主题": panel.title, "规则版本": panel.rule_version, "成员": people}
    if decision.whole:
        said |= {"推荐名单": "、".join(panel.recommended) or "（未填）", "推荐理由": panel.reason or "（未填）"}
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in said.items()) + "</dl>"


def _shown(table: type[Table], records: Sequence[Record], names: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    columns = [table.columns[n] for n in names] or [c for c in open_columns(table) if c.name not in TECHNICAL]
    if not names:  # a candidate has many facts: a line for each
        rows = [[record.key, c.zh, text] for record in records for c in columns if (text := _said(c, record[c.name]))]
        return [table.key().zh, "资料", "内容"], rows
    return _without_blank([column.zh for column in columns], _rows(records, columns))


def _without_blank(head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
    return [head[place] for place in kept], [[row[place] for place in kept] for row in rows]


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return f"<h2>{escape(title)}</h2><p class=soft>无</p>"
    top = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><div class=wide><table><thead><tr>{top}</tr></thead><tbody>\n{body}</tbody></table></div>"


def _zip(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in sorted(members.items()):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            made.writestr(entry, data)
    return out.getvalue()


__all__ = ["Decision", "NoSuchDecision", "NotDecided", "Pack", "Upload", "decision_of", "guarded", "named_in_book", "open_columns", "pack"]  # fmt: skip
