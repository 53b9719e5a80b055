"""`partnerbook embed` as people call it: what it writes, what it keeps, what it refuses, and what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from addin import embedding
from addin.bundle import bundle, requirements
from addin.commands import embed
from tests.ooxml.books import edited, partners
from workbook.build import new_workbook

PART = "xl/webextensions/webextension1.xml"


@pytest.fixture(scope="module")
def plain() -> bytes:
    return new_workbook()


@pytest.fixture
def path(tmp_path: Path, plain: bytes) -> Path:
    file = tmp_path / "伙伴簿.xlsx"
    file.write_bytes(plain)
    return file


def run(*words: str | Path, exit_code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(embed, [*map(str, words), "--json"])
    assert done.exit_code == exit_code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def said(*words: str | Path) -> str:
    return CliRunner().invoke(embed, [*map(str, words)]).output


def refused(*words: str | Path) -> str:
    return str(run(*words, exit_code=1)["error"]["message"])


def backups(path: Path) -> list[Path]:
    return sorted(path.parent.rglob("*.bak"))


def test_the_code_is_put_in_and_the_old_file_is_kept(path: Path, plain: bytes) -> None:
    assert "✓ 代码已放进 伙伴簿.xlsx" in said(path)
    assert embedding.embedded(path.read_bytes()) == (bundle(), requirements())
    [kept] = backups(path)
    assert kept.read_bytes() == plain


def test_a_second_time_the_file_is_not_touched(path: Path) -> None:
    run(path)
    before, saved = path.read_bytes(), path.stat().st_mtime_ns
    assert run(path)["changed"] is False
    assert "已是最新，没有改动" in said(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, saved)
    assert len(backups(path)) == 1


def test_removing_gives_back_a_book_without_code(path: Path) -> None:
    run(path)
    assert "已从 伙伴簿.xlsx 里去掉" in said(path, "--remove")
    assert embedding.embedded(path.read_bytes()) is None
    assert run(path, "--remove")["changed"] is False
    assert "没有 xlwings Lite 的代码，没有改动" in said(path, "--remove")


def test_it_tells_what_code_is_there_and_writes_nothing(path: Path) -> None:
    assert run(path, "--show")["embedded"] is False
    run(path)
    before = path.read_bytes()
    shown = run(path, "--show")
    assert (shown["embedded"], shown["ours"], shown["newest"]) == (True, True, True)
    assert (shown["code"], shown["requirements"]) == (bundle(), requirements())
    assert "与这个版本的 partnerbook 一致" in said(path, "--show")
    assert "xlwings==0.37.8" in said(path, "--show")
    assert path.read_bytes() == before


@pytest.mark.parametrize("own", ["print('mine')\n", None], ids=["a person's", "ours, changed by a person"])
def test_code_that_a_person_wrote_is_never_lost_without_asking(path: Path, plain: bytes, own: str | None) -> None:
    own = own or bundle().replace("选一个操作", "我改过：选一个操作", 1)
    theirs = embedding.embed(plain, own, "xlwings\n")
    path.write_bytes(theirs)
    for words in ([path], [path, "--remove"]):
        told = refused(*words)
        assert "不是 partnerbook embed 生成的原样" in told and "--replace" in told
        assert path.read_bytes() == theirs
    assert run(path, "--show")["ours"] is False
    assert "不是 partnerbook embed 生成的原样" in said(path, "--show")
    assert run(path, "--replace")["changed"] is True
    assert embedding.embedded(path.read_bytes()) == (bundle(), requirements())
    path.write_bytes(theirs)
    assert run(path, "--remove", "--replace")["changed"] is True
    assert embedding.embedded(path.read_bytes()) is None


def test_ours_of_another_version_is_renewed(path: Path, plain: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as other:
        other.setattr("addin.bundle.version", lambda _name: "0.0.9")
        path.write_bytes(embedding.embed(plain, bundle(), requirements()))
    shown = run(path, "--show")
    assert (shown["ours"], shown["newest"]) == (True, False)
    assert "另一个版本" in said(path, "--show")
    assert run(path)["changed"] is True
    assert embedding.embedded(path.read_bytes()) == (bundle(), requirements())


def test_what_is_no_code_is_told_with_the_part_and_replaced_when_asked(path: Path, plain: bytes) -> None:
    broken = edited(embedding.embed(plain, "x", "y"), PART, 'main.py" value="[^"]*"', 'main.py" value="{"')
    path.write_bytes(broken)
    for words in ([path], [path, "--remove"], [path, "--show"]):
        assert PART in refused(*words)
    run(path, "--replace")
    assert embedding.embedded(path.read_bytes()) == (bundle(), requirements())


def test_a_book_that_is_not_ours_is_refused(path: Path) -> None:
    path.write_bytes(partners())
    for words in ([path], [path, "--remove"], [path, "--show"]):
        assert "不是伙伴簿的工作簿" in refused(*words)
    assert path.read_bytes() == partners()


@pytest.mark.parametrize("content", [b"", b"text"], ids=["empty", "text"])
def test_what_is_no_workbook_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "不是 .xlsx" in refused(path)
    assert path.read_bytes() == content


def test_a_book_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "找不到" in refused(tmp_path / "没有.xlsx")


@pytest.mark.parametrize("mark", ["~$伙伴簿.xlsx", ".~lock.伙伴簿.xlsx#"])
def test_a_book_that_somebody_has_open_waits(path: Path, plain: bytes, mark: str) -> None:
    path.with_name(mark).write_bytes(b"x")
    answer = run(path, exit_code=1)["error"]
    assert answer["kind"] == "WorkbookOpen" and answer["permanent"] is False
    assert path.read_bytes() == plain
    assert run(path, "--show")["embedded"] is False, "looking is free"


def test_the_code_can_be_saved_for_pasting_and_the_book_stays(path: Path, plain: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "粘贴"
    assert run(path, "-o", folder)["files"] == [str(folder / "main.py"), str(folder / "requirements.txt")]
    assert (folder / "main.py").read_bytes().decode() == bundle()
    assert (folder / "requirements.txt").read_bytes().decode() == requirements()
    assert path.read_bytes() == plain
    run(path, "-o", folder)
    (folder / "main.py").write_text("mine", encoding="utf-8")
    assert "main.py 已经存在，内容不同" in refused(path, "-o", folder)
    assert (folder / "main.py").read_text(encoding="utf-8") == "mine"
    assert "写不了" in refused(path, "-o", path / "in a file")


@pytest.mark.parametrize(
    "words", [["--remove", "--show"], ["--show", "-o", "x"], ["--show", "--replace"], ["--nothing"]]
)
def test_wrong_usage_is_exit_two(path: Path, plain: bytes, words: list[str]) -> None:
    assert CliRunner().invoke(embed, [str(path), *words]).exit_code == 2
    assert path.read_bytes() == plain


def test_the_command_is_light_to_load() -> None:
    heavy = ["xlwings", "openpyxl", "xlsxwriter", "addin.bundle", "addin.embedding", "workbook.ooxml", "rich"]
    code = f"import sys, addin.commands; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
