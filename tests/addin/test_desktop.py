"""Owns the promises of the desktop door: the sheet 操作, Run main, the buttons and the command line."""

from __future__ import annotations

import base64
import inspect
import json
import os
import signal
import socket
import subprocess
import sys
import time
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwings as xw
from click.testing import CliRunner
from openpyxl.workbook.defined_name import DefinedName

import addin
from addin import buttons, command_sheet, desktop
from addin.client import Client
from addin.command_sheet import BadArgument, UnknownCommand, find_command, read_send_back
from addin.engines import calc_engine, openpyxl_engine
from addin.progress import Progress
from workbook import build, sample
from workbook.errors import PartnerBookError, WorkbookOpen
from workbook.identity import BOOK, GENERATION

NAMES = ("PB_COMMAND", "PB_ARGUMENT", "PB_SERVER", "PB_MESSAGE")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A small workbook that says it is one of ours."""
    book = openpyxl.Workbook()
    book.defined_names[BOOK] = DefinedName(BOOK, attr_text='"00000000-0000-4000-8000-000000000001"', hidden=True)
    book.defined_names[GENERATION] = DefinedName(GENERATION, attr_text="3", hidden=True)
    book.save(tmp_path / "伙伴簿.xlsx")
    return tmp_path / "伙伴簿.xlsx"


@pytest.fixture
def book(path: Path) -> Iterator[xw.Book]:
    openpyxl_engine.register(may_overwrite=True)
    app = xw.App(add_book=False)
    yield app.books.open(str(path))
    app.quit()


class Actions(types.ModuleType):
    """The actions by their contract: each notes what it was given and answers or raises what the test wants."""

    def __init__(self) -> None:
        super().__init__("addin.actions")
        self.called: list[tuple[Any, ...]] = []
        self.answer: str | Exception = "完成。"
        self.effect: Any = None

    def _do(self, name: str, book: xw.Book, *given: str, progress: Progress) -> str:
        self.called.append((name, *given))
        progress(1, 2, "读表")
        if self.effect:
            self.effect(book)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def pull(self, book: xw.Book, client: Any = None, progress: Progress = lambda *_: None) -> str:
        return self._do("pull", book, progress=progress)

    def evaluate(self, book: xw.Book, progress: Progress = lambda *_: None) -> str:
        return self._do("evaluate", book, progress=progress)

    def send_back(self, book: xw.Book, row: str, fields: str, words: str, progress: Progress = lambda *_: None) -> str:
        return self._do("send_back", book, row, fields, words, progress=progress)

    def freeze(self, book: xw.Book, period: str, progress: Progress = lambda *_: None) -> str:
        return self._do("freeze", book, period, progress=progress)

    def report(self, book: xw.Book, subject: str = "", progress: Progress = lambda *_: None) -> str:
        return self._do("report", book, subject, progress=progress)

    def check(self, book: xw.Book, progress: Progress = lambda *_: None) -> str:
        return self._do("check", book, progress=progress)


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch) -> Actions:
    stub = Actions()
    monkeypatch.setitem(sys.modules, "addin.actions", stub)
    monkeypatch.setattr(addin, "actions", stub, raising=False)
    return stub


@pytest.fixture(autouse=True)
def logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log file, in a folder of the test."""
    monkeypatch.setattr(desktop.click, "get_app_dir", lambda name, roaming: str(tmp_path / f"data of {name}"))
    return tmp_path / "data of PartnerBook" / "logs" / "addin.log"


def typed(book: xw.Book, command: object, argument: object = None) -> None:
    """What a person types into the sheet 操作."""
    command_sheet.prepare(book)
    for name, value in (("PB_COMMAND", command), ("PB_ARGUMENT", argument)):
        book.names[name].refers_to_range.value = value


def message(book: xw.Book) -> str:
    return str(book.names["PB_MESSAGE"].refers_to_range.value)


# ---- the sheet 操作


def test_the_first_run_makes_the_sheet_and_says_what_to_do(book: xw.Book, actions: Actions) -> None:
    ending = desktop.run(book)
    assert [sheet.name for sheet in book.sheets] == ["Sheet", "操作"]
    assert "已加上工作表“操作”" in ending.sentence and actions.called == []
    assert {name.name: name.refers_to for name in book.names if name.name in NAMES} == {
        "PB_COMMAND": "='操作'!$B$5", "PB_ARGUMENT": "='操作'!$B$6", "PB_SERVER": "='操作'!$B$7",
        "PB_MESSAGE": "='操作'!$B$8",
    }  # fmt: skip
    shown = book.sheets["操作"].range("A1:C16").options(ndim=2).value
    assert [row[0] for row in shown[10:16]] == [
        "1 取回提交", "2 评估", "3 标出退补", "4 冻结", "5 报告", "6 检查",
    ]  # fmt: skip
    assert shown[12][2].endswith("C-0003：营业执照期限、银行信用报告文件；请补盖章页")


def test_the_sheet_is_made_once(book: xw.Book) -> None:
    assert [command_sheet.prepare(book), command_sheet.prepare(book)] == [True, False]
    assert len(book.sheets) == 2


def test_a_renamed_sheet_is_still_found(book: xw.Book, actions: Actions) -> None:
    typed(book, "检查")
    book.sheets["操作"].name = "运行这里"
    assert desktop.run(book).done
    assert actions.called == [("check",)] and len(book.sheets) == 2


def test_a_sheet_of_somebody_else_with_that_title_stays(book: xw.Book) -> None:
    theirs = book.sheets.add("操作")
    theirs.range("B5").value = "我的笔记"
    assert command_sheet.prepare(book)
    assert {sheet.name for sheet in book.sheets} == {"Sheet", "操作", "操作 2"}
    assert theirs.range("B5").value == "我的笔记"
    assert book.names["PB_COMMAND"].refers_to == "='操作 2'!$B$5"


@pytest.mark.parametrize("broken", ["=操作!#REF!", '="https://forms.example.com"', "='操作'!$B$5:$C$6"])
def test_a_name_that_means_no_cell_any_more_gets_a_new_one(book: xw.Book, broken: str) -> None:
    command_sheet.prepare(book)
    book.names["PB_SERVER"].refers_to_range.value = "https://forms.example.com"
    book.names["PB_COMMAND"].refers_to = broken
    assert command_sheet.prepare(book)
    assert book.names["PB_COMMAND"].refers_to == "='操作 2'!$B$5"
    assert command_sheet.read(book, "PB_SERVER") == "https://forms.example.com"  # moved along
    assert book.names["PB_SERVER"].refers_to == "='操作 2'!$B$7"


def test_what_is_typed_and_told_stays_text(book: xw.Book, tmp_path: Path) -> None:
    typed(book, "4", "2026-03")
    book.names["PB_MESSAGE"].refers_to_range.number_format = "General"  # somebody tidied up
    assert command_sheet.tell(book, '=HYPERLINK("http://x.example","x")')
    assert command_sheet.read(book, "PB_ARGUMENT") == "2026-03"
    book.save(str(tmp_path / "saved.xlsx"))
    sheet = openpyxl.load_workbook(tmp_path / "saved.xlsx")["操作"]
    assert [(sheet[cell].number_format, sheet[cell].data_type, sheet[cell].value) for cell in ("B6", "B8")] == [
        ("@", "s", "2026-03"), ("@", "s", '=HYPERLINK("http://x.example","x")'),
    ]  # fmt: skip


def test_a_workbook_without_a_message_cell_is_told_nothing(book: xw.Book) -> None:
    assert not command_sheet.tell(book, "完成。")
    assert len(book.sheets) == 1


# ---- what is typed


@pytest.mark.parametrize("given", ["3", 3.0, "３", "标出退补", " 标出退补 ", "3 标出退补", "3.标出退补", "3、标出退补", "Send back", "send BACK", "3 Send back"])  # fmt: skip
def test_a_command_is_known_by_its_number_or_its_word(given: object) -> None:
    assert find_command(given).word == "标出退补"


@pytest.mark.parametrize("given", [None, "", "7", "0", 1.5, "3 冻结", "退补", "取回", True])
def test_anything_else_lists_the_commands(given: object) -> None:
    with pytest.raises(UnknownCommand, match="1 取回提交、2 评估、3 标出退补、4 冻结、5 报告、6 检查"):
        find_command(given)


@pytest.mark.parametrize(
    ("argument", "meant"),
    [
        (
            "C-0003：营业执照期限、银行信用报告文件；请补盖章页",
            ("C-0003", "营业执照期限、银行信用报告文件", "请补盖章页"),
        ),
        ("C-0003: 营业执照 ; 请补：第 2 页; 盖章", ("C-0003", "营业执照", "请补：第 2 页; 盖章")),
        ("C-0003：营业执照", ("C-0003", "营业执照", "")),
    ],
)
def test_an_argument_of_send_back_has_a_row_fields_and_words(argument: str, meant: tuple[str, str, str]) -> None:
    assert read_send_back(argument) == meant


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ("", "没有填"),
        ("C-0003 营业执照", "没有冒号"),
        ("：营业执照", "没有写是哪一行"),
        ("C-0003：；补", "没有写要补哪些栏目"),
    ],
)
def test_an_argument_that_lacks_something_says_what_and_shows_an_example(argument: str, why: str) -> None:
    with pytest.raises(BadArgument, match=f"{why}.*例如：C-0003：营业执照期限、银行信用报告文件；请补盖章页"):
        read_send_back(argument)


# ---- running


@pytest.mark.parametrize(
    ("command", "argument", "called"),
    [
        (1.0, "ignored", ("pull",)),
        ("评估", None, ("evaluate",)),
        ("3", "C-0003：营业执照；补", ("send_back", "C-0003", "营业执照", "补")),
        ("4", "2026Q3", ("freeze", "2026Q3")),
        ("4", 2026.0, ("freeze", "2026")),
        ("5", None, ("report", "")),
        ("5", "P-0007", ("report", "P-0007")),
        ("Check", None, ("check",)),
    ],
)
def test_run_main_does_what_the_cells_say(
    book: xw.Book, actions: Actions, command: object, argument: object, called: tuple[str, ...]
) -> None:
    typed(book, command, argument)
    assert desktop.run(book) == desktop.Ending("完成。", True)
    assert actions.called == [called]
    assert message(book) == "完成。"


def test_a_freeze_without_a_period_is_refused_before_anything_happens(book: xw.Book, actions: Actions) -> None:
    typed(book, "4")
    assert not desktop.run(book).done
    assert "参数没有填" in message(book) and "例如：2026Q3" in message(book)
    assert actions.called == []


def test_a_refusal_is_its_sentence_in_the_message_cell(book: xw.Book, actions: Actions) -> None:
    typed(book, "6")
    actions.answer = WorkbookOpen("工作表“候选提交”正在筛选，请清除筛选后再运行。")
    assert desktop.run(book) == desktop.Ending("工作表“候选提交”正在筛选，请清除筛选后再运行。", False)
    assert message(book) == "✗ 工作表“候选提交”正在筛选，请清除筛选后再运行。"


def test_what_nobody_foresaw_is_a_sentence_and_the_trace_is_in_the_log(
    book: xw.Book, actions: Actions, logged: Path
) -> None:
    typed(book, "6")
    actions.answer = ZeroDivisionError("division by zero")
    ending = desktop.run(book)
    assert not ending.done and str(logged) in ending.sentence and "ZeroDivisionError" in ending.sentence
    assert "Traceback" not in message(book) and "division by zero" not in message(book)
    assert "Traceback" in logged.read_text(encoding="utf-8") and "division by zero" in logged.read_text(
        encoding="utf-8"
    )


def test_a_log_that_cannot_be_written_is_told_too(book: xw.Book, actions: Actions, logged: Path) -> None:
    logged.parent.parent.write_text("a file where the folder should be")
    typed(book, "6")
    actions.answer = ZeroDivisionError()
    assert "日志也写不了" in desktop.run(book).sentence


def test_a_long_log_starts_anew(book: xw.Book, actions: Actions, logged: Path) -> None:
    logged.parent.mkdir(parents=True)
    logged.write_text("old\n" * 300_000, encoding="utf-8")  # 1.2 MB, more than 1 MiB
    typed(book, "6")
    actions.answer = ZeroDivisionError()
    desktop.run(book)
    assert "old" not in logged.read_text(encoding="utf-8")


def test_the_status_bar_shows_the_way_and_is_given_back(book: xw.Book, actions: Actions) -> None:
    seen = []
    actions.effect = lambda book: seen.append(book.app.status_bar)
    typed(book, "2")
    desktop.run(book)
    assert seen == ["伙伴簿：读表（1/2）"]
    assert book.app.status_bar is False


def test_a_status_bar_that_does_not_answer_stops_nothing(
    book: xw.Book, actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(app: xw.App, text: object) -> None:
        raise OSError("rejected by callee")

    monkeypatch.setattr(xw.App, "status_bar", property(lambda app: False, busy))
    typed(book, "2")
    assert desktop.run(book).done


def test_a_message_cell_on_a_protected_sheet_costs_only_the_message(
    book: xw.Book, actions: Actions, logged: Path
) -> None:
    typed(book, "2")
    book.sheets["操作"].impl.api.protection.enable()
    assert desktop.run(book) == desktop.Ending("完成。", True)
    assert "Traceback" in logged.read_text(encoding="utf-8")


def test_a_workbook_that_is_not_ours_is_not_touched(tmp_path: Path, actions: Actions) -> None:
    openpyxl.Workbook().save(tmp_path / "theirs.xlsx")
    openpyxl_engine.register()
    app = xw.App(add_book=False)
    theirs = app.books.open(str(tmp_path / "theirs.xlsx"))
    ending = desktop.run(theirs, "6")
    assert "theirs.xlsx 不是伙伴簿的工作簿" in ending.sentence and not ending.done
    assert [sheet.name for sheet in theirs.sheets] == ["Sheet"] and actions.called == []
    app.quit()


# ---- a pull is complete once it is saved


class Server:
    """A transport that notes what it was told and confirms two."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, Any]] = []

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"fin-1:pbf_x"
        self.told.append((method, url, json.loads(body or b"null")))
        return 200, {}, b'{"confirmed": 2}'


def test_saving_by_our_own_door_tells_the_server_what_the_file_holds(tmp_path: Path) -> None:
    rows = sample.sample_rows(1)
    identity = "11111111-2222-4333-8444-555555555555"
    path = tmp_path / "伙伴簿.xlsx"
    path.write_bytes(build.new_workbook(rows={"candidates": rows["candidates"]}, book_id=identity))
    openpyxl_engine.register(may_overwrite=True)
    app = xw.App(add_book=False)
    book = app.books.open(str(path))
    book.names[GENERATION].refers_to = "=7"
    server = Server()
    told = desktop.save_and_confirm(book, Client("https://forms.example.com", "fin-1:pbf_x", transport=server))
    app.quit()
    ids = [str(row["submission_id"]) for row in rows["candidates"]]
    assert len(ids) > 5
    ((method, url, sent),) = server.told
    assert (method, url) == ("POST", "https://forms.example.com/api/v1/saved")
    assert (sent["book"], sent["generation"], sorted(sent["ids"])) == (identity, 7, sorted(ids))
    assert told == "✓ 已保存，服务器确认了 2 份提交。"


def test_a_workbook_in_the_cloud_is_saved_and_says_why_nothing_is_confirmed() -> None:
    saved = []
    cloud: Any = types.SimpleNamespace(save=lambda: saved.append(1), name="伙伴簿.xlsx", fullname="https://x.example/伙伴簿.xlsx")  # fmt: skip
    with pytest.raises(desktop.NotOnThisDisk, match="已经保存，但它不在本机的磁盘上"):
        desktop.save_and_confirm(cloud)
    assert saved == [1]


# ---- who calls


@pytest.fixture
def calling(book: xw.Book) -> Iterator[xw.Book]:
    book.set_mock_caller()
    yield book
    del xw.Book._mock_caller


def test_main_works_on_the_workbook_that_called(calling: xw.Book, actions: Actions) -> None:
    typed(calling, "6")
    desktop.main()
    assert actions.called == [("check",)] and message(calling) == "完成。"


def test_without_a_caller_excel_gets_a_sentence_and_no_trace() -> None:
    with pytest.raises(SystemExit, match="没有找到打开的工作簿。请在 Excel 里用 xlwings 选项卡的 Run main") as ended:
        desktop.main()
    assert ended.value.__suppress_context__


def box(name: str, visible: bool) -> tuple[Any, list[tuple[str, str]]]:
    shown: list[tuple[str, str]] = []
    app = types.SimpleNamespace(
        engine=types.SimpleNamespace(name=name),
        visible=visible,
        alert=lambda prompt, title, mode: shown.append((prompt, mode)),
    )
    return types.SimpleNamespace(app=app), shown


@pytest.mark.parametrize(("name", "visible", "count"), [("excel", True, 1), ("excel", False, 0), ("calc", True, 0)])
def test_a_box_is_shown_where_a_person_sits_before_excel(name: str, visible: bool, count: int) -> None:
    book, shown = box(name, visible)
    desktop.show_box(book, desktop.Ending("没有做完。", False))
    assert shown == [("没有做完。", "critical")] * count


BUTTONS = {
    "pull": ("pull",), "evaluate": ("evaluate",), "send_back": ("send_back", "C-1", "营业执照", ""),
    "freeze": ("freeze", "C-1：营业执照"), "report": ("report", "C-1：营业执照"), "check": ("check",),
}  # fmt: skip


@pytest.mark.parametrize("button", BUTTONS)
def test_a_button_runs_its_action_whatever_the_command_cell_says(
    calling: xw.Book, actions: Actions, button: str
) -> None:
    typed(calling, "nonsense", "C-1：营业执照")
    getattr(buttons, button)()
    assert actions.called == [BUTTONS[button]] and message(calling) == "完成。"


def test_the_button_that_saves_leaves_the_workbook_saved(calling: xw.Book, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(calling, "1")
    monkeypatch.setattr(desktop, "save_and_confirm", lambda book: "已保存。")
    buttons.save_and_confirm()
    assert command_sheet.read(calling, "PB_MESSAGE") == ""


def test_the_functions_of_the_buttons_module_are_the_buttons_and_take_nothing() -> None:
    found = {n: f for n, f in vars(buttons).items() if inspect.isfunction(f) and not n.startswith("_")}
    assert found.keys() == {*BUTTONS, "save_and_confirm"}
    assert not [name for name, function in found.items() if inspect.signature(function).parameters]


# ---- the command line


@pytest.fixture
def opened(book: xw.Book, monkeypatch: pytest.MonkeyPatch) -> xw.Book:
    """The command line finds this workbook open; how it finds one in LibreOffice is a test of its own."""
    monkeypatch.setattr(desktop, "open_book", lambda name, connect: book)
    return book


def test_the_command_line_runs_a_command_and_prints_the_sentence(opened: xw.Book, actions: Actions) -> None:
    done = CliRunner().invoke(desktop.command_line, ["伙伴簿.xlsx", "冻结", "2026Q3"])
    assert (done.exit_code, done.stdout, actions.called) == (0, "完成。\n", [("freeze", "2026Q3")])


def test_a_command_on_the_command_line_does_not_take_the_cells_argument(opened: xw.Book, actions: Actions) -> None:
    typed(opened, "1", "P-0001")
    CliRunner().invoke(desktop.command_line, ["伙伴簿.xlsx", "报告"])
    CliRunner().invoke(desktop.command_line, ["伙伴簿.xlsx"])
    assert actions.called == [("report", ""), ("pull",)]


def test_a_refusal_on_the_command_line_is_exit_1(opened: xw.Book, actions: Actions) -> None:
    done = CliRunner().invoke(desktop.command_line, ["伙伴簿.xlsx", "起飞"])
    assert done.exit_code == 1 and "没有“起飞”这个命令" in done.stderr and actions.called == []


def test_a_spreadsheet_that_does_not_run_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str, connect: str) -> xw.Book:
        raise PartnerBookError("没有 LibreOffice 在听。")

    monkeypatch.setattr(desktop, "open_book", gone)
    done = CliRunner().invoke(desktop.command_line, ["伙伴簿.xlsx", "6"])
    assert (done.exit_code, done.stderr) == (1, "没有 LibreOffice 在听。\n")


# ---- a LibreOffice that a person has open


@pytest.fixture
def listening(path: Path, tmp_path: Path) -> Iterator[str]:
    """A LibreOffice with the workbook open, and where it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"socket,host=127.0.0.1,port={probe.getsockname()[1]}"
    profile = (tmp_path / "profile").as_uri()
    command = ["soffice", "--headless", "--norestore", f"-env:UserInstallation={profile}", f"--accept={address};urp;", str(path)]  # fmt: skip
    office = subprocess.Popen(command, start_new_session=True)
    try:
        calc_engine.register(connect=address)
        deadline = time.monotonic() + 90
        while True:
            try:
                if xw.App(add_book=False).books:
                    break
            except PartnerBookError:
                assert time.monotonic() < deadline
            time.sleep(0.5)
        yield address
        assert office.poll() is None  # it is the person's: nobody ended it
    finally:
        os.killpg(office.pid, signal.SIGKILL)
        office.wait(30)


@pytest.mark.libreoffice
def test_a_person_with_libreoffice_runs_the_same_commands(listening: str, actions: Actions, path: Path) -> None:
    def command(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(desktop.command_line, [*words, "--connect", listening])
        return done.exit_code, done.output

    assert command("伙伴簿.xlsx")[1].startswith("这本工作簿里还没有放命令的地方")
    assert command("伙伴簿.xlsx") == (1, f"{UnknownCommand('')}\n")
    (book,) = xw.apps.active.books
    typed(book, 4, "2026-03")
    assert command(str(path)) == (0, "完成。\n")
    assert actions.called == [("freeze", "2026-03")] and message(book) == "完成。"
    actions.answer = '=HYPERLINK("http://x.example","x")'
    assert command("伙伴簿.xlsx", "检查")[0] == 0
    cell = book.names["PB_MESSAGE"].refers_to_range
    assert cell.value == actions.answer  # the text, not the "x" that a formula would show
    assert command("没有.xlsx", "6") == (1, f"{desktop.BookNotFound('没有.xlsx')}\n")
