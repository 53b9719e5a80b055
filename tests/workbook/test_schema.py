"""What a declaration promises: kinds parse what people type, refuse with a sentence, and survive JSON."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import pytest
import stdnum.cn.uscc
from hypothesis import given
from hypothesis import strategies as st

from workbook import schema
from workbook.rows import to_cell
from workbook.schema import Invalid, Label
from workbook.tables import TABLES, Candidates, Incidents, Satisfaction


def column(kind: type[schema.Column], **more: object) -> schema.Column:
    made = kind("列", "Column", **more)
    made.__set_name__(object, "some_column")
    return made


@given(st.text(alphabet=schema.CreditCode.ALPHABET, min_size=18, max_size=18))
def test_credit_codes_agree_with_another_library(code: str) -> None:
    # python-stdnum also checks the administrative shape (digits in places 3 to 8), so agreement is one way there.
    try:
        column(schema.CreditCode).check(code)
        ours = True
    except Invalid:
        ours = False
    if stdnum.cn.uscc.is_valid(code):
        assert ours
    if ours and code[2:8].isdigit():
        assert stdnum.cn.uscc.calc_check_digit(code[:-1]) == code[-1]


def test_a_published_credit_code_passes_and_one_wrong_character_is_named() -> None:
    kind = column(schema.CreditCode)
    assert kind.parse(" ９１１１００００６０００３７３４１ｌ ") == "91110000600037341L"
    with pytest.raises(Invalid, match="末位校验不符，请对照营业执照检查第 18 位"):
        kind.parse("91110000600037341M")
    with pytest.raises(Invalid, match="现在是 17 位"):
        kind.parse("9111000060003734L")
    with pytest.raises(Invalid, match="不含字符“I”"):
        kind.parse("9111000060003734IL")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-inf", "1e5", "0x10", "一百", "1 2 3 x", "١٢٣x"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        column(schema.Number).parse(text)


def test_sixteen_digits_are_not_a_number_that_a_cell_can_keep() -> None:
    assert column(schema.Number).parse("123456789012345") == Decimal("123456789012345")
    with pytest.raises(Invalid, match="15"):
        column(schema.Number).parse("1234567890123456")


def test_money_typed_in_ten_thousands_is_kept_in_yuan_to_the_cent() -> None:
    kind = column(schema.Money, entered_in=10_000)
    assert kind.parse("12,345.6") == Decimal("123456000.00")
    assert kind.parse("０.０００００１") == Decimal("0.01")
    with pytest.raises(Invalid, match="精确到分"):
        kind.parse("0.0000001")


@pytest.mark.parametrize("text", ["2026-12-31", "2026/12/31", "20261231", "2026年12月31日", "２０２６-12-31"])
def test_the_same_day_is_understood_in_every_usual_spelling(text: str) -> None:
    assert column(schema.Date).parse(text) == date(2026, 12, 31)


@pytest.mark.parametrize("text", ["2026-02-30", "31.12.2026", "明天", "0001-01-01"])
def test_an_impossible_day_is_refused_with_the_spelling_that_works(text: str) -> None:
    with pytest.raises(Invalid):
        column(schema.Date).parse(text)


@pytest.mark.parametrize("text", ["a\ufffeb", "a\ud800b", "a\x00b", "a\uffffb", "a\ufffdb"])
def test_text_that_no_workbook_can_hold_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(Invalid, match="第 2 个字"):
        column(schema.Text).parse(text)


def test_text_is_counted_in_characters_and_says_how_much_is_too_much() -> None:
    kind = column(schema.Text, max_length=5)
    assert kind.parse("😀😀😀😀😀") == "😀" * 5
    with pytest.raises(Invalid, match="超出 2 字"):
        kind.parse("一二三四五六七")


@pytest.mark.parametrize(("text", "ok"), [
    ("138 0013 8000", True), ("0571-00000000", True), ("+86 138-0013-8000", True), ("400-123-4567", True),
    ("12345", False), ("138001380001", False), ("=1+1", False),
])  # fmt: skip
def test_phones_are_taken_as_people_write_them(text: str, ok: bool) -> None:
    if ok:
        assert column(schema.Phone).parse(text)
    else:
        with pytest.raises(Invalid):
            column(schema.Phone).parse(text)


SAMPLES = {
    schema.Text: "=1+1", schema.Key: "C-0001", schema.Ref: "P-0001", schema.CreditCode: "91110000600037341L",
    schema.Phone: "13800138000", schema.Email: "a@example.com", schema.Number: Decimal("1.50"),
    schema.Money: Decimal("123456.70"), schema.Date: date(2026, 2, 28), schema.Moment: datetime(2026, 2, 28, 9, 30, 1),
    schema.Choice: "yes", schema.Scale: 4, schema.Formula: None, schema.Submission: "b6f0…",
    schema.Files: (schema.FileRef("id", "名.pdf", 1234567, "ab", "pdf"),),
}  # fmt: skip


@pytest.mark.parametrize("kind", schema.KINDS)
def test_every_kind_survives_json_and_has_a_cell(kind: type[schema.Column]) -> None:
    more = {"options": {"yes": Label("是", "Yes")}} if kind is schema.Choice else {}
    made, value = column(kind, **more), SAMPLES[kind]
    assert made.from_json(json.loads(json.dumps(made.to_json(value)))) == value
    to_cell(made, value)


def test_a_missing_wanted_file_reads_to_follow() -> None:
    assert to_cell(column(schema.Files, wanted=True), None) == "待补"
    assert to_cell(column(schema.Files), None) is None


def test_not_knowing_is_a_word_and_never_a_zero() -> None:
    assert to_cell(Satisfaction.columns["goals"], Satisfaction.columns["goals"].parse("na")) == "不了解"
    with pytest.raises(Invalid):
        Satisfaction.columns["goals"].parse("0")
    with pytest.raises(Invalid):
        Satisfaction.columns["goals"].parse("6")


def test_the_five_topics_and_the_four_steps_are_the_policys_own_words() -> None:
    topics = [c.zh for c in Satisfaction.columns.values() if isinstance(c, schema.Scale)]
    assert topics == ["合作目标达成度", "沟通效率", "问题解决速度", "交付质量", "互惠程度"]  # S26
    words = [label.zh for label in Incidents.columns["state"].options.values()]
    assert words[1:5] == ["初步评估", "责任界定", "措施实施", "修复验证"]  # S45
    files = [c.zh for c in Candidates.columns.values() if isinstance(c, schema.Files) and c.wanted]
    assert files == ["公司介绍", "案例研究", "资质证明", "初步合作方案"]  # S13


def test_every_column_has_an_owner_a_level_and_two_names() -> None:
    for table in TABLES:
        for col in table.columns.values():
            assert isinstance(col.owner, schema.Owner)
            assert isinstance(col.level, schema.Level)
            assert col.zh and col.en


def test_what_the_partner_sees_is_typed_by_staff_and_never_confidential() -> None:
    shown = [c for t in TABLES for c in t.shown()]
    assert shown
    for col in shown:
        assert col.owner is schema.STAFF
        assert col.level is not schema.CONFIDENTIAL


@pytest.mark.parametrize("name", ["data", "errors", "meta", "process", "validate", "label", "name"])
def test_names_that_wtforms_keeps_are_refused_at_import(name: str) -> None:
    with pytest.raises((TypeError, RuntimeError)):
        type("Bad", (), {name: schema.Text("一", "One")})


def test_a_table_without_a_key_or_with_a_question_left_out_is_refused() -> None:
    with pytest.raises(TypeError, match="exactly one key"):
        type("NoKey", (schema.Table,), {"name": "x", "one": schema.Text("一", "One", owner=schema.STAFF)})
    with pytest.raises(TypeError, match="each partner column once"):
        type("Unasked", (schema.Table,), {"name": "x", "id_": schema.Key("键", "Key"), "one": schema.Text("一", "One")})
    with pytest.raises(TypeError, match="declared twice"):
        type(
            "Twice",
            (schema.Table,),
            {"id_": schema.Key("键", "Key"), "one": schema.Text("键", "Other", owner=schema.STAFF)},
        )


def test_a_header_never_holds_what_a_structured_reference_cannot_name() -> None:
    with pytest.raises((TypeError, RuntimeError)):
        type("Bad", (), {"one": schema.Text("一#二", "One")})
