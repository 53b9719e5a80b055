"""Owns what words and number formats say about money: unit, currency and tax; and reading an amount from one cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from workbook.adopting.old_file import Broken, OldValue
from workbook.evaluation.exact import half_up

CURRENCIES = {
    "人民币": "CNY", "rmb": "CNY", "cny": "CNY", "元": "CNY", "圆": "CNY", "元人民币": "CNY", "人民币元": "CNY", "美元": "USD", "美金": "USD", "usd": "USD",
    "us$": "USD", "$": "USD", "欧元": "EUR", "eur": "EUR", "€": "EUR", "港元": "HKD", "港币": "HKD", "hkd": "HKD", "hk$": "HKD", "日元": "JPY",
    "日圆": "JPY", "jpy": "JPY", "英镑": "GBP", "gbp": "GBP", "£": "GBP", "新加坡元": "SGD", "新元": "SGD", "sgd": "SGD", "韩元": "KRW", "krw": "KRW",
    "澳元": "AUD", "aud": "AUD", "加元": "CAD", "cad": "CAD", "瑞士法郎": "CHF", "chf": "CHF", "新台币": "TWD", "台币": "TWD", "twd": "TWD", "卢布": "RUB", "rub": "RUB",
}  # fmt: skip
TIMES = {
    "十": 10,
    "百": 100,
    "千": 1_000,
    "万": 10_000,
    "十万": 100_000,
    "百万": 1_000_000,
    "千万": 10_000_000,
    "亿": 100_000_000,
}
_NAMES = "|".join(re.escape(word) for word in sorted(CURRENCIES, key=len, reverse=True) if word not in ("$", "€", "£"))
_TIMES = "|".join(sorted(TIMES, key=len, reverse=True))
MONEY = rf"(?:(?:{_NAMES})?(?:{_TIMES})(?:{_NAMES})|(?:{_NAMES})?(?:百万|千万|万|亿)|(?:{_NAMES}){{1,2}})"
_MONEY = re.compile(rf"(?P<first>{_NAMES})?(?P<times>{_TIMES})?(?P<last>{_NAMES}|)")
_END = r"(?:(?![\u4e00-\u9fff\w])|(?=币种|货币|编制|填报|制表|日期|会计|共|第|20\d\d))"
_UNIT = re.compile(
    rf"(?<!编制)(?<!计量)(?<!填报)(?<!主管)(?<!建设)单位(?:均)?(?:为|是)?[:]?({MONEY}){_END}|以({MONEY})为单位|({MONEY})为单位"
)
_BRACKETS = re.compile(rf"[(\[【]({MONEY})[)\]】]")
_CURRENCY = re.compile(rf"(?:币种|货币|币别)(?:为|是)?[:]?({_NAMES}){_END}")
_BASE_WORDS = ("元", "圆", "镑", "法郎", "美金", "港币", "台币", "卢布")
CENT = Decimal("0.01")
LARGEST = Decimal(10) ** 13  # from here on a cell does not keep the cents


@dataclass(frozen=True)
class Stated:
    """What words state: yuan (or the currency's own base) in one unit, currency. `sure` is false for a bare `USD`."""

    unit: int | None = None
    currency: str | None = None
    sure: bool = True


@dataclass(frozen=True)
class Amount:
    """A number as a cell writes it, before its unit; `mark` is ¥ where the cell shows it."""

    value: Decimal
    unit: int | None = None
    currency: str | None = None
    yen_or_yuan: bool = False


class NoAmount(Exception):
    """A cell that is no amount; the sentence is the reason."""


def squeeze(text: str) -> str:
    """Text without widths, case and blanks, for comparing."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


@lru_cache(maxsize=4096)
def money_word(text: str) -> Stated | None:
    """What `万元`, `人民币千元`, `万美元` or `USD` states, None for other words."""
    word = squeeze(text).removeprefix("单位").lstrip(":").removesuffix("整")
    found = _MONEY.fullmatch(word) if word and re.fullmatch(MONEY, word) else None
    if found is None:
        return None
    names = [name for name in (found["first"], found["last"]) if name]
    # 元 alone is whatever currency the sheet is in.
    codes = [CURRENCIES[name] for name in names if name not in ("元", "圆")]
    base = found["times"] is not None or any(name.endswith(_BASE_WORDS) for name in names)
    return Stated(TIMES.get(found["times"] or "", 1), codes[0] if codes else None, base)


def stated_in(texts: Iterable[str]) -> list[Stated]:
    """Every statement about the unit of money in free texts: `单位：万元`, `（千元）`, a cell that is only `万元`."""
    found: list[Stated] = []
    for text in texts:
        plain = squeeze(text)
        words = [next(filter(None, match)) for match in _UNIT.findall(plain)] or _BRACKETS.findall(plain)
        for word in words or [plain]:
            if stated := money_word(word):
                said_unit = bool(words) and "单位" in plain
                found.append(Stated(stated.unit, stated.currency, stated.sure or said_unit))
        found += [Stated(None, CURRENCIES[word]) for word in _CURRENCY.findall(plain)]
    return found


def currency_of(text: str) -> str | None:
    """The code of a currency's name or sign; None for other words."""
    word = squeeze(text)
    word = re.sub(r"[(].*[)]", "", word) or word
    return CURRENCIES.get(word) or ("CNY" if word in ("¥", "cnh") else None)


def tax_in(texts: Iterable[str]) -> str | None:
    """`included` or `excluded` if the texts state one of them only, else None."""
    found: set[str] = set()
    for text in texts:
        plain = re.sub(r"是否含税|含税情况|含税/不含税|含税与否", "", squeeze(text))
        if re.search(r"不含税|未税|除税|未含税|excl(?:uding|\.)?(?:vat|tax)", plain):
            found.add("excluded")
        if re.search(r"(?<!不)(?<!未)含税|价税合计|incl(?:uding|\.)?(?:vat|tax)", plain):
            found.add("included")
    return found.pop() if len(found) == 1 else None


# --- one cell --------------------------------------------------------------------------------------------------------

_NONE = re.compile(r"[-−–—―_－~/\\*·.]+|无|没有|空|不适用|n/?a|nil|none|null")
_PLAIN = re.compile(r"-?[0-9]{1,13}(?:\.[0-9]{1,10})?")
_DIGITS = r"(?:[0-9]{1,3}(?:[, '][0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+"
_SIGNS = r"cny|rmb|人民币|usd|us\$|hk\$|[¥$€£]|eur|hkd|jpy|gbp"
_AMOUNT = re.compile(
    rf"(?P<s1>[-−–▲△+]|负)? ?(?P<m1>{_SIGNS})? ?(?P<s2>[-−–▲△+])? ?(?P<number>{_DIGITS}) ?(?P<unit>(?:{MONEY})?整?) ?(?P<s3>[-−–])?"
)
_WRAPPED = re.compile(rf"(?P<m0>{_SIGNS})? ?\((?P<inside>[^()]+)\) ?(?P<unit>(?:{MONEY})?)")


def read_amount(value: OldValue) -> Amount | None:
    """The amount that a cell shows, None for nothing (blank, `-`, `/`, `无`).

    Parentheses, a minus on either side and ▲ are negative; full-width digits and thousands separators are read.

    Raises:
        NoAmount: for anything else; with the reason.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, Broken):
        raise NoAmount(value.reason)
    if isinstance(value, bool | date):
        raise NoAmount("是日期或是非值")
    number = Decimal(repr(value))
    if not number.is_finite() or abs(number) >= 10**15:
        raise NoAmount("数太大，末尾几位已经丢失")
    return Amount(number)


def _from_text(text: str) -> Amount | None:
    if _PLAIN.fullmatch(text):
        return Amount(Decimal(text))
    word = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    if not word or _NONE.fullmatch(word.replace(" ", "")):
        return None
    wrapped = _WRAPPED.fullmatch(word)
    found = _AMOUNT.fullmatch(f"{wrapped['m0'] or ''}{wrapped['inside']}{wrapped['unit']}" if wrapped else word)
    if found is None:
        raise NoAmount(_why_not(word))
    signs = [sign for sign in (found["s1"], found["s2"], found["s3"]) if sign and sign != "+"]
    if len(signs) + bool(wrapped) > 1:
        raise NoAmount("写了两个负号")
    number = Decimal(re.sub("[, ']", "", found["number"]))
    stated = money_word(found["unit"]) if found["unit"] else None
    mark = found["m1"] or ""
    currency = CURRENCIES.get(mark) or (stated.currency if stated else None)
    value = -number if (signs or wrapped) and number else number
    return Amount(value, stated.unit if stated else None, currency, mark == "¥")


def _why_not(word: str) -> str:
    if re.fullmatch(r"-?[0-9.]+e[+-]?[0-9]+", word):
        return "写成了科学计数法，末尾几位可能已经丢失"
    if "%" in word:
        return "是百分比"
    if re.fullmatch(r"-?[0-9][0-9,. ']*", word):
        return "千位分隔符的位置不对，不能确定是多少"
    return "不是数字"


def to_cents(amount: Decimal) -> tuple[Decimal, bool]:
    """An amount to the cent, half up, and whether it was finer than that by more than a float's own noise.

    Raises:
        NoAmount: too large to keep its cents.
    """
    if abs(amount) >= LARGEST:
        raise NoAmount("超过 10 万亿，存不下到分的金额")
    if amount == (kept := amount.quantize(CENT)):
        return (kept if kept else abs(kept)), False
    rounded = half_up(amount, 2)
    return rounded, abs(rounded - amount) > max(abs(amount), Decimal(1)) * Decimal("1e-13")


# --- number formats --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FormatSays:
    """What a number format says: the shown number is the stored one ÷ `scale`, in `unit` of `currency` if it says so."""

    scale: int = 1
    unit: int | None = None
    currency: str | None = None
    percent: bool = False


@lru_cache(maxsize=4096)
def read_format(code: str) -> FormatSays:
    """What a number format such as `#,##0.00"万元"` or `0!.0,"万"` says; only its first section counts."""
    first = re.split(r""";(?=(?:[^"]*"[^"]*")*[^"]*$)""", code)[0]
    currency = None
    for sign in re.findall(r"\[\$([^\]-]*)", first):
        currency = currency_of(sign)
    literals = "".join(a or b for a, b in re.findall(r'"([^"]*)"|\\(.)', first))
    bare = re.sub(r'\[[^\]]*\]|"[^"]*"|_.|\*.|\s', "", first)
    words = "".join(re.findall(r"[\u4e00-\u9fff]", bare.replace("\\", ""))) or literals.strip(" ()（）")
    stated = money_word(words) if words else None
    if stated is None and any(sign in literals + bare for sign in "$€£"):
        currency = currency or currency_of(next(sign for sign in "$€£" if sign in literals + bare))
    # A literal point cuts the last digits off: 0!.0, shows ten thousands.
    point = re.search(r'(?:!\.|\\\.|"\.")([0#?]+)', re.sub(r"\[[^\]]*\]", "", first))
    commas = re.search(r"[0#?](,+)(?![0#?,])", bare)
    scale = (10 ** len(point[1]) if point else 1) * 1000 ** (len(commas[1]) if commas else 0)
    unit = stated.unit if stated and stated.sure else None
    return FormatSays(scale, unit, (stated.currency if stated else None) or currency, "%" in bare)
