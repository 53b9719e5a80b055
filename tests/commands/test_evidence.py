"""What the evidence pack promises: whole, readable and checked without the program, nothing confidential, always the same."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from forms_server.app import ServerSettings, create_app
from forms_server.house import open_house
from tests.commands.test_commands import run
from tests.forms.conftest import PDF, send, upload
from tests.rules.test_deciding import fresh
from tests.selection_books import NOW, TODAY
from workbook.build import new_workbook
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.schema import CONFIDENTIAL
from workbook.tables import Candidates, Minutes, Panels, Results

SECRET = "机密内容-不出公司"
WANTED = {
    "index.html", "scores.csv", "contributions.csv", "marks.csv", "declarations.csv", "votes.csv", "minutes.txt", "rules.csv",
    "candidates.csv", "findings.csv", "inputs.json", "SHA256SUMS", "README.txt",
}  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A decided panel whose confidential columns all hold the same words, and a reason that looks like a formula."""
    rows = fresh()
    rows["votes"][4]["reason"] = '=HYPERLINK("http://evil.example","点我")'
    rows["panels"][0]["remark"] = rows["minutes"][0]["remark"] = SECRET
    rows["minutes"][0]["text"] = "经评审会审议，推荐候选1有限公司。"
    for name, column in Candidates.columns.items():
        if column.level is CONFIDENTIAL:
            rows["candidates"][0][name] = SECRET
    made = Book.read(new_workbook(rows=rows, today=TODAY))
    evaluate_book(made, NOW)
    made.update("results", "结果编号", {"V-0001/C-0001": {"评审意见": SECRET}})
    path = tmp_path_factory.mktemp("evidence") / "簿.xlsx"
    path.write_bytes(made.to_bytes())
    return path


def packed(book: Path, folder: Path, decision: str = "V-0001", *more: str | Path) -> Path:
    """The unpacked pack of a decision."""
    done = run("evidence", book, decision, "-o", folder / "pack.zip", *more)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(folder / "pack.zip") as opened:
        opened.extractall(folder / "pack")
    return folder / "pack"


def table(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")  # Excel reads it as UTF-8
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False)


needs_sha256sum = pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed")


@needs_sha256sum
def test_the_pack_is_whole_and_an_altered_file_is_caught(book: Path, tmp_path: Path) -> None:
    folder = packed(book, tmp_path)
    assert {path.name for path in folder.iterdir()} == WANTED
    done = checked(folder)
    assert done.returncode == 0 and done.stdout.count(": OK") == len(WANTED) - 1
    marks = folder / "marks.csv"
    marks.write_bytes(marks.read_bytes().replace(b",3,", b",5,", 1))
    done = checked(folder)
    assert done.returncode == 1 and "marks.csv: FAILED" in done.stdout


def test_it_opens_without_the_program_and_asks_nobody_else(book: Path, tmp_path: Path) -> None:
    page = (packed(book, tmp_path) / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img|iframe|object|embed|base)\b|\b(src|href|action)\s*=|@import|url\(", page)
    for words in (
        "证据包　V-0001",
        "候选1有限公司",
        "78.32",
        "产能不足",
        "经评审会审议",
        "sha256sum -c SHA256SUMS",
        "技术水平",
    ):
        assert words in page, words
    assert "=HYPERLINK(&quot;http" in page  # as text


def test_the_tables_say_what_the_book_says(book: Path, tmp_path: Path) -> None:
    folder = packed(book, tmp_path)
    scores = {row["结果编号"]: row for row in table(folder / "scores.csv")}
    assert (scores["V-0001/C-0001"]["官方得分"], scores["V-0001/C-0001"]["名次"]) == ("78.32", "1")
    points = [row for row in table(folder / "contributions.csv") if row["结果编号"] == "V-0001/C-0001" and row["得分"]]
    assert f"{sum(float(row['得分']) for row in points):.2f}" == "78.32"
    assert {row["分数"] for row in table(folder / "marks.csv")} == {"3", "4"}
    assert len(table(folder / "declarations.csv")) == 8
    votes = table(folder / "votes.csv")
    assert [row["效力"] for row in votes] == ["有效"] * 8
    rules = table(folder / "rules.csv")
    assert {row["表"] for row in rules} == {"评价指标", "档位"} and any(row["权重"] for row in rules)
    inputs = json.loads((folder / "inputs.json").read_text(encoding="utf-8"))
    assert inputs["ranking_fingerprint"] == inputs["votes"][0]["fingerprint"]
    assert (inputs["settings"]["最少评审人数"], len(inputs["marks"])) == ("3", len(table(folder / "marks.csv")))
    assert "已确认" in (folder / "minutes.txt").read_text(encoding="utf-8")
    assert "S15-minutes-changed" not in (folder / "findings.csv").read_text(encoding="utf-8")


def test_what_looks_like_a_formula_is_text_and_a_number_stays_one(book: Path, tmp_path: Path) -> None:
    folder = packed(book, tmp_path)
    reasons = {row["理由"] for row in table(folder / "votes.csv")}
    assert '\'=HYPERLINK("http://evil.example","点我")' in reasons
    for path in folder.glob("*.csv"):
        for row in table(path):
            assert not [cell for cell in row.values() if cell.startswith(("=", "+", "@"))], path.name


def test_no_confidential_column_is_inside(book: Path, tmp_path: Path) -> None:
    folder = packed(book, tmp_path)
    names = {
        c.zh for t in (Candidates, Results, Panels, Minutes) for c in t.columns.values() if c.level is CONFIDENTIAL
    }
    assert names
    for path in folder.iterdir():
        assert SECRET not in path.read_text(encoding="utf-8"), path.name
    heads = {name for path in folder.glob("*.csv") for row in table(path)[:1] for name in row}
    assert "评审意见" in names and "评审意见" not in heads


def test_the_same_book_gives_the_same_bytes_whenever(book: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        packed(book, tmp_path / name)
    assert (tmp_path / "one" / "pack.zip").read_bytes() == (tmp_path / "other" / "pack.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one" / "pack.zip") as opened:
        assert {entry.date_time for entry in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_one_candidates_pack_holds_nobody_elses_row(book: Path, tmp_path: Path) -> None:
    folder = packed(book, tmp_path, "V-0001/C-0002")
    assert {row["结果编号"] for row in table(folder / "scores.csv")} == {"V-0001/C-0002"}
    for name in ("marks", "declarations", "votes", "candidates"):
        assert {row["候选编号"] for row in table(folder / f"{name}.csv")} == {"C-0002"}, name
    for path in folder.iterdir():
        assert "候选1有限公司" not in path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize("decision", ["V-0009", "V-0001/C-0009", "C-0001", ""])
def test_what_is_no_decision_is_refused_with_a_sentence(book: Path, tmp_path: Path, decision: str) -> None:
    done = run("evidence", book, decision, "-o", tmp_path / "pack.zip")
    assert done.returncode == 1 and "没有" in done.stderr and "V-0001" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "pack.zip").exists()


def test_a_file_that_is_there_is_never_overwritten(book: Path, tmp_path: Path) -> None:
    (tmp_path / "pack.zip").write_bytes(b"mine")
    assert run("evidence", book, "V-0001", "-o", tmp_path / "pack.zip").returncode == 1
    assert (tmp_path / "pack.zip").read_bytes() == b"mine"


@needs_sha256sum
def test_the_files_of_the_candidates_come_along_and_what_cannot_is_named(tmp_path: Path) -> None:
    path = tmp_path / "簿.xlsx"
    rows = fresh()
    rows["panels"][0] |= {"status": "closed", "candidates": "C-0001、C-0002、C-0003"}
    made = Book.read(new_workbook(rows=rows, today=TODAY))
    evaluate_book(made, NOW)
    path.write_bytes(made.to_bytes())
    house = open_house(path, tmp_path / "data")
    client = create_app(ServerSettings(house.secret, house.data, testing=True), house.inbox).test_client()
    sent = send(
        client, "candidate", profile_file=upload(PDF, "公司 介绍.pdf"), cases_file=upload(PDF + b"\n", "../案例.pdf")
    )
    assert sent.status_code == 303
    house.delivery.run()
    done = run("evidence", path, "V-0001", "-o", tmp_path / "one.zip", "--data", tmp_path / "data", "--json")
    found = json.loads(done.stdout)
    inside = [name for name in found["files"] if name.startswith("files/")]
    assert inside == ["files/C-0003/01 公司 介绍.pdf", "files/C-0003/02 案例.pdf"]
    assert {(one["candidate"], one["why"]) for one in found["left_out"]} == {("C-0001", "收件箱里没有这份提交"), ("C-0002", "收件箱里没有这份提交")}  # fmt: skip
    folder = packed(path, tmp_path, "V-0001", "--data", tmp_path / "data")
    assert (folder / inside[0]).read_bytes() == PDF and checked(folder).returncode == 0
    (kept, *_) = [p for p in (house.data / "uploads").iterdir() if p.is_file() and p.read_bytes() == PDF]
    kept.write_bytes(PDF + b"changed")
    found = json.loads(run("evidence", path, "V-0001", "-o", tmp_path / "two.zip", "--data", tmp_path / "data", "--json").stdout)  # fmt: skip
    assert "数据文件夹里的文件与收到时不同" in {one["why"] for one in found["left_out"]}


def test_without_the_data_folder_the_files_are_named_as_not_included(book: Path, tmp_path: Path) -> None:
    text = (packed(book, tmp_path) / "README.txt").read_text(encoding="utf-8")
    assert "不在包里的文件" in text and "C-0001 profile_file.pdf" in text
    done = run("evidence", book, "V-0001", "-o", tmp_path / "other.zip", "--data", tmp_path)
    assert done.returncode == 1 and "没有这个工作簿的收件箱" in done.stderr
