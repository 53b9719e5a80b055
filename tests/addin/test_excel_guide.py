"""docs/excel.md says what is so: its commands, sentences, functions and pictures are the ones there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from addin import functions
from addin.command_sheet import COMMANDS, read_send_back
from addin.live_errors import BookMoved, CellsBusy, SheetProtected
from workbook.cli import main

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "excel.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line", sorted(set(re.findall(r"partnerbook ((?:token|macros|embed|serve|new)\b[^`\n]*)", TEXT)))
)
def test_every_command_with_its_options_exists(line: str) -> None:
    command, *rest = line.split()
    told = CliRunner().invoke(main, [command, "--help"]).output
    options = [word for word in rest if word.startswith("-")]
    assert all(re.search(rf"(?<!\S){re.escape(option)}\b", told) for option in options), (line, told)


def test_it_lists_the_six_commands_and_counts_the_functions() -> None:
    for command in COMMANDS:
        assert re.search(rf"\| {command.number} \| {command.word} \|", TEXT)
    count = sum(1 for name in vars(functions) if name.startswith("PB_"))
    assert f"**{count} 个函数**" in TEXT
    example = next(command.example for command in COMMANDS if command.word == "标出退补")
    assert f"`{example}`" in TEXT and read_send_back(example)[1] == "营业执照期限、银行信用报告文件"


def test_the_sentences_it_quotes_are_the_ones_that_people_see() -> None:
    quoted = [cell.split("……")[0] for cell in re.findall(r"\| ([^|]+?(?:……|。)[^|]*?) \|", TEXT)]
    for real in (str(CellsBusy()), str(SheetProtected(["候选提交"]))):
        assert any(real.startswith(start.strip()) for start in quoted), real
    assert "什么都没有写入。请再运行一次。" in str(BookMoved("候选提交", "候选提交", "变了"))
    assert "什么都没有写入。请再运行一次。" in TEXT


def test_its_pictures_and_links_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert target.startswith("http") or (DOCS / target).is_file(), target
