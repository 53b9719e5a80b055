"""What the command line promises: a result or a sentence, never a trace; the same in `--json`; exit 0, 1, 2."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
import urllib.request
from datetime import date
from functools import cache
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from workbook import build
from workbook.tables import TABLES


def run(*words: str | Path, stdin: str | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    code = "from workbook.cli import main; main(prog_name='partnerbook')"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, encoding="utf-8", input=stdin,
        cwd=cwd, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    path = tmp_path / "别人的表.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        sheet = made.add_worksheet("出入库")
        sheet.add_table(
            "B2:E4",
            {
                "name": "stock",
                "columns": [{"header": h} for h in ("品名", "数量", "日期", "备注")],
                "data": [["甲", 1], ["乙", 2]],
            },
        )
    return path


def test_a_new_book_has_every_declared_table(tmp_path: Path) -> None:
    done = run("new", tmp_path / "簿.xlsx", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["book"] == str(tmp_path / "簿.xlsx")
    opened = openpyxl.load_workbook(tmp_path / "簿.xlsx")
    assert {name for sheet in opened.worksheets for name in sheet.tables} >= {table.name for table in TABLES}


def test_a_book_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "簿.xlsx").write_bytes(b"mine")
    done = run("new", tmp_path / "簿.xlsx")
    assert done.returncode == 1
    assert "已经存在" in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "簿.xlsx").read_bytes() == b"mine"


def test_append_writes_to_any_table_of_any_book(foreign: Path) -> None:
    rows = '{"品名": "=1+1", "数量": 12.50, "日期": {"date": "2026-11-20"}}\n\n{"品名": "丁", "备注": "012"}\n'
    done = run("append", foreign, "stock", "-", "--json", stdin=rows)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["rows"], told["first_row"], told["last_row"], told["sheet"]) == (2, 5, 6, "出入库")
    sheet = openpyxl.load_workbook(foreign)["出入库"]
    assert sheet.tables["stock"].ref == "B2:E6"
    assert [sheet[c].value for c in ("B5", "C5", "B6", "E6")] == ["=1+1", 12.5, "丁", "012"]
    assert sheet["B5"].data_type == "s" or sheet["B5"].data_type == "inlineStr"


@pytest.mark.parametrize(("rows", "words"), [
    ('{"没有": 1}', ["stock", "没有", "出入库"]),
    ("[1]", ["第 1 行", "JSON"]),
    ('{"数量": NaN}', ["NaN"]),
    ('{"品名": {"x": 1}}', ["第 1 行", "品名"]),
    ('{"日期": {"date": "2026-02-30"}}', ["日期", "2026-02-30"]),
    ("", ["没有要加的行"]),
])  # fmt: skip
def test_a_row_that_does_not_fit_is_a_sentence_that_says_where(foreign: Path, rows: str, words: list[str]) -> None:
    before = foreign.read_bytes()
    done = run("append", foreign, "stock", "-", stdin=rows)
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert foreign.read_bytes() == before


def test_an_unknown_table_is_answered_with_the_tables_that_are_there(foreign: Path) -> None:
    done = run("append", foreign, "nix", "-", "--json", stdin='{"品名": "x"}')
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["kind"] == "MissingTable"
    assert "stock" in error["message"]


def test_deliver_and_verify_speak_json(tmp_path: Path) -> None:
    book = tmp_path / "簿.xlsx"
    run("new", book)
    for command in ("deliver", "verify"):
        done = run(command, book, "--data", tmp_path / "data", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["ok"] is True


@pytest.mark.parametrize("command", ["deliver", "verify", "serve"])
def test_a_file_that_is_no_book_of_ours_is_a_sentence(tmp_path: Path, command: str) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"\xd0\xcf\x11\xe0 encrypted")
    done = run(command, tmp_path / "x.xlsx", "--data", tmp_path / "data")
    assert done.returncode == 1
    assert done.stderr.startswith("✗ ") and "Traceback" not in done.stderr


def test_upgrade_previews_adds_and_then_finds_nothing_to_add(tmp_path: Path) -> None:
    path = tmp_path / "簿.xlsx"
    path.write_bytes(older_book())
    before = path.read_bytes()
    shown = json.loads(run("upgrade", path, "--dry-run", "--json").stdout)
    assert path.read_bytes() == before and (shown["changed"], shown["dry_run"]) == (False, True)
    assert {one["kind"] for one in shown["additions"]} == {"page", "list"}
    done = run("upgrade", path)
    assert done.returncode == 0 and "新工作表“事件报告”" in done.stdout and "restore" in done.stdout
    assert "incidents" in {name for sheet in openpyxl.load_workbook(path) for name in sheet.tables}
    again = run("upgrade", path, "--json")
    assert again.returncode == 0 and json.loads(again.stdout)["additions"] == []


def test_restore_lists_previews_asks_and_puts_back(tmp_path: Path) -> None:
    path = tmp_path / "簿.xlsx"
    path.write_bytes(older_book())
    assert json.loads(run("restore", path, "--json").stdout)["backups"] == []
    run("upgrade", path)
    upgraded = path.read_bytes()
    listed = json.loads(run("restore", path, "--json").stdout)["backups"]
    assert len(listed) == 1 and listed[0]["generation"] == 0
    preview = run("restore", path, "--from", listed[0]["id"])
    assert preview.returncode == 0 and "--yes" in preview.stdout and path.read_bytes() == upgraded
    assert json.loads(run("restore", path, "--from", listed[0]["id"], "--json").stdout)["restored"] is False
    done = run("restore", path, "--from", listed[0]["id"], "--yes", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["restored"] is True
    assert path.read_bytes() == older_book()
    assert len(json.loads(run("restore", path, "--json").stdout)["backups"]) == 2
    unknown = run("restore", path, "--from", "20200101-000000-000", "--yes")
    assert unknown.returncode == 1 and "没有编号" in unknown.stderr


def test_doctor_is_well_or_tells_and_ends_with_one(tmp_path: Path) -> None:
    path = tmp_path / "簿.xlsx"
    run("new", path)
    assert run("doctor", path).returncode == 0
    (tmp_path / "~$簿.xlsx").write_bytes(b"")
    done = run("doctor", path, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1 and told["ok"] is False
    assert [sign["what"] for sign in told["signs"] if not sign["ok"]] == ["owner"]
    assert run("doctor", tmp_path / "没有.xlsx").returncode == 1


@cache
def older_book() -> bytes:
    """A book of a version that knew no incidents."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "TABLES", tuple(table for table in TABLES if table.name != "incidents"))
        return build.new_workbook(book_id="11111111-2222-4333-8444-555555555555", today=date(2026, 11, 20))


@pytest.mark.parametrize("command", ["upgrade", "restore", "doctor"])
def test_these_commands_refuse_with_a_sentence_and_usage_is_two(tmp_path: Path, command: str) -> None:
    assert run(command).returncode == 2
    assert run(command, tmp_path / "x.xlsx", "--nonsense").returncode == 2
    if command != "restore":
        done = run(command, tmp_path / "没有.xlsx")
        assert done.returncode == 1 and done.stderr.startswith("✗ ") and "Traceback" not in done.stderr


def test_wrong_usage_is_exit_two() -> None:
    assert run("append").returncode == 2
    assert run("nonsense").returncode == 2


def test_demo_serves_a_sample_book_and_says_what_to_try(tmp_path: Path) -> None:
    code = "from workbook.cli import main; main(prog_name='partnerbook')"
    server = subprocess.Popen(
        [sys.executable, "-u", "-c", code, "demo", "--no-browser", "--port", "0", "--dir", str(tmp_path / "demo")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
    )  # fmt: skip
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(iter(server.stdout.readline, "")), daemon=True)  # type: ignore[union-attr]
    reader.start()
    try:
        for _ in range(1200):
            if any("Ctrl+C" in line for line in lines):
                break
            time.sleep(0.1)
        told = "".join(lines)
        address = re.search(r"http://127\.0\.0\.1:\d+/", told)
        assert address, told
        with urllib.request.urlopen(address[0]) as answer:
            page = answer.read().decode()
        assert "/forms/candidate" in page
        assert "示例制造有限公司" in page  # the company's name comes from the book's settings
        assert (tmp_path / "demo" / "伙伴簿-演示.xlsx").exists()
        assert "verify" in told
    finally:
        server.terminate()
        server.wait(timeout=20)
