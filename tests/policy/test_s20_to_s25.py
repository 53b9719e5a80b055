"""S20 to S25 through the public way: cells as staff type them, `partnerbook evaluate`, `check`, `state`, `invite`, forms and links."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from forms_server.app import ServerSettings, create_app
from forms_server.house import House, open_house
from forms_server.message_commands import message
from tests.delivery.test_messages import Robot, written
from tests.forms.conftest import fields
from tests.forms.test_editing import opened, post, sent
from tests.rules.test_relations import fresh
from workbook.build import new_workbook
from workbook.cli import main
from workbook.ooxml import Book

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
LONG_AGO = TODAY - timedelta(days=30)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key partner with a series, channels, one answered issue and an action; no meeting was held yet."""
    rows = fresh()
    rows["meetings"], rows["minute_confirmations"] = [], []
    for row in (*rows["issues"], *rows["issue_events"]):  # over on every machine, whatever its clock says
        row.update({name: row[name].replace(year=2025) for name in ("reported_at", "at") if name in row})
    rows["actions"][0]["due"] = TODAY + timedelta(days=60)
    rows["settings"] = [{"setting": "公司名称", "value": "示例"}]
    made = tmp_path / "伙伴簿.xlsx"
    made.write_bytes(new_workbook(rows=rows))
    evaluate(made)
    return made


def edit(path: Path, table: str, *rows: dict[str, Any], key: str = "", **cells: Any) -> None:
    """What staff add, or type into the row with a key."""
    book = Book.read(path.read_bytes())
    if rows:
        book.append(table, rows)
    if key:
        assert book.update(table, next(iter(book.table(table).columns)), {key: cells}) == ()
    path.write_bytes(book.to_bytes())


def evaluate(path: Path) -> None:
    done = CliRunner().invoke(main, ["evaluate", str(path), "--json"])
    assert done.exit_code == 0, done.output


def rows_of(path: Path, table: str) -> list[dict[str, Any]]:
    return [dict(row.values) for row in Book.read(path.read_bytes()).rows(table)]


def findings(path: Path, clause: str) -> dict[str, str]:
    done = CliRunner().invoke(main, ["check", str(path), "--json"])
    return {f["rule"]: f["message"] for f in json.loads(done.stdout)["findings"] if f["rule"].startswith(clause)}


def state(path: Path, key: str, word: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["state", str(path), key, word, "--json"])
    return done.exit_code, done.stdout


def house_of(path: Path) -> House:
    house = open_house(path, path.parent / "data")
    house.delivery.run()
    return house


def client_of(house: House) -> FlaskClient:
    return create_app(ServerSettings(secret=house.secret, data=house.data, testing=True), house.inbox).test_client()


def test_s20_a_series_plans_its_next_meeting_and_a_meeting_without_minutes_is_listed(path: Path) -> None:
    (meeting,) = rows_of(path, "meetings")
    (series,) = rows_of(path, "meeting_series")
    assert meeting["状态"] == "待召开" and meeting["计划日期"] == series["下一次"] and meeting["负责人"] == "罗倩"
    assert findings(path, "S20") == {}
    edit(path, "meetings", key="ME-0001", 状态="已召开", 召开日期=LONG_AGO, 与会人="PP-0001、PP-0002", 进展="按计划")
    assert "纪要还没有写问题、下一步" in findings(path, "S20")["S20-minutes"]
    evaluate(path)
    assert "S20-minutes ME-0001" in {row.get("来由") for row in rows_of(path, "todo")}
    assert [row["状态"] for row in rows_of(path, "meetings")] == ["已召开", "待召开"]  # and the next one is planned


def test_s20_minutes_are_confirmed_by_link_and_an_objection_is_listed_until_it_is_settled(path: Path) -> None:
    edit(
        path, "meetings", key="ME-0001", 状态="已召开", 召开日期=TODAY, 与会人="PP-0001、PP-0002", 进展="按计划", 问题="无",
        下一步="补图纸",
    )  # fmt: skip
    house = house_of(path)
    done = CliRunner().invoke(
        main, ["invite", str(path), "minutes", "--meeting", "ME-0001", "--data", str(path.parent / "data"), "--json"]
    )
    links = {one["participant"]: one["link"].rsplit("/", 1)[1] for one in json.loads(done.stdout)["links"]}
    client = client_of(house)
    for who, verdict, comment in (("PP-0001", "agreed", ""), ("PP-0002", "objected", "日期不对")):
        page = fields(client.get(f"/i/{links[who]}"))
        page.setlist("verdict", [verdict])
        page.setlist("comment", [comment])
        assert client.post(f"/i/{links[who]}/minutes", data=page).status_code == 303
    house.delivery.run()
    evaluate(path)
    assert "PP-0002：日期不对" in findings(path, "S20")["S20-objection"]
    assert state(path, "ME-0001", "纪要已确认")[0] == 1
    edit(path, "meetings", key="ME-0001", 下一步="12 月 1 日前补图纸")
    house.delivery.run()
    for token in links.values():
        page = fields(client.get(f"/i/{token}"))
        page.setlist("verdict", ["agreed"])
        assert client.post(f"/i/{token}/minutes", data=page).status_code == 303
    house.delivery.run()
    evaluate(path)
    assert findings(path, "S20") == {} and state(path, "ME-0001", "纪要已确认")[0] == 0
    assert findings(path, "S20") == {}


def test_s21_a_key_partner_without_an_urgent_channel_is_listed_and_a_local_receiver_gets_the_message(
    path: Path,
) -> None:
    assert findings(path, "S21") == {}
    edit(path, "channels", key="CH-0002", 用途="日常沟通")
    assert "没有紧急联络的渠道" in findings(path, "S21")["S21-urgent"]
    edit(path, "channels", key="CH-0001", 群主=None)
    assert "没有写群主" in findings(path, "S21")["S21-owner"]
    robot = Robot()
    try:
        house = house_of(path)
        sent(client_of(house), "issue")
        private = written(path.parent, f'[[door]]\nname = "群"\nkind = "wecom"\nurl = "{robot.url}?key=k"\n')
        words = [str(path), "--messages", str(private), "--data", str(path.parent / "data"), "--json"]
        done = CliRunner().invoke(message, words)
        assert done.exit_code == 0, done.output
        said = [body["text"]["content"] for _, body in robot.got]
        assert len([text for text in said if text.startswith("【紧急问题】") and "产线停机" in text]) == 1
    finally:
        robot.close()


def test_s22_none_is_legal_and_a_visit_says_about_what_and_with_what_outcome(path: Path) -> None:
    edit(path, "visits", {"互访编号": "VI-0002", "伙伴编号": "P-0001", "日期": LONG_AGO, "我方人员": "总经理"})
    assert "没有写议题、成果" in findings(path, "S22")["S22-visit"]
    rows = fresh()
    rows["visits"] = []
    path.write_bytes(new_workbook(rows=rows))
    assert findings(path, "S22") == {}


def test_s23_an_urgent_issue_shows_its_due_time_at_once_and_the_book_says_the_same(path: Path) -> None:
    house = house_of(path)
    client = client_of(house)
    page = client.get("/forms/issue").text
    assert "请立刻打电话" in page and "15 分钟内响应" in page
    code = sent(client, "issue")
    due = re.findall(r'<time datetime="([^"]+)" data-due', client.get(f"/receipts/{code}").text)
    assert len(due) == 2
    house.delivery.run()
    evaluate(path)
    row = rows_of(path, "issues")[-1]
    assert row["核实"] == "未核实" and row["报告时间"] == row["提交时间"]
    # a row as it is read holds serials; the day zero of Excel's calendar is 1899-12-30
    moments = [datetime(1899, 12, 30) + timedelta(seconds=round(row[name] * 86400)) for name in ("应响应", "应解决")]
    assert [moment.isoformat() for moment in moments] == due


def test_s24_a_state_that_may_not_follow_is_refused_in_the_cell_by_the_command_and_in_the_form(path: Path) -> None:
    assert findings(path, "S24") == {}
    edit(path, "issues", key="I-0002", 状态="已关闭", 验证人="孙岚", 原因="漏页")
    assert "从“处理中”改成了“已关闭”，不能这样改" in findings(path, "S24")["S24-step"]  # in the cell
    edit(path, "issues", key="I-0002", 状态="处理中")
    code, said = state(path, "I-0002", "已关闭")
    assert code == 1 and "“处理中”之后可以是" in said  # by the command
    house = house_of(path)
    client = client_of(house)
    receipt = sent(client, "issue")
    filled = opened(client, receipt)
    house.delivery.run()
    key = rows_of(path, "issues")[-1]["问题编号"]
    edit(path, "issues", key=key, 状态="处理中")
    house.delivery.run()
    assert post(client, receipt, filled, severity="ordinary").status_code in (403, 409)  # in the form
    assert rows_of(path, "issues")[-1]["问题级别"] == "紧急"


def test_s24_a_state_that_the_events_do_not_bear_out_is_listed(path: Path) -> None:
    edit(path, "issues", key="I-0002", 状态="已解决")
    assert "没有“解决”" in findings(path, "S24")["S24-log"]
    edit(
        path,
        "issue_events",
        {"事件编号": "IE-0004", "问题编号": "I-0002", "时间": datetime(2025, 11, 20, 15, 0), "事件": "解决"},
    )
    assert findings(path, "S24") == {}


def test_s25_closed_only_after_verification_by_somebody_else(path: Path) -> None:
    edit(
        path,
        "issue_events",
        {"事件编号": "IE-0004", "问题编号": "I-0002", "时间": datetime(2025, 11, 20, 15, 0), "事件": "解决"},
    )
    assert state(path, "I-0002", "已解决")[0] == 0
    code, said = state(path, "I-0002", "已关闭")
    assert code == 1 and "没有写验证人、原因" in said
    edit(path, "issues", key="I-0002", 验证人="罗倩", 原因="漏页")
    code, said = state(path, "I-0002", "已关闭")
    assert code == 1 and "等于没有验证" in said
    edit(path, "issues", key="I-0002", 验证人="孙岚")
    assert state(path, "I-0002", "已关闭")[0] == 0 and findings(path, "S25") == {}


def test_s25_the_agenda_is_the_list_of_unclosed_issues_and_reopening_is_counted(path: Path) -> None:
    def agenda() -> list[str]:
        (meeting,) = rows_of(path, "meetings")
        return re.findall(r"问题 (I-\d+)", str(meeting["议程"]))

    def unclosed() -> list[str]:
        return sorted(row["问题编号"] for row in rows_of(path, "issues") if row["状态"] != "已关闭")

    assert agenda() == unclosed() == ["I-0002"]
    edit(path, "issues", key="I-0001", 状态="处理中")
    edit(
        path,
        "issue_events",
        {"事件编号": "IE-0004", "问题编号": "I-0001", "时间": datetime(2025, 11, 21, 9, 0), "事件": "重开"},
    )
    evaluate(path)
    assert sorted(agenda()) == unclosed() == ["I-0001", "I-0002"]
    assert next(row["重开次数"] for row in rows_of(path, "issues") if row["问题编号"] == "I-0001") == 1


def test_s25_an_action_past_its_day_is_listed_with_who_does_it(path: Path) -> None:
    edit(path, "actions", key="AC-0001", 到期=date(2026, 1, 5))
    assert "应于 2026-01-05 完成" in findings(path, "S25")["S25-late"]
    evaluate(path)
    (todo,) = [row for row in rows_of(path, "todo") if row.get("来由") == "S25-late AC-0001"]
    assert todo["责任人"] == "孙岚"


def test_s20_to_s25_a_second_evaluation_changes_no_byte(path: Path) -> None:
    before = path.read_bytes()
    evaluate(path)
    assert path.read_bytes() == before
