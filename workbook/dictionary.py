"""Owns the data dictionary: every table and column of the declaration as Markdown. `python -m workbook.dictionary` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import singledispatch
from pathlib import Path

from workbook import schema
from workbook.schema import Column, Label, Table
from workbook.tables import TABLES

TITLE = Label("数据字典", "Data dictionary")
INTRO = Label(
    "由声明 `workbook/tables/` 生成，不手工修改：`python -m workbook.dictionary`。",
    "Generated from the declaration in `workbook/tables/`, never edited: `python -m workbook.dictionary`.",
)
FACTS = Label(
    "表 `{name}` · {chapter} · 主键 {key} · 级别 {level}", "Table `{name}` · {chapter} · key {key} · level {level}"
)
HEADS = (
    Label("列", "Column"), Label("英文", "Chinese"), Label("代码名", "Name"), Label("类型", "Kind"), Label("必填", "Required"),
    Label("填写", "Filled by"), Label("级别", "Level"), Label("伙伴可见", "Partner sees"), Label("取值与说明", "Values and notes"),
)  # fmt: skip
YES = Label("是", "yes")
LEFT_OUT = Label("已停用", "no longer used")
ONLY_IF = Label("仅当 {column} 为“{option}”", "only if {column} is “{option}”")


@singledispatch
def describe(column: Column, lang: str) -> tuple[Label, str]:
    """A kind's name and what it takes."""
    raise TypeError(f"no entry in the dictionary for {type(column).__name__}")


@describe.register
def _text(column: schema.Text, lang: str) -> tuple[Label, str]:
    lines = Label("，可多行", ", several lines").get(lang) if column.lines else ""
    return Label("文字", "text"), Label("最多 {} 字", "up to {} characters").get(lang).format(column.max_length) + lines


@describe.register
def _key(column: schema.Key, lang: str) -> tuple[Label, str]:
    return Label("主键", "key"), f"`{column.make(1)}`" if column.prefix else ""


@describe.register
def _ref(column: schema.Ref, lang: str) -> tuple[Label, str]:
    return Label("引用", "reference"), f"→ `{column.to}`" if column.to else ""


@describe.register
def _credit_code(column: schema.CreditCode, lang: str) -> tuple[Label, str]:
    return Label("信用代码", "credit code"), Label("18 位，末位校验", "18 characters, the last one a check").get(lang)


@describe.register
def _phone(column: schema.Phone, lang: str) -> tuple[Label, str]:
    return Label("电话", "telephone"), ""


@describe.register
def _email(column: schema.Email, lang: str) -> tuple[Label, str]:
    return Label("邮箱", "mail address"), ""


def _limits(column: schema.Number) -> str:
    low = "" if column.minimum is None else f"≥ {column.minimum:,}"
    high = "" if column.maximum is None else f"≤ {column.maximum:,}"
    return " ".join(part for part in (low, high) if part)


@describe.register
def _number(column: schema.Number, lang: str) -> tuple[Label, str]:
    return Label("整数", "whole number") if column.whole else Label("数字", "number"), _limits(column)


@describe.register
def _money(column: schema.Money, lang: str) -> tuple[Label, str]:
    typed = Label("；填写单位 {:,}", "; typed in units of {:,}").get(lang).format(column.entered_in)
    unit = Label("{}，到分", "{}, to the cent").get(lang).format(column.currency)
    return Label("金额", "amount"), f"{unit}{typed if column.entered_in != 1 else ''} {_limits(column)}".strip()


@describe.register
def _date(column: schema.Date, lang: str) -> tuple[Label, str]:
    return Label("日期", "date"), f"≥ {column.minimum}" if column.minimum else ""


@describe.register
def _moment(column: schema.Moment, lang: str) -> tuple[Label, str]:
    return Label("时间", "time"), Label("当地时间，到秒", "local time, to the second").get(lang)


@describe.register
def _choice(column: schema.Choice, lang: str) -> tuple[Label, str]:
    default = column.default
    words = (f"{label.get(lang)} `{code}`{' *' if code == default else ''}" for code, label in column.options.items())
    return Label("单选", "choice"), " / ".join(words)


@describe.register
def _scale(column: schema.Scale, lang: str) -> tuple[Label, str]:
    words = [f"{mark} {label.get(lang)}" for mark, label in enumerate(column.words, start=1)]
    return Label("打分", "mark"), " / ".join([*words, *([column.unknown.get(lang)] if column.unknown else [])])


@describe.register
def _files(column: schema.Files, lang: str) -> tuple[Label, str]:
    limit = Label("最多 {} 份，每份 {} MB", "up to {} files of {} MB").get(lang).format(column.count, column.megabytes)
    wanted = Label("；缺则写 待补", "; To follow while missing").get(lang) if column.wanted else ""
    return Label("文件", "files"), limit + wanted


@describe.register
def _formula(column: schema.Formula, lang: str) -> tuple[Label, str]:
    return Label("公式", "formula"), f"`={column.excel}`"


@describe.register
def _submission(column: schema.Submission, lang: str) -> tuple[Label, str]:
    return Label("提交标识", "submission id"), "UUID"


def data_dictionary(lang: str = "zh-CN") -> str:
    """The dictionary of every declared table, in the order of the tabs."""
    lines = [f"# {TITLE.get(lang)}", "", INTRO.get(lang), ""]
    for table in TABLES:
        lines += _table(table, lang)
    return "\n".join(lines).rstrip() + "\n"


def _table(table: type[Table], lang: str) -> Iterator[str]:
    key = table.key().label.get(lang)
    level, chapter = table.level.value.get(lang), table.chapter.value.get(lang)
    yield f"## {table.label.get(lang)}"
    yield ""
    yield FACTS.get(lang).format(name=table.name, chapter=chapter, key=key, level=level)
    yield ""
    yield _row([head.get(lang) for head in HEADS])
    yield _row(["---"] * len(HEADS))
    for name, column in table.columns.items():
        yield _row(_cells(table, name, column, lang))
    yield ""


def _cells(table: type[Table], name: str, column: Column, lang: str) -> list[str]:
    kind, takes = describe(column, lang)
    yes = YES.get(lang)
    said = [takes]
    if column.asked_when:
        other, option = column.asked_when
        asked = table.columns[other]
        word = asked.options[option].get(lang) if isinstance(asked, schema.Choice) else option
        said.append(ONLY_IF.get(lang).format(column=asked.label.get(lang), option=word))
    said += [label.get(lang) for label in (column.hint, column.note) if label]
    said += [LEFT_OUT.get(lang)] if column.deprecated else []
    other_language = column.zh if lang.startswith("en") else column.en
    return [
        column.label.get(lang), other_language, f"`{name}`", kind.get(lang), yes if column.required else "",
        column.owner.value.get(lang), column.level.value.get(lang), yes if column.shown_to_partner else "",
        "; ".join(text for text in said if text) if lang.startswith("en") else "；".join(text for text in said if text),
    ]  # fmt: skip


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def main() -> None:
    """Write the dictionary of the checkout in which this module stands, or to the path that is given."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "data-dictionary.md"
    target.write_text(data_dictionary("zh-CN"), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    main()
