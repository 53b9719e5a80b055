"""Owns one whole selection, played through forms, links, commands and cells: from 需求发布 to the end of 引导期.

Five companies apply; three of them fail one gate each, two are ranked, one signs. Days are those of a clock that the
story moves. Each step makes sure of what it promises, so nobody shows a book that went another way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from stdnum.cn import uscc

from forms_server.house import House, open_house
from tests.forms import scoring
from tests.forms.conftest import CANDIDATE, PDF, fields, send, upload
from tests.forms.test_voting import vote
from tests.policy.test_s10_to_s12 import sign
from tests.requirement_books import Scene, at, fingerprint
from tests.selection_books import MARKED
from workbook import desk, evaluating
from workbook.cli import main
from workbook.ooxml import Book
from workbook.records import Record
from workbook.schema import Table
from workbook.tables import (
    Candidates,
    Clauses,
    Contracts,
    Contributions,
    Declarations,
    Marks,
    Minutes,
    Onboarding,
    Panels,
    Requirements,
    Results,
    SignOffs,
    Todo,
    Votes,
)

WITH_DATA = ("deliver", "invite", "verify", "evidence")  # commands that open the inbox
OWNER = "王珂"
WANTED = {
    "goal": "主轴与夹具的停机提前一天预警",
    "scope": "一车间 12 台加工中心",
    "outcome": "非计划停机减少三成",
    "schedule": "签约后 3 个月上线，6 个月验收",
    "deliverables": "监测平台",
    "quality": "误报不超过 5%，数据完整率 99%",
    "budget": "不超过 120 万元",
    "capability": "振动采集、边缘计算、数控系统接口",
}
AFTERTHOUGHT = "监测平台\n备件一套"  # what the deliverables become after the first sign-offs
# what is agreed about each clause, and what must not be gone below
TERMS = {
    "scope": ("一车间 12 台加工中心的监测", "不少于 10 台"),
    "rights": ("甲方开放接口，乙方驻场调试", "接口只读"),
    "delivery": ("误报不超过 5%", "误报不超过 8%"),
    "acceptance": ("连续运行 30 天后验收", "不少于 15 天"),
    "property": ("数据归甲方，平台归乙方", "数据归甲方"),
    "secrecy": ("保密期五年", "不短于三年"),
    "payment": ("验收后 45 天付款", "付款不早于验收后三十天"),
    "breach": ("逾期每日千分之一", "每日不低于万分之五"),
    "disputes": ("甲方所在地法院", "不接受境外仲裁"),
    "term": ("两年，期满前 60 天商定续约", "不自动续约"),
}
EVIDENCE = {
    "C-0001": "现场看过产线与案例",
    "C-0002": "看过样机，案例较少",
    "C-0003": "凭申报资料",
    "C-0004": "凭申报资料",
    "C-0005": "凭申报资料",
}
PEOPLE = {
    "R-0001": ("赵业", "业务"),
    "R-0002": ("钱术", "技术"),
    "R-0003": ("孙购", "采购"),
    "R-0004": ("李法", "法务"),
}
# the company; headcount, patents, revenue in 10,000 yuan; what staff find out about scope and permits
FIRMS: dict[str, tuple[str, int, int, int, str, str]] = {
    "C-0001": ("青禾精密制造有限公司", 60, 25, 30_000, "相符", "具备"),
    "C-0002": ("远山智能装备有限公司", 30, 6, 1_500, "相符", "不需要"),
    "C-0003": ("旧照机电有限公司", 40, 8, 4_000, "相符", "具备"),
    "C-0004": ("百货贸易有限公司", 10, 2, 9_000, "不符", "不需要"),
    "C-0005": ("无证检测有限公司", 20, 5, 2_500, "相符", "缺少"),
}
WHY = {"C-0003": "营业执照已于", "C-0004": "经营范围与合作内容不符", "C-0005": "缺少必需的准入许可"}
FILES = {
    name: f"{Candidates.columns[name].zh}.pdf"
    for name in ("profile_file", "cases_file", "certificates_file", "proposal_file")
}


@dataclass(frozen=True)
class Story(Scene):
    """The book with its server, on a clock that begins now and is moved by days."""

    patch: pytest.MonkeyPatch
    began: datetime

    @property
    def path(self) -> Path:
        return self.house.path

    def day(self, number: int) -> date:
        return (self.began + timedelta(days=number)).date()

    def on(self, number: int) -> date:
        """It is that day of the story now."""
        moment = self.began + timedelta(days=number)
        at(self.patch, moment)
        for module in (evaluating, desk):
            self.patch.setattr(module, "local_now", lambda book: moment)
        return moment.date()

    def said(self, command: str, *words: object, exit_code: int = 0) -> dict[str, Any]:
        """What a command says about the book, as JSON."""
        more = ["--data", str(self.house.data.parent)] if command in WITH_DATA else []
        done = CliRunner().invoke(main, [command, str(self.path), *map(str, words), *more, "--json"])
        assert done.exit_code == exit_code, done.output
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def refused(self, command: str, *words: object) -> str:
        before = self.path.read_bytes()
        message = str(self.said(command, *words, exit_code=1)["error"]["message"])
        assert self.path.read_bytes() == before
        return message

    def typed(self, table: type[Table], *keys: str, **cells: Any) -> None:
        """Staff type the same into one or more rows and save."""
        self.fill(table, dict.fromkeys(keys, cells))

    def fill(self, table: type[Table], rows: dict[str, dict[str, Any]]) -> None:
        """Staff type into several rows and save."""
        book = Book.read(self.path.read_bytes())
        assert book.update(table.name, table.key().zh, rows) == ()
        self.path.write_bytes(book.to_bytes())

    def add(self, table: str, *rows: dict[str, Any]) -> None:
        """Staff write rows under a table and save; the next evaluation numbers them."""
        book = Book.read(self.path.read_bytes())
        book.append(table, list(rows))
        self.path.write_bytes(book.to_bytes())
        self.said("evaluate")

    def visited(self) -> FlaskClient:
        """The pages, as the server shows them after its next look at the file."""
        self.house.delivery.run()
        return self.client()

    def row(self, table: type[Table], key: str) -> Record:
        (found,) = [record for record in self.records(table) if record.key == key]
        return found

    def delivered(self) -> None:
        assert self.said("deliver")["ok"] and self.said("evaluate")["ok"]

    def findings(self) -> list[tuple[str, str]]:
        """What `check` finds: rules with the rows that they name."""
        done = CliRunner().invoke(main, ["check", str(self.path), "--json"])
        return [(one["rule"], one["key"]) for one in json.loads(done.stdout)["findings"]]


@contextmanager
def played(folder: Path) -> Iterator[Story]:
    """The story at its end: its book in a folder, its server, and its clock while the context lasts."""
    path = folder / "甄选始末.xlsx"
    assert CliRunner().invoke(main, ["new", str(path)]).exit_code == 0
    house: House = open_house(path, folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        story = Story(house, patch, evaluating.local_now(Book.read(path.read_bytes())))
        story.on(0)
        the_requirement_is_reviewed(story)
        five_companies_apply(story)
        staff_check_them(story)
        panel = the_panel_scores(story)
        the_panel_decides(story, panel)
        the_contract_is_signed(story)
        the_partner_is_guided(story)
        story.said("evaluate")
        yield story


def play(folder: Path) -> Path:
    """Play the whole story; gives its final book."""
    with played(folder) as story:
        return story.path


# --- 1: the requirement -----------------------------------------------------------------------------------------------


def the_requirement_is_reviewed(story: Story) -> None:
    story.add("reviewers", *({"姓名": who, "部门": role, "状态": "在任"} for who, role in PEOPLE.values()))
    parts = {Requirements.columns[name].zh: words for name, words in WANTED.items()}
    story.add("requirements", {"需求名称": "产线监测", "需求版本": 1, "状态": "起草", "负责人": OWNER, **parts})
    assert "起草" in story.refused("invite", "Q-0001")  # a draft goes to nobody
    story.typed(Requirements, "Q-0001", 状态="内部评审")
    links = story.said("invite", "Q-0001")["links"]
    assert [one["department"] for one in links] == ["业务", "技术", "法务"]
    assert [sign(story, one["link"]) for one in links] == [303, 303, 303]
    story.delivered()
    assert [row["state"] for row in story.records(SignOffs)] == ["valid"] * 3
    story.typed(Requirements, "Q-0001", 关键交付物=AFTERTHOUGHT)  # after they had signed
    story.said("evaluate")
    assert [row["state"] for row in story.records(SignOffs)] == ["void"] * 3
    assert story.findings() == [("S11-void", f"A-000{number}") for number in (1, 2, 3)]

    story.typed(Requirements, "Q-0001", 需求版本=2)
    story.visited()
    assert [sign(story, one["link"]) for one in links] == [303, 303, 303]  # the same links, the text of now
    story.delivered()
    states = [(row["revision"], row["state"]) for row in story.records(SignOffs)]
    assert states == [(1, "void")] * 3 + [(2, "valid")] * 3
    text = {**WANTED, "deliverables": AFTERTHOUGHT}
    assert story.row(Requirements, "Q-0001")["fingerprint"] == fingerprint("Q-0001", 2, text)
    story.typed(Requirements, "Q-0001", 状态="评审通过")
    assert story.findings() == []


# --- 2: the candidates ------------------------------------------------------------------------------------------------


def credit_code(number: int) -> str:
    """A code whose last character is right."""
    body = f"9133010{number}MA2H0A1B2"
    return f"{body}{uscc.calc_check_digit(body)}"


def filled_in(story: Story, key: str, *files: str) -> dict[str, Any]:
    """What a company sends through the form."""
    name, team, patents, revenue, *_ = FIRMS[key]
    ended = {"licence_term": "dated", "licence_until": str(story.day(-30))} if key == "C-0003" else {}
    return {
        **CANDIDATE, "legal_name": name, "credit_code": credit_code(int(key[-1])), "team_size": str(team),
        "patents": str(patents), "annual_revenue": str(revenue), "revenue_year": "2025",
        "figures_source": "audited", **ended,
        **{one: upload(PDF, FILES[one]) for one in files},
    }  # fmt: skip


def five_companies_apply(story: Story) -> None:
    opens, closes = story.began - timedelta(hours=1), story.began + timedelta(days=10)
    story.add(
        "publications",
        {
            "需求编号": "Q-0001",
            "发布渠道": "行业平台",
            "状态": "已发布",
            "开始时间": opens,
            "截止时间": closes,
            "负责人": OWNER,
        },
    )
    story.typed(Requirements, "Q-0001", 状态="已发布")
    client = story.visited()
    assert "正在征集：产线监测" in client.get("/").text
    receipts = {}
    for key in FIRMS:
        answer = send(client, "candidate", filled_in(story, key, *(() if key == "C-0002" else FILES)))
        assert answer.status_code == 303, answer.text
        receipts[key] = answer.headers["Location"].rsplit("/", 1)[1].split("?")[0]
    story.delivered()
    rows = {row.key: row for row in story.records(Candidates)}
    assert {key: row["legal_name"] for key, row in rows.items()} == {key: firm[0] for key, firm in FIRMS.items()}
    assert [rows["C-0002"].text(name) for name in FILES] == ["待补"] * 4

    code = receipts["C-0002"]
    story.typed(Candidates, "C-0002", 状态="退回补正", 给伙伴的话="请补交四份附件")
    client = story.visited()
    page = client.get(f"/receipts/{code}").text
    assert "请补交四份附件" in page and f"/receipts/{code}/edit" in page
    form = fields(client.get(f"/receipts/{code}/edit"))
    again: dict[str, Any] = {name: form.getlist(name) for name in form} | {"consent": "yes"}
    again |= {name: upload(PDF, file) for name, file in FILES.items()}
    assert client.post(f"/receipts/{code}/edit", data=again, content_type="multipart/form-data").status_code == 303
    story.delivered()
    row = story.row(Candidates, "C-0002")
    assert row["version"] == 2 and all(row.text(name).startswith(file) for name, file in FILES.items())
    story.typed(Candidates, "C-0002", 状态="资料审阅", 给伙伴的话="资料已齐，谢谢")
    assert story.findings() == []


# --- 3: the checks ----------------------------------------------------------------------------------------------------


def staff_check_them(story: Story) -> None:
    found = {
        "核实": "已核实", "负责人": OWNER, "状态": "评分与评审会", "记录查询日期": story.day(0),
        "记录查询来源": "国家企业信用信息公示系统", "记录查询结果": "未见异常",
    }  # fmt: skip
    checks = {key: {"经营范围核对": scope, "准入许可核对": permits} for key, (*_, scope, permits) in FIRMS.items()}
    story.fill(Candidates, {key: {**found, **cells} for key, cells in checks.items()})
    verified = [row.key for row in story.records(Todo) if row["subject"] in FIRMS]
    assert len(verified) == len(FIRMS)  # each delivery asked staff to verify who wrote
    story.typed(Todo, *verified, 状态="已完成")
    everybody = {"候选": "、".join(FIRMS), "评审人": "、".join(PEOPLE)}
    story.add(
        "panels",
        {
            "主题": "产线监测伙伴甄选",
            "状态": "评分中",
            "规则版本": "v1",
            "评分期限": story.day(5),
            "负责人": OWNER,
            **everybody,
        },
    )
    assert story.findings() == [("S7-failed", key) for key in WHY]  # each gate once


# --- 4: the marks -----------------------------------------------------------------------------------------------------


def mark(candidate: str, reviewer: str, indicator: str) -> int:
    """C-0001 gets 5, 4, 4, 4 from the four reviewers, C-0002 gets 3, 3, 4, 3, the others 3; the same for each indicator."""
    better = {"C-0001": (4, "R-0001"), "C-0002": (3, "R-0003")}
    usual, friend = better.get(candidate, (3, ""))
    return usual + (reviewer == friend)


# By hand. Numbers give S3.1 (20 % of 16), S3.3 (20 % of 16) and S4.1 (25 % of 8): 3.2 + 3.2 + 2 = 8.4 of the weight; the
# reviewers the other 91.6. 60 people, 25 patents, 300 million yuan: bands 4, 4, 4. 30, 6 and 15 million: 3, 3, 2.
#   C-0001: (91.6 × 4.25 + 3.2 × 4 + 3.2 × 4 + 2 × 4) ÷ 100 = (389.3 + 33.6) ÷ 100 = 4.229, × 20 = 84.58, grade B
#   C-0002: (91.6 × 3.25 + 3.2 × 3 + 3.2 × 3 + 2 × 2) ÷ 100 = (297.7 + 23.2) ÷ 100 = 3.209, × 20 = 64.18, grade C
BY_HAND = {"C-0001": (1, Decimal("84.58"), "B"), "C-0002": (2, Decimal("64.18"), "C")}


def the_panel_scores(story: Story) -> scoring.Scene:
    invited = story.said("invite", "V-0001")["links"]
    tokens = {one["reviewer"]: one["link"].rsplit("/", 1)[1] for one in invited}
    assert list(tokens) == list(PEOPLE)
    for number, (who, token) in enumerate(tokens.items(), start=1):
        client = story.client()
        for key in FIRMS:
            assert scoring.score(client, token, key, who, mark, evidence=EVIDENCE[key]).status_code == 303
        told = story.said("deliver")
        if number < len(PEOPLE):
            assert told["held"] and story.records(Marks) == []  # nobody sees another's marks, the book included
    assert story.said("evaluate")["ok"]
    assert len(story.records(Marks)) == len(FIRMS) * len(PEOPLE) * len(MARKED)
    assert {(row["candidate"], row["reviewer"], row["conflict"]) for row in story.records(Declarations)} == {
        (key, who, "no") for key in FIRMS for who in PEOPLE
    }

    results = {row.text("candidate"): row for row in story.records(Results)}
    assert {key: results[key]["state"] for key in FIRMS} == dict.fromkeys(BY_HAND, "ranked") | dict.fromkeys(WHY, "disqualified")  # fmt: skip
    for key, (rank, score, grade) in BY_HAND.items():
        row = results[key]
        assert (row["rank"], row["score"], row["grade"], row["coverage"]) == (rank, score, grade, 100)
        assert sum(part["points"] for part in story.records(Contributions) if part["result"] == row.key) == score
    for key, words in WHY.items():
        assert words in results[key].text("reason") and results[key]["rank"] is None
    return scoring.Scene(story.house, tokens)


# --- 5: the decision --------------------------------------------------------------------------------------------------


def the_panel_decides(story: Story, panel: scoring.Scene) -> None:
    story.typed(Panels, "V-0001", 状态="评分截止")
    story.visited()
    for who in PEOPLE:
        ballot = {"vote-C-0001": "for", "vote-C-0002": "against", "why-C-0002": "产能不足"}
        assert vote(panel, who, **ballot).status_code == 303
    story.delivered()
    assert [(row["vote"], row["state"]) for row in story.records(Votes)] == [("for", "valid"), ("against", "valid")] * 4

    draft = story.said("minutes", "V-0001")["draft"]
    assert "推荐名单（按有效表决过半提出，请填入“评审会”）：C-0001 青禾精密制造有限公司" in draft
    story.typed(Panels, "V-0001", 推荐名单="C-0001", 推荐理由="得分最高，四位评审人一致推荐")
    story.typed(Minutes, "Y-0001", 开会日期=story.day(0), 出席="赵业、钱术、孙购、李法")
    draft = story.said("minutes", "V-0001")["draft"]
    for words in (
        "推荐名单：C-0001 青禾精密制造有限公司",
        "84.58 分，B 级",
        "64.18 分，C 级",
        "李法",
        "不推荐：产能不足",
        *WHY.values(),
    ):
        assert words in draft, words
    story.typed(Minutes, "Y-0001", 状态="已确认")
    story.typed(Panels, "V-0001", 状态="已定稿")
    story.typed(Candidates, "C-0001", 状态="推荐", 给伙伴的话="恭喜入选")
    story.typed(Candidates, *list(FIRMS)[1:], 状态="未入选", 给伙伴的话="感谢参与，这次没有入选")
    assert story.said("evaluate")["ok"]
    assert story.findings() == []  # what is decided is settled


# --- 6: the contract --------------------------------------------------------------------------------------------------


def the_contract_is_signed(story: Story) -> None:
    story.on(12)
    assert "截止" in story.client().get("/forms/candidate").text
    assert "C-0002 不在推荐名单里" in story.refused("contract", "--new", "C-0002")
    assert story.said("contract", "--new", "C-0001")["clauses"] == 10
    lines = {clause.key: TERMS[clause.text("subject")] for clause in story.records(Clauses)}
    story.fill(Clauses, {key: {"进展": "协商中", "负责人": OWNER, "底线": least} for key, (_, least) in lines.items()})
    story.said("contract", "K-0001", "法务审查")
    blocked = story.refused("contract", "K-0001", "待签署")
    assert "十条条款还有 10 条没有达成" in blocked and "法务审查没有通过" in blocked and "没有文本指纹" in blocked

    story.on(20)
    final = story.path.with_name("协议定稿.docx")
    final.write_bytes(b"the final text")
    told = CliRunner().invoke(main, ["fingerprint", str(final), "--json"])
    (digest,) = json.loads(told.stdout)["fingerprints"].values()
    assert digest == hashlib.sha256(b"the final text").hexdigest()
    story.fill(Clauses, {key: {"进展": "已达成", "约定内容": text, "法务": "李法"} for key, (text, _) in lines.items()})
    story.typed(Contracts, "K-0001", 法务="李法", 法务意见="审查通过", 审查日期=story.day(19), 文本指纹=digest)
    story.said("contract", "K-0001", "待签署")
    story.typed(
        Contracts, "K-0001", 我方签署人="周总", 我方授权="总经理", 对方签署人="李青", 对方授权="授权书 1 号", 签订日期=story.day(20),
        生效日期=story.day(21), 到期日期=story.day(21 + 730), 我方确认指纹=digest, 对方确认指纹="0" * 64,
    )  # fmt: skip
    assert "对方确认指纹与文本指纹不同" in story.refused("contract", "K-0001", "已签")
    assert ("S18-hash", "K-0001") in story.findings()
    story.typed(Contracts, "K-0001", 对方确认指纹=digest)
    assert "没有对应的伙伴" in str(story.said("contract", "K-0001", "已签")["notes"])
    assert {("S18-partner", "K-0001"), ("S19-items", "K-0001")} <= set(story.findings())
    story.add(
        "partners",
        {"企业名称": FIRMS["C-0001"][0], "统一社会信用代码": credit_code(1), "类别": "供应商", "状态": "合作中", "负责人": OWNER, "合作起始日": story.day(21)},
    )  # fmt: skip
    story.typed(Contracts, "K-0001", 伙伴编号="P-0001")
    assert "S18-partner" not in dict(story.findings())


# --- 7: onboarding ----------------------------------------------------------------------------------------------------


def the_partner_is_guided(story: Story) -> None:
    story.on(21)
    begun = story.said("onboard", "K-0001")
    assert (begun["added"], begun["from"]) == (10, str(story.day(21)))
    assert begun["progress"] == {
        "contract": "K-0001", "total": 10, "done": 0, "late": [], "until": str(story.day(21 + 90))
    }  # fmt: skip
    items = story.records(Onboarding)
    assert {(row["due"] - story.day(21)).days for row in items} == {10, 15, 45}
    for done, row in enumerate(items, start=1):
        today = story.on((row["due"] - story.day(0)).days - 1)  # each a day before it is due
        story.typed(Onboarding, row.key, 状态="已完成", 完成日期=today, 负责人=OWNER, 结果="已讲清，双方确认")
        again = story.said("onboard", "K-0001")
        assert (again["added"], again["progress"]["done"], again["progress"]["late"]) == (0, done, [])
    story.on(21 + 90)
    story.typed(Requirements, "Q-0001", 状态="已结束")
    (guided,) = story.said("check")["onboarding"]
    assert (guided["done"], guided["total"], guided["late"]) == (10, 10, [])
