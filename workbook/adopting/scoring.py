"""Owns turning old scoring sheets into 评审会, 评审人 and 评分: a row for each candidate, or a row for each indicator.

A mark is never guessed: another scale than 1 to 5 is converted only when the mapping says so, and the mark's remark then
shows the old figure.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from workbook.adopting.companies import NO_INDICATOR, Companies, count_row, data_rows, leave_out, note_nameless
from workbook.adopting.mapping import MARK_TARGETS, SCORING, Block, OldColumn, OldIndicator, OldMapping
from workbook.adopting.old_file import OldSheet, OldValue
from workbook.adopting.outcome import NewRow, Outcome, SheetCount, same_name
from workbook.adopting.sorting import OldRow, rows_under
from workbook.adopting.tree import leaves_of, tree
from workbook.adopting.values import DoesNotFit, scaled_mark, storable, take, words_of
from workbook.defaults import VERSION
from workbook.schema import compact
from workbook.tables import Candidates, Marks, Panels, Reviewers
from workbook.tables.selection import MARKS

OFFICIAL = len(MARKS)
NO_MARKS = "没有分数的行"
LISTED = "、"


def unknown_scales(mapping: OldMapping, sheets: Mapping[str, OldSheet]) -> dict[str, str]:
    """The panels in which a mark above 5 stands though no scale is declared → where. None of their marks can be read."""
    found: dict[str, str] = {}
    for block in mapping.blocks:
        if block.kind not in SCORING or block.panel in found:
            continue
        items = {item.row: item for item in block.indicators if item.indicator}
        for row in rows_under(sheets[block.sheet], block):
            item = items.get(row.number)
            if row.reason or (block.kind == "matrix" and item is None):
                continue
            if at := next((c for c in block.columns_to("marks.mark") if _above_official(block, c, item, row)), None):
                found[block.panel] = f"工作表“{block.sheet}”{at.letter}{row.number}"
                break
    return found


def _above_official(block: Block, column: OldColumn, item: OldIndicator | None, row: OldRow) -> bool:
    value = row[column.index]
    if block.full_marks(column, item) != (None, None) or isinstance(value, bool):
        return False
    text = compact(words_of(value)).removesuffix("分")
    return bool(re.fullmatch(r"\d+(\.\d*)?", text)) and Decimal(text) > OFFICIAL


class Scoring:
    """The panels, reviewers and marks that grow from the scoring sheets of one old file."""

    def __init__(self, outcome: Outcome, companies: Companies, unknown: Mapping[str, str]):
        self.outcome, self.companies, self.unknown = outcome, companies, unknown
        self._other_scale: dict[str, set[int]] = defaultdict(set)
        self._given: dict[tuple[str, str, str], NewRow] = {}
        self._twice: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._panels: dict[str, NewRow] = {}
        self._reviewers: dict[str, NewRow] = {}
        self._members: dict[str, tuple[dict[str, None], dict[str, None]]] = {}

    def run(self, sheet: OldSheet, block: Block, count: SheetCount) -> None:
        """Import one block."""
        if block.kind == "scores":
            self._by_candidate(sheet, block, count)
        else:
            self._by_indicator(sheet, block, count)

    def finish(self, old: str) -> None:
        """Write into each panel who was marked by whom."""
        for title, row in self._panels.items():
            candidates, reviewers = self._members[title]
            for name, keys in (("candidates", candidates), ("reviewers", reviewers)):
                row.values[name] = LISTED.join(keys)
                limit = getattr(Panels.columns[name], "max_length", 0)
                if len(row.values[name]) > limit:
                    self.outcome.notes.append(f"{row.shown} 的“{Panels.columns[name].zh}”超过 {limit} 字：可以计算，在表里改这一格时请分成几个评审会。")  # fmt: skip
            row.remarks.append(f"由旧表导入：{old}")
        for title, fulls in self._other_scale.items():
            full = LISTED.join(map(str, sorted(fulls)))
            scale = (
                f'"scale": {full} 才按 分数 ÷ {full} × 5'
                if len(fulls) == 1
                else '"scale": "declared" 才按 分数 ÷ 各自的满分 × 5'
            )
            self.outcome.notes.append(
                f"“{title}”有满分 {full} 的评分，没有导入成分数：在映射里写 {scale} 换算，每个换算的分在备注里写明原分。"
            )
        for (candidate, person), places in self._twice.items():
            self.outcome.notes.append(
                f"{person}对 {candidate} 的同一指标打了不止一次分（{places[0]}等 {len(places)} 处），都已导入，计算时都不计入：请只保留一个。"
            )
        for title, where in self.unknown.items():
            self.outcome.notes.append(
                f"“{title}”的评分没有导入成分数：{where} 的分大于 {OFFICIAL}，而表里没有写满分。"
                '请在映射里写 "scale"（满分 100 写 100；本来就是 1–5 分、只是个别打错，写 5）再导入。'
            )

    # ---- a row for each candidate

    def _by_candidate(self, sheet: OldSheet, block: Block, count: SheetCount) -> None:
        seen: Counter[tuple[str, str]] = Counter()
        names = [c.index for c in block.columns_to("candidates.legal_name")]
        for old in data_rows(self.outcome, sheet, block, count):
            at = (sheet.name, old.number)
            reviewer, remarked = self._reviewer_of(block, old, at)
            name = next((words_of(old[i]) for i in names if old[i] is not None), "")
            place = (reviewer.key, same_name(name))
            candidate, new = self.companies.candidate(name, seen[place], at)
            seen[place] += 1
            remarked |= self.companies.fill(candidate, block.columns, old, sheet, f"{reviewer.values['person']} · ")
            if new:
                candidate.values.setdefault("status", "scoring")
            if not name:
                note_nameless(self.outcome, candidate, at, names)
                remarked = True
            remarked |= self._marks_of_row(block, old, at, candidate, reviewer)
            count_row(count, remarked)

    def _reviewer_of(self, block: Block, old: OldRow, at: tuple[str, int]) -> tuple[NewRow, bool]:
        """The reviewer of a row, and whether a cell about the reviewer did not fit."""
        named = next(
            (words_of(old[c.index]) for c in block.columns_to("reviewers.person") if old[c.index] is not None), ""
        )
        reviewer = self._reviewer(named or block.reviewer, at)
        remarked = False
        for column in block.columns_to("reviewers.role"):
            try:
                role = take(Reviewers.name, Reviewers.columns["role"], old[column.index])
                if role and reviewer.values.setdefault("role", role) != role:
                    raise DoesNotFit("与这位评审人前面的部门不同")
            except DoesNotFit as error:
                self.outcome.does_not_fit(at, column, old[column.index], str(error), reviewer)
                remarked = True
        return reviewer, remarked

    def _marks_of_row(
        self, block: Block, old: OldRow, at: tuple[str, int], candidate: NewRow, reviewer: NewRow
    ) -> bool:
        by_indicator: dict[str, list[OldColumn]] = {}
        for column in block.columns:
            if column.to in MARK_TARGETS:
                by_indicator.setdefault(column.indicator, []).append(column)
        self._join(block, candidate, reviewer, at)
        remarked = False
        for indicator, columns in by_indicator.items():
            cells = [(column, old[column.index]) for column in columns if old[column.index] is not None]
            for key, origin in self._leaves(indicator, set(by_indicator)):
                if cells:
                    remarked |= self._mark(block, at, candidate, reviewer, key, cells, origin)
        return remarked

    def _leaves(self, indicator: str, others: set[str]) -> list[tuple[str, str]]:
        """The indicator itself; for a dimension those of its indicators that have no column, with a word about it."""
        found = tree()[indicator]
        if not found.whole:
            return [(indicator, "")]
        return [(key, f"旧表的维度分“{found.title}”") for key in leaves_of(indicator) if key not in others]

    # ---- a row for each indicator

    def _by_indicator(self, sheet: OldSheet, block: Block, count: SheetCount) -> None:
        keys = {item.row: item for item in block.indicators}
        people = self._columns(sheet, block)
        remarks = block.columns_to("remark")
        for old in data_rows(self.outcome, sheet, block, count):
            cells = {
                who: [(c, old[c.index]) for c in columns if old[c.index] is not None] for who, columns in people.items()
            }
            if not any(cells.values()):
                leave_out(self.outcome, sheet, old, NO_MARKS, count)
                continue
            item = keys.get(old.number)
            beside = [f"{c.header}: {words_of(old[c.index])}" for c in remarks if old[c.index] is not None]
            title = item.title if item else next((words_of(old[c.index]) for c in block.columns_to("indicator")), "")
            remarked = False
            for (candidate, reviewer), found in cells.items():
                if found and item and item.indicator:
                    at = (sheet.name, old.number)
                    for key, origin in self._leaves(item.indicator, {other.indicator for other in keys.values()}):
                        remarked |= self._mark(block, at, candidate, reviewer, key, found, origin, beside, item)
                elif found:
                    self._without_indicator(sheet, old, candidate, reviewer, title, found)
                    remarked = True
            count_row(count, remarked)

    def _columns(self, sheet: OldSheet, block: Block) -> dict[tuple[NewRow, NewRow], list[OldColumn]]:
        """The columns of each candidate and reviewer; a name that stands twice is a second candidate."""
        found: dict[tuple[NewRow, NewRow], list[OldColumn]] = {}
        seen: Counter[tuple[str, str]] = Counter()
        latest: dict[tuple[str, str], tuple[NewRow, NewRow]] = {}
        at = (sheet.name, block.header_rows[-1] if block.header_rows else 1)
        for column in block.columns:
            if column.to not in MARK_TARGETS:
                continue
            name = column.candidate or column.header
            place = (column.reviewer or block.reviewer, same_name(name))
            if column.to == "marks.mark" or place not in latest:
                reviewer = self._reviewer(place[0], at)
                candidate, new = self.companies.candidate(name, seen[place], at)
                seen[place] += 1
                if new:
                    self._name(candidate, column, name, at)
                self._join(block, candidate, reviewer, at)
                latest[place] = (candidate, reviewer)
            found.setdefault(latest[place], []).append(column)
        return found

    def _name(self, candidate: NewRow, column: OldColumn, name: str, at: tuple[str, int]) -> None:
        """A new candidate gets its name from the header of its column."""
        candidate.values["status"] = "scoring"
        try:
            candidate.values["legal_name"] = take(Candidates.name, Candidates.columns["legal_name"], name)
        except DoesNotFit as error:
            self.outcome.does_not_fit(at, column, name, str(error), candidate)

    def _without_indicator(
        self, sheet: OldSheet, old: OldRow, candidate: NewRow, reviewer: NewRow, title: str, cells: Sequence[tuple[OldColumn, OldValue]]
    ) -> None:  # fmt: skip
        whose = f"{reviewer.values['person']} · {title} · "
        for column, value in cells:
            self.outcome.does_not_fit((sheet.name, old.number), column, value, NO_INDICATOR, candidate, whose)

    # ---- shared

    def _reviewer(self, name: str, at: tuple[str, int]) -> NewRow:
        """The reviewer of a name; one for each sheet that names none."""
        person = storable(" ".join(name.split()))[:60] or f"未署名（{at[0][:40]}）"
        if (known := same_name(person)) not in self._reviewers:
            row = self._reviewers[known] = self.outcome.new_row(Reviewers, at)
            row.values["person"] = person
            if not name:
                row.remarks.append("旧表没有写评审人，请改成真名")
        return self._reviewers[known]

    def _join(self, block: Block, candidate: NewRow, reviewer: NewRow, at: tuple[str, int]) -> None:
        """Put candidate and reviewer into the block's panel."""
        if block.panel not in self._panels:
            row = self._panels[block.panel] = self.outcome.new_row(Panels, at)
            row.values |= {
                "title": storable(block.panel)[:120] or "旧评分表",
                "status": "closed",
                "rule_version": VERSION,
            }
            self._members[block.panel] = ({}, {})
        candidates, reviewers = self._members[block.panel]
        candidates[candidate.key] = reviewers[reviewer.key] = None

    def _mark(
        self, block: Block, at: tuple[str, int], candidate: NewRow, reviewer: NewRow, indicator: str,
        cells: Sequence[tuple[OldColumn, OldValue]], origin: str, beside: Sequence[str] = (), item: OldIndicator | None = None,
    ) -> bool:  # fmt: skip
        """One row of 评分 from the cells of a mark, its evidence and comment; True if one of them did not fit."""
        row = self.outcome.new_row(Marks, at)
        row.values |= {
            "panel": self._panels[block.panel].key, "candidate": candidate.key, "reviewer": reviewer.key,
            "indicator": indicator, "source": "typed",
        }  # fmt: skip
        remarked = False
        for column, value in cells:
            name = column.to.partition(".")[2]
            try:
                if name == "mark":
                    row.values["mark"] = self._read_mark(block, column, item, value, row)
                else:
                    row.values[name] = take(Marks.name, Marks.columns[name], value)
            except DoesNotFit as error:
                self.outcome.does_not_fit(at, column, value, str(error), row)
                remarked = True
            if origin and name == "mark":
                row.remarks.append(f"{origin}: {words_of(value)}")
        row.remarks += beside
        if row.values.get("mark") is not None:
            first = self._given.setdefault((row.values["panel"], f"{candidate.key}/{reviewer.key}", indicator), row)
            if first is not row:
                places = (f"工作表“{place[0]}”第 {place[1]} 行" for place in (first.at, at))
                self._twice[candidate.key, reviewer.values["person"]].append("、".join(dict.fromkeys(places)))
        return remarked

    def _read_mark(
        self, block: Block, column: OldColumn, item: OldIndicator | None, value: OldValue, row: NewRow
    ) -> int | None:
        """The mark of 1 to 5 that a cell means; raises `DoesNotFit`."""
        wanted, declared = block.full_marks(column, item)
        if wanted and wanted != OFFICIAL:
            mark, exact = scaled_mark(value, wanted)
            shown = format(exact.quantize(exact if exact == exact.to_integral() else Decimal("0.01")), "f")
            row.remarks.append(f"旧表 {words_of(value)}（满分 {wanted}）÷ {wanted} × 5 = {shown}，记为 {mark}")
            return mark
        if not wanted and declared and declared != OFFICIAL:
            self._other_scale[block.panel].add(declared)
            raise DoesNotFit(f'满分 {declared} 的分；在映射里给这张工作表写 "scale": "declared" 才换算成 1 到 5')
        if not wanted and declared is None and block.panel in self.unknown:
            raise DoesNotFit(f'表里有大于 {OFFICIAL} 的分而没有写满分；请在映射里写 "scale"')
        mark_or_none: int | None = take(Marks.name, Marks.columns["mark"], value)
        return mark_or_none
