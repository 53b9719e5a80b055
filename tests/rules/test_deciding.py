"""What a panel decides: each finding as a minimal pair, votes that hold, and minutes that say what the rows say."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.selection_books import NOW, TODAY, Rows, evaluated, selection_rows
from workbook.deciding import NoSuchPanel, NothingToMinute, draft_minutes
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rules.finding import Finding, run_checks
from workbook.rules.minutes import ground_of
from workbook.rules.selection import read_selection
from workbook.rules.voting import passed_over, ranking_fingerprint, required_roles, voting_of
from workbook.tables import Minutes, Votes

Break = Callable[[Rows], None]
MEMBERS = tuple(f"R-{n:04d}" for n in range(1, 5))


def votes(fingerprint: str) -> list[dict[str, object]]:
    """Everybody recommends C-0001 and not C-0002."""
    pairs = [(who, key) for key in ("C-0001", "C-0002") for who in MEMBERS]
    return [
        {
            "vote_key": f"X-{n:04d}", "panel": "V-0001", "candidate": key, "reviewer": who, "fingerprint": fingerprint,
            "vote": "for" if key == "C-0001" else "against", "reason": None if key == "C-0001" else "产能不足",
            "submitted_at": datetime(2026, 11, 22, 9, n),
        }
        for n, (who, key) in enumerate(pairs, start=1)
    ]  # fmt: skip


@functools.cache
def decided() -> Rows:
    """A final panel: C-0001 leads and is recommended, everybody voted on this ranking, the minutes are confirmed."""
    rows = selection_rows(mark=lambda c, r, i: 4 if c == 1 else 3)
    rows["panels"][0] |= {"status": "done", "recommended": "C-0001"}
    selection = read_selection(evaluated(rows)[0])
    rows["votes"] = votes(ranking_fingerprint("V-0001", selection.results["V-0001"]))
    selection = read_selection(evaluated(rows)[0])
    ground = ground_of(selection, selection.panels["V-0001"])
    rows["minutes"] = [{"minutes": "Y-0001", "panel": "V-0001", "status": "confirmed", "fingerprint": ground}]
    rows["settings"] = [{"setting": "公司名称", "value": "示例"}]
    return rows


def fresh() -> Rows:
    return {name: [dict(row) for row in rows] for name, rows in decided().items()}


def found(rows: Rows) -> list[Finding]:
    return run_checks(evaluated(rows)[0], TODAY)


def change(table: str, number: int, **values: object) -> Break:
    def run(rows: Rows) -> None:
        rows[table][number].update(values)

    return run


def drop(table: str, number: int) -> Break:
    def run(rows: Rows) -> None:
        rows[table].pop(number)

    return run


def recommend(keys: str) -> Break:
    return change("panels", 0, recommended=keys)


# rule → what breaks it, the key where it is found, a word of the sentence
BROKEN: list[tuple[str, Break, str, str]] = [
    ("S13-files", change("candidates", 0, proposal_file=None), "C-0001", "还缺初步合作方案"),
    ("S13-files", change("candidates", 1, status="reviewing", cases_file=None, profile_file=None), "C-0002", "还缺公司介绍、案例研究"),
    ("S15-setting", change("settings", 0, setting="评审会必备部门", value="业务、董事会"), "评审会必备部门", "不认识 董事会"),
    ("S15-list", change("reviewers", 3, role="other"), "V-0001", "缺少法务"),
    ("S15-list", change("reviewers", 3, status="left"), "V-0001", "缺少法务"),
    ("S15-roles", change("reviewers", 3, status="left"), "V-0001", "缺少法务"),
    ("S15-list", drop("votes", 7), "V-0001", "还缺有效表决：R-0004 对 C-0002"),
    ("S15-votes", recommend("C-0001、C-0002"), "V-0001", "C-0002 没有得到过半的有效推荐票（推荐 0、不推荐 4、弃权 0）"),
    ("S15-void", change("votes", 2, fingerprint="0" * 64), "X-0003", "表决之后排名有变"),
    ("S15-void", change("votes", 2, fingerprint=None), "X-0003", "没有排名指纹"),
    ("S15-minutes", change("minutes", 0, status="draft"), "V-0001", "还没有已确认的纪要"),
    ("S15-minutes", drop("minutes", 0), "V-0001", "还没有已确认的纪要"),
    ("S15-minutes-changed", change("votes", 0, reason="后来补写的理由"), "Y-0001", "之后有变"),
    ("S15-minutes-changed", recommend("C-0002"), "Y-0001", "之后有变"),
]  # fmt: skip


def test_a_panel_that_decided_in_order_has_no_finding() -> None:
    assert found(fresh()) == []


@pytest.mark.parametrize(
    ("rule", "breaks", "where", "words"), BROKEN, ids=[f"{b[0]}-{n}" for n, b in enumerate(BROKEN)]
)
def test_what_is_broken_is_found_and_says_where(rule: str, breaks: Break, where: str, words: str) -> None:
    rows = fresh()
    breaks(rows)
    hits = [finding for finding in found(rows) if finding.rule == rule]
    assert any(where == finding.key and words in finding.message for finding in hits), hits


@pytest.mark.parametrize("status", ["received", "returned", "declined", "withdrawn"])
def test_a_missing_file_is_no_finding_before_the_review_nor_after_the_end(status: str) -> None:
    rows = fresh()
    rows["candidates"][0] |= {"status": status, "proposal_file": None}
    assert "S13-files" not in {f.rule for f in found(rows)}


# --- votes ------------------------------------------------------------------------------------------------------------


def states(book: Book) -> dict[str, str]:
    return {record.key: record["state"] for record in read_records(book, Votes)}


def test_a_changed_mark_voids_every_vote_and_changing_it_back_brings_them_back() -> None:
    rows = fresh()
    rows["panels"][0] |= {"status": "closed"}
    book, _ = evaluated(rows)
    assert set(states(book).values()) == {"valid"}
    book.update("marks", "评分编号", {"M-0001": {"分数": 5}})
    evaluate_book(book, NOW)
    assert set(states(book).values()) == {"void"}
    assert {f.rule for f in run_checks(book, TODAY)} >= {"S15-void", "S15-list", "S15-votes"}
    book.update("marks", "评分编号", {"M-0001": {"分数": 4}})
    evaluate_book(book, NOW)
    assert set(states(book).values()) == {"valid"}


def test_a_second_evaluation_changes_no_byte() -> None:
    book = Book.read(evaluated(fresh())[0].to_bytes())
    before = book.to_bytes()
    assert evaluate_book(book, NOW + timedelta(days=1)).changed is False
    assert book.to_bytes() == before


def test_voting_again_is_a_new_row_and_the_newest_counts() -> None:
    rows = fresh()
    again = {**rows["votes"][0], "vote_key": "X-0009", "vote": "against", "reason": "看了补充材料"}
    rows["votes"].insert(0, again | {"submitted_at": datetime(2026, 11, 22, 18)})  # people sort tables
    book, _ = evaluated(rows)
    assert (states(book)["X-0001"], states(book)["X-0009"]) == ("void", "valid")
    selection = read_selection(book)
    assert voting_of(selection, selection.panels["V-0001"]).counts("C-0001") == {"for": 3, "against": 1}


@pytest.mark.parametrize(
    "breaks",
    [
        change("declarations", 0, conflict="yes", reason="亲属任职"),
        change("reviewers", 0, status="left"),
        change("panels", 0, reviewers="R-0002、R-0003、R-0004"),
    ],
    ids=["recused", "left", "not on the panel"],
)
def test_who_may_not_vote_has_no_valid_vote(breaks: Break) -> None:
    rows = fresh()
    breaks(rows)
    assert states(evaluated(rows)[0])["X-0001"] == "void"


def test_half_of_the_votes_is_no_majority_and_an_abstention_counts_as_a_vote() -> None:
    for said, proposed in (("ffaa", ()), ("fffa", ("C-0001",)), ("ff--", ()), ("f", ("C-0001",))):
        rows = fresh()
        rows["votes"] = rows["votes"][: len(said)]
        for row, letter in zip(rows["votes"], said, strict=True):
            row["vote"] = {"f": "for", "a": "against", "-": "abstain"}[letter]
        selection = read_selection(evaluated(rows)[0])
        assert voting_of(selection, selection.panels["V-0001"]).proposed == proposed, said


def test_no_list_is_proposed_while_a_required_department_is_missing() -> None:
    rows = fresh()
    rows["reviewers"][2]["role"] = "quality"
    selection = read_selection(evaluated(rows)[0])
    voting = voting_of(selection, selection.panels["V-0001"])
    assert (voting.lacking, voting.proposed) == (("采购",), ())


def test_staff_decide_which_departments_are_required() -> None:
    assert required_roles({}) == ("business", "technology", "purchasing", "legal")
    assert required_roles({"评审会必备部门": "质量，Legal"}) == ("quality", "legal")
    rows = fresh()
    rows["reviewers"][3]["role"] = "quality"
    rows["settings"] = [{"setting": "评审会必备部门", "value": "业务、质量"}]
    assert not {f.rule for f in found(rows)} & {"S15-roles", "S15-list"}


@pytest.mark.parametrize(
    ("choices", "against"),
    [
        ({"A": "for", "B": "for"}, {}),
        ({"A": "against", "B": "for"}, {"B": ["A"]}),
        ({"A": "abstain", "B": "for"}, {"B": ["A"]}),
        ({"A": "for", "B": "against", "C": "for"}, {"C": ["B"]}),
        ({"B": "for"}, {}),  # recused from A, or not voted yet: nobody was passed over
    ],
)
def test_what_goes_against_the_ranking(choices: Mapping[str, str], against: Mapping[str, list[str]]) -> None:
    assert passed_over({"A": 1, "B": 2, "C": 3}, choices) == against


@pytest.mark.parametrize(
    ("name", "value"), [("score", Decimal("61")), ("rank", Decimal(2)), ("state", "blocked"), ("fingerprint", "x")]
)
def test_the_fingerprint_of_a_ranking_changes_with_everything_in_it(name: str, value: object) -> None:
    row = {"candidate": "C-0001", "score": Decimal("60"), "rank": Decimal(1), "state": "ranked", "fingerprint": "f"}
    other = {**row, "candidate": "C-0002", "rank": Decimal(3)}
    one = ranking_fingerprint("V-0001", [row, other])
    assert one == ranking_fingerprint("V-0001", [other, row])  # not with the order of rows
    assert one != ranking_fingerprint("V-0001", [{**row, name: value}, other])
    assert one != ranking_fingerprint("V-0002", [row, other])


# --- minutes ----------------------------------------------------------------------------------------------------------


def drafting(rows: Rows) -> Book:
    rows["minutes"] = []
    return evaluated(rows)[0]


def test_minutes_say_who_what_and_why() -> None:
    rows = fresh()
    rows["declarations"][1] |= {"conflict": "yes", "reason": "配偶在该公司任职"}
    rows["candidates"].append({**rows["candidates"][1], "candidate": "C-0003", "legal_name": "证照过期公司", "scope_checked": "differs"})  # fmt: skip
    rows["panels"][0] |= {"candidates": "C-0001、C-0002、C-0003", "status": "closed"}
    text = draft_minutes(drafting(rows), "V-0001", NOW).draft
    for words in (
        "评审会纪要　V-0001", "主题：年度甄选", "法务：R-0004 评审4", "R-0002 评审2（技术） 对 C-0001 候选1有限公司：配偶在该公司任职",
        "第 1 名　C-0001 候选1有限公司　78.32 分，C 级", "否决　C-0003 证照过期公司", "经营范围与合作内容不符",
        "推荐名单：C-0001 候选1有限公司", "待办：",
    ):  # fmt: skip
        assert words in text, text
    # the ranking is another one than that of the votes, and says so
    assert "没有有效表决" in text and "S15-list V-0001" in text


def test_minutes_hold_each_vote_with_its_reason() -> None:
    text = draft_minutes(drafting(fresh()), "V-0001", NOW).draft
    assert "C-0001 候选1有限公司：推荐 4，不推荐 0，弃权 0" in text
    assert "R-0003 评审3（采购） 不推荐：产能不足" in text


def test_nothing_is_drafted_as_a_list_while_departments_are_missing() -> None:
    rows = fresh()
    rows["reviewers"][3]["role"] = "other"
    text = draft_minutes(drafting(rows), "V-0001", NOW).draft
    assert "不能给出推荐名单：评审人里缺少法务的代表" in text and "推荐名单：C-" not in text


def test_going_against_the_ranking_is_minuted_with_its_reason() -> None:
    rows = fresh()
    rows["panels"][0] |= {"recommended": "C-0002", "reason": "价格低 18 %"}
    text = draft_minutes(drafting(rows), "V-0001", NOW).draft
    assert "与排名不一致：C-0001 候选1有限公司 排名更前而没有推荐。理由：价格低 18 %" in text


def test_the_same_minutes_again_change_no_byte_and_a_change_is_drafted_into_the_same_row() -> None:
    book = drafting(fresh())
    first = draft_minutes(book, "V-0001", NOW)
    book.update("minutes", "纪要编号", {first.key: {"纪要正文": "员工自己写的", "开会日期": None}})
    book = Book.read(book.to_bytes())
    again = draft_minutes(book, "V-0001", NOW + timedelta(hours=1))
    assert (first.key, first.changed, again.changed) == ("Y-0001", True, False) and not book.touched
    book.update("panels", "评审会编号", {"V-0001": {"推荐理由": "一致同意"}})
    third = draft_minutes(book, "V-0001", NOW + timedelta(hours=2))
    (row,) = read_records(book, Minutes)
    assert third.changed and "一致同意" in row.text("draft") and row["text"] == "员工自己写的"
    assert row["drafted_at"] == NOW + timedelta(hours=2)


def test_confirmed_minutes_are_never_drafted_again() -> None:
    book, _ = evaluated(fresh())
    done = draft_minutes(book, "V-0001", NOW)
    assert done.confirmed and not done.outdated and not book.touched
    book.update("panels", "评审会编号", {"V-0001": {"推荐理由": "事后补写"}})
    before = read_records(book, Minutes)
    assert draft_minutes(book, "V-0001", NOW).outdated
    assert read_records(book, Minutes) == before


def test_minutes_of_nothing_are_refused() -> None:
    book = drafting(fresh())
    with pytest.raises(NoSuchPanel, match="V-0001"):
        draft_minutes(book, "V-0009", NOW)
    rows = selection_rows()
    rows["panels"][0]["status"] = "preparing"
    with pytest.raises(NothingToMinute):
        draft_minutes(evaluated(rows)[0], "V-0001", NOW)
