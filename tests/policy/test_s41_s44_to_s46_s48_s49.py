"""S41, S44 to S46, S48 and S49 through the public ways: the commands, the forms, and the cells of the workbook."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.forms.conftest import FILLED, fields, post
from tests.requirement_books import Scene, at, scene
from tests.rules.test_emergency import whole
from tests.selection_books import Rows
from workbook.build import new_workbook
from workbook.cli import main
from workbook.evaluating import evaluate_book, evaluate_file
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.rows import row_cells
from workbook.sample import sample_rows
from workbook.schema import Table
from workbook.tables import BY_NAME, TABLES, Changes, Disputes, Drills, DrillSteps, Incidents, Penalties, Stoppages

NOT_COMPARED = ("issues", "issue_events", "incidents", "drills", "drill_steps", "changes", "todo")


@pytest.fixture
def rows() -> Rows:
    return copy.deepcopy(whole())


@pytest.fixture
def path(tmp_path: Path, rows: Rows) -> Path:
    """A key partner with plan, backup, drill, dispute, incident and one breach, all in order."""
    made = tmp_path / "伙伴簿.xlsx"
    made.write_bytes(new_workbook(rows=rows))
    return made


def edit(path: Path, table: str, key: str, **cells: Any) -> None:
    """What staff type into the row with a key."""
    book = Book.read(path.read_bytes())
    assert book.update(table, next(iter(book.table(table).columns)), {key: cells}) == ()
    path.write_bytes(book.to_bytes())


def run(*words: object) -> dict[str, Any]:
    done = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def refused(*words: object) -> str:
    done = CliRunner().invoke(main, list(map(str, words)))
    assert done.exit_code == 1, done.output
    return done.output


def findings(path: Path, clause: str) -> dict[str, str]:
    done = CliRunner().invoke(main, ["check", str(path), "--json"])
    return {f["rule"]: f["message"] for f in json.loads(done.stdout)["findings"] if f["rule"].startswith(clause)}


def rows_of(path: Path, table: type[Table]) -> dict[str, Record]:
    return {row.key: row for row in read_records(Book.read(path.read_bytes()), table)}


# --- S41, S48 --------------------------------------------------------------------------------------------------------


def test_s41_a_key_partner_without_a_plan_is_listed_and_the_answer_to_its_stop_says_so(path: Path) -> None:
    run("evaluate", path)
    before = path.read_bytes()
    (told,) = run("stoppage", path, "p-0001")["partners"]
    assert (told["exposure"], told["recovery_hours"], told["switch_days"]) == ("100000.00", "72", "3")
    assert [one["partner"] for one in told["backups"]] == ["P-0002"] and path.read_bytes() == before
    assert (
        findings(path, "S41").keys() <= {"S41-register"} and findings(path, "S48") == {}
    )  # the register has tests of its own
    edit(path, "contingency", "CP-0001", 状态="已停用")
    (told,) = run("stoppage", path, "P-0001")["partners"]
    assert [one["message"] for one in told["gaps"]] == ["没有应急预案"] and told["recovery_hours"] is None
    assert "没有应急预案" in findings(path, "S41")["S41-plan"]
    run("evaluate", path)
    assert rows_of(path, Stoppages)["P-0001"]["gaps"] == "没有应急预案"
    todos = [row.values.get("来由") for row in Book.read(path.read_bytes()).rows("todo")]
    assert "S41-plan P-0001" in todos
    text = CliRunner().invoke(main, ["stoppage", str(path)]).output
    assert "如果 P-0001 甲公司 明天停摆（关键伙伴）：" in text and "✗ 没有应急预案" in text and "如果 P-0002" in text


def test_s48_a_backup_that_is_barred_or_expired_is_refused(path: Path) -> None:
    edit(path, "backups", "BK-0001", 状态="待认定")
    edit(path, "partners", "P-0002", 状态="黑名单")
    before = path.read_bytes()
    assert "P-0002 是“黑名单”" in refused("backup", path, "BK-0001", "--accept") and path.read_bytes() == before
    edit(path, "partners", "P-0002", 状态="合作中")
    edit(path, "certificates", "H-0001", 有效期至=date(2020, 1, 1))
    assert "证书 ISO 9001 已于 2020-01-01 过期" in refused("backup", path, "BK-0001", "--accept")
    assert not run("backup", path, "BK-0001")["qualified"]
    edit(path, "certificates", "H-0001", 有效期至=date(2099, 1, 1))
    assert run("backup", path, "BK-0001", "--accept")["status"] == "accepted" and findings(path, "S48") == {}
    edit(path, "partners", "P-0002", 状态="黑名单")  # typed past the command, it is found in its cell
    assert "写着“已认定”，而它不合格：P-0002 是“黑名单”" in findings(path, "S48")["S48-accepted"]


# --- S44, S45 --------------------------------------------------------------------------------------------------------


def test_s44_overdue_moves_exactly_one_step(path: Path) -> None:
    edit(path, "disputes", "DI-0001", 提出日期=date(2026, 1, 5))
    seen = []
    for day in (date(2026, 11, 2), date(2026, 11, 2), date(2027, 11, 1), date(2027, 11, 1), date(2028, 11, 1)):
        evaluate_file(path, today=day)
        row = rows_of(path, Disputes)["DI-0001"]
        seen.append((row["status"], row["since"]))
    up, legal, end = (
        ("supervisor", date(2026, 11, 2)), ("legal", date(2027, 11, 1)), ("arbitration", date(2028, 11, 1)),
    )  # fmt: skip
    assert seen == [up, up, legal, legal, end]
    lines = [row for row in rows_of(path, Changes).values() if row["row_key"] == "DI-0001"]
    assert [(row["after"], row["source"]) for row in lines] == [
        ("对接人协商", "system"), ("主管协商", "system"), ("法务介入", "system"), ("仲裁或诉讼", "system"),
    ]  # fmt: skip
    assert "没有了结，系统上升一级" in lines[1].text("what")
    assert "已到“仲裁或诉讼”" in findings(path, "S44")["S44-overdue"]


def test_s45_an_incident_is_not_closed_without_the_verification(path: Path) -> None:
    edit(path, "incidents", "E-0001", 处理步骤="初步评估", 责任方=None, 措施=None, 验证结果=None, 验证人=None)
    run("evaluate", path)
    run("state", path, "E-0001", "责任界定")
    assert "没有写责任方" in refused("state", path, "E-0001", "措施实施")
    edit(path, "incidents", "E-0001", 责任方="甲公司")
    run("state", path, "E-0001", "措施实施")
    assert "没有写措施" in refused("state", path, "E-0001", "修复验证")
    edit(path, "incidents", "E-0001", 措施="换线")
    run("state", path, "E-0001", "修复验证")
    assert "没有写验证结果" in refused("state", path, "E-0001", "已关闭")
    edit(path, "incidents", "E-0001", 验证结果="复测三次", 验证人="罗倩")
    assert "自己不能验证自己" in refused("state", path, "E-0001", "已关闭")
    edit(path, "incidents", "E-0001", 验证人="王珂")
    run("state", path, "E-0001", "已关闭")
    assert findings(path, "S45") == {}
    told = CliRunner().invoke(main, ["state", str(path), "E-0001"]).output
    assert all(word in told for word in ("责任界定", "措施实施", "修复验证", "已关闭"))
    edit(path, "incidents", "E-0001", 验证结果=None)  # typed past the command
    assert "没有写验证结果" in findings(path, "S45")["S45-closed"]


def test_s45_the_receipt_follows_the_step(tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    rows["incidents"] = []
    small = scene(tmp_path, rows)
    client = small.client()
    page = fields(client.get("/forms/incident"))
    sent = post(client, "incident", {**FILLED["incident"], **{n: page[n] for n in ("csrf_token", "submission")}})
    small.house.delivery.run()
    for word in ("初步评估", "责任界定", "措施实施", "修复验证"):
        small.staff("incidents", "事件编号", {"E-0001": {"处理步骤": word}})
        now = re.search(r'aria-current="step".*?<h3>(.*?)<', client.get(sent.location).text, re.S)
        assert now and now[1].strip() == word


# --- S46 -------------------------------------------------------------------------------------------------------------


def test_s46_a_penalty_can_be_recomputed_from_its_rows(tmp_path: Path, rows: Rows) -> None:
    day = timedelta(days=1)
    begun = datetime(2026, 8, 3, 10, 0)
    rows["penalty_rules"] = [
        {
            "rule": "PR-0001",
            "contract": "K-0001",
            "breach": "response",
            "base": "hour",
            "rate": Decimal("133.33"),
            "cap": Decimal("0.5"),
        },
        {"rule": "PR-0002", "breach": "resolution", "base": "share", "rate": Decimal("0.1"), "cap": Decimal("0.6")},
        {"rule": "PR-0003", "breach": "delivery", "base": "day", "rate": Decimal(50)},
    ]
    rows["issues"] = [{**rows["issues"][0], "issue": f"I-{n:04d}", "reported_at": begun + n * day} for n in range(1, 6)]
    rows["issue_events"] = [
        {"event": f"IE-{2 * n + m:04d}", "issue": f"I-{n:04d}", "kind": kind, "at": begun + n * day + timedelta(minutes=minutes)}
        for n in range(1, 6) for m, (kind, minutes) in enumerate((("response", 10 + 37 * n), ("resolve", 200 + 31 * n)))
    ]  # fmt: skip
    rows["deliveries"] = [
        {**rows["deliveries"][0], "delivery": f"DL-{n:04d}", "delivered_on": date(2026, 8, 9 + n)} for n in range(1, 4)
    ]
    path = tmp_path / "伙伴簿.xlsx"
    path.write_bytes(new_workbook(rows=rows))
    run("evaluate", path)
    found = rows_of(path, Penalties)
    assert {key: row["amount"] for key, row in found.items()} == recomputed(path) and len(found) == 5 + 4 + 2
    assert found["DL-0003/delivery"]["amount"] == 100 and found["I-0001/response"]["amount"] == Decimal("133.33")
    last = found["I-0005/response"]  # 195 minutes, 180 over: three hours; but 500.00 is the month's limit
    assert (last["uncapped"], last["units"]) == (Decimal("399.99"), 3)
    assert "此前已计" in last.text("why") and run("evaluate", path)["changed"] is False


def recomputed(path: Path) -> dict[str, Decimal]:
    """The same from the cells alone, written anew: P1 has 15 minutes and 4 hours around the clock, K-0001 is 100,000."""
    book = Book.read(path.read_bytes())
    cells: Mapping[str, Sequence[Mapping[str, Any]]] = {
        name: [row.values for row in book.rows(name)] for name in ("issues", "issue_events", "deliveries")
    }
    base = datetime(1899, 12, 30)

    def when(value: Any) -> datetime:
        return value if isinstance(value, datetime) else base + timedelta(minutes=round(float(value) * 1440))

    breaches = []
    for issue in cells["issues"]:
        start = when(issue["报告时间"])
        at = {e["事件"]: when(e["时间"]) for e in cells["issue_events"] if e["问题编号"] == issue["问题编号"]}
        for kind, word, limit in (("response", "响应", 15), ("resolution", "解决", 240)):
            over = (at[word] - start).total_seconds() / 60 - limit
            if over > 0:
                breaches.append((start + timedelta(minutes=limit), f"{issue['问题编号']}/{kind}", kind, over))
    for delivery in cells["deliveries"]:
        late = (when(delivery["交付日期"]) - when(delivery["应交日期"])).days
        if late > 0:
            breaches.append(
                (when(delivery["应交日期"]) + timedelta(days=1), f"{delivery['交付编号']}/delivery", "delivery", late)
            )
    used = Decimal(0)
    amounts: dict[str, Decimal] = {}
    for _, key, kind, over in sorted(breaches):
        full = {
            "response": Decimal("133.33") * ceil(over / 60), "resolution": Decimal(100), "delivery": Decimal(50) * ceil(over),
        }[kind]  # fmt: skip
        most = {"response": Decimal(500), "resolution": Decimal(600), "delivery": Decimal(10**9)}[kind]
        amounts[key] = min(full, max(most - used, Decimal(0)))
        used += amounts[key]
    return amounts


# --- S49 -------------------------------------------------------------------------------------------------------------


def contents(data: bytes) -> dict[str, list[dict[str, Any]]]:
    book = Book.read(data)
    return {table.name: [dict(row.values) for row in book.rows(table.name)] for table in TABLES}


def append(book: Book, table: str, *rows: Mapping[str, Any]) -> None:
    view = book.table(table)
    book.append(table, [row_cells(BY_NAME[table], row, view.columns, view.sheet) for row in rows])


def test_s49_drill_data_never_enters_a_real_score() -> None:
    now = datetime(2026, 11, 24, 10, 0)
    rows = sample_rows(1)
    first = next(row["partner"] for row in rows["partners"] if row["status"] == "active")
    rows["contracts"] = [*rows.get("contracts", []), {
        "contract": "K-0900", "title": "框架", "partner": first, "status": "signed", "signed_on": date(2024, 1, 1), "amount": Decimal(900000),
    }]  # fmt: skip
    rows["penalty_rules"] = [
        {"rule": f"PR-000{n}", "breach": kind, "base": "hour", "rate": Decimal(100), "cap": Decimal(5)}
        for n, kind in enumerate(("response", "resolution"), start=1)
    ]
    rows["meetings"] = [
        *rows.get("meetings", []),
        {"meeting": "ME-0900", "partner": first, "status": "planned", "planned_on": date(2026, 11, 27)},
    ]
    late = {
        "partner": first,
        "kind": "issue",
        "severity": "urgent",
        "title": "真的",
        "status": "answered",
        "company": "真的",
    }
    rows["issues"] = [*rows["issues"], {**late, "issue": "I-8999", "reported_at": datetime(2026, 9, 1, 9, 0)}]
    rows["issue_events"] = [
        *rows["issue_events"],
        {"event": "IE-8999", "issue": "I-8999", "kind": "response", "at": datetime(2026, 9, 1, 9, 40)},
    ]
    plain = new_workbook(rows=rows)
    book = Book.read(plain)
    append(
        book,
        "drills",
        {"drill": "DR-0900", "title": "断供演练", "kind": "incident", "partner": first, "status": "running"},
    )
    sent = {"partner": first, "drill": "DR-0900", "company": "演练", "severity": "urgent", "kind": "issue"}
    for n in range(20):
        day = datetime(2026, 7 + n % 5, 3 + n % 20, 9, 0)
        append(
            book,
            "issues",
            {**sent, "issue": f"I-{9000 + n}", "title": f"演练 {n}", "status": "open", "reported_at": day},
        )
        append(
            book,
            "issue_events",
            {"event": f"IE-{9000 + n}", "issue": f"I-{9000 + n}", "kind": "response", "at": day + timedelta(days=9)},
        )
    for n in range(3):
        append(
            book,
            "incidents",
            {
                **sent,
                "incident": f"E-{9000 + n}",
                "kind": "leak",
                "severity": "extraordinary",
                "occurred_at": now,
                "submitted_at": now,
            },
        )
    drilled = book.to_bytes()
    without, with_drill = (Book.read(data) for data in (plain, drilled))
    for one in (without, with_drill):
        evaluate_book(one, now)
    real, both = contents(without.to_bytes()), contents(with_drill.to_bytes())
    assert len(both["issues"]) == len(real["issues"]) + 20 and real["penalties"]
    for name in set(real) - set(NOT_COMPARED):
        assert both[name] == real[name], name
    for name in ("issues", "incidents"):
        assert [row for row in both[name] if not row.get("演练编号")] == real[name], name
    assert {row["输入指纹"] for row in both["performance"] if "输入指纹" in row} == {
        row["输入指纹"] for row in real["performance"] if "输入指纹" in row
    }


OPEN = datetime(2026, 11, 23, 12)


@pytest.fixture
def small(tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> Scene:
    rows["drills"].append(
        {
            "drill": "DR-0002",
            "title": "断供二",
            "kind": "incident",
            "partner": "P-0001",
            "plan": "CP-0001",
            "status": "planned",
        }
    )
    at(monkeypatch, OPEN)
    return scene(tmp_path, rows)


def links(small: Scene) -> dict[str, str]:
    found = run("invite", small.house.path, "DR-0002", "--data", small.house.path.parent / "data")
    return {one["form"]: one["link"].rpartition("/")[2] for one in found["links"]}


def test_s49_a_drill_runs_through_the_same_forms_and_states_and_its_times_are_written(small: Scene) -> None:
    path, client = small.house.path, small.client()
    assert "请先开始" in refused("invite", path, "DR-0002", "--data", small.house.path.parent / "data")
    run("drill", path, "DR-0002", "--start")
    tokens = links(small)
    assert set(tokens) == {"incident", "issue"}
    shown = client.get(f"/i/{tokens['incident']}")
    assert "【演练】DR-0002" in shown.text and "【演练】" not in client.get("/forms/incident").text
    page = fields(shown)
    hidden = {name: page[name] for name in ("csrf_token", "submission", "drill")}
    wrong = post(client, "incident", {**FILLED["incident"], **hidden, "reporter": ""})
    assert wrong.status_code == 422 and "【演练】DR-0002" in wrong.text and fields(wrong)["drill"] == hidden["drill"]
    sent = post(client, "incident", {**FILLED["incident"], **hidden})
    assert sent.status_code == 303 and "【演练】DR-0002" in client.get(sent.location).text
    small.house.delivery.run()
    row = small.records(Incidents)[-1]
    assert (row.key, row["drill"], row["company"]) == ("E-0002", "DR-0002", FILLED["incident"]["company"])
    matters = [todo.values.get("事项") for todo in Book.read(path.read_bytes()).rows("todo")]
    assert "【演练】核实新的事件报告" in matters
    change = client.get(f"{sent.location}/edit".replace("?lang=zh-CN", ""))
    assert change.status_code == 200 and "【演练】DR-0002" in change.text
    evaluate_file(path)
    run("state", path, "E-0002", "初步评估")
    run("state", path, "E-0002", "责任界定")
    done = run("drill", path, "DR-0002", "--finish")
    steps = [row for row in rows_of(path, DrillSteps).values() if row["drill"] == "DR-0002"]
    assert [row["step"] for row in steps] == ["E-0002 已报告", "E-0002 初步评估"] and done["steps"][0][
        "minutes"
    ] is not None
    assert all(row["started_at"] <= row["ended_at"] for row in steps)
    drill = rows_of(path, Drills)["DR-0002"]
    assert (
        drill["status"] == "done" and drill["started_at"] <= drill["ended_at"] and "恢复时限 72 小时" in done["verdict"]
    )
    evaluate_file(path)
    assert rows_of(path, Drills)["DR-0002"]["verdict"] == done["verdict"]
    assert "没有写发现" in findings(path, "S49")["S49-findings"]


def test_s49_what_comes_after_the_end_of_a_drill_is_refused_and_never_passes_for_the_real_thing(small: Scene) -> None:
    path, client = small.house.path, small.client()
    run("drill", path, "DR-0002", "--start")
    tokens = links(small)
    hidden = {n: fields(client.get(f"/i/{tokens['issue']}"))[n] for n in ("csrf_token", "submission", "drill")}
    run("drill", path, "DR-0002", "--finish")
    small.house.delivery.run()
    assert "演练没有在进行" in client.get(f"/i/{tokens['issue']}").text
    late = post(client, "issue", {**FILLED["issue"], **hidden})
    assert late.status_code == 403 and "没有保存任何内容" in late.text
    forged = post(client, "issue", {**FILLED["issue"], **hidden, "drill": "DR-0002"})
    assert forged.status_code == 403 and small.house.inbox.all() == []
    assert "才能开始" in refused("drill", path, "DR-0002", "--start")
