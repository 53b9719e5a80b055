"""Owns the vocabulary in which tables are declared: labels, levels, owners, column kinds, Table. Standard library only.

A kind owns meaning: `parse` (text as a person typed it → value), `check` (value → value or `Invalid`), `to_json` and
`from_json`. How a kind looks on a page or in a sheet belongs to that consumer, through `functools.singledispatch`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, ClassVar, NamedTuple

# Names that WTForms or Flask-WTF keep for themselves: a column of that name would be shadowed in silence.
RESERVED = frozenset(
    "data errors meta process validate populate_obj hidden_tag csrf_token is_submitted validate_on_submit "
    "form_errors lang send remove consent "  # the page's own controls
    "name label chapter empty columns sections level key submission asked shown".split()  # Table's own attributes
)
CELL_LIMIT = 32_767  # UTF-16 units in one cell
DIGITS_LIMIT = 15  # significant digits that a cell keeps


class Label(NamedTuple):
    """One thing's name in the two languages of the product."""

    zh: str
    en: str

    def get(self, lang: str) -> str:
        """The wording for a language tag such as `zh-CN` or `en`."""
        return self.en if lang.startswith("en") else self.zh


class Invalid(ValueError):
    """A value that a column refuses; `label` says how to mend it, in both languages."""

    def __init__(self, zh: str, en: str):
        self.label = Label(zh, en)
        super().__init__(zh)


class Level(Enum):
    """Who may see a value (S1, S42); ordered from open to closed."""

    PUBLIC = Label("公开", "Public")
    INTERNAL = Label("内部", "Internal")
    SENSITIVE = Label("敏感", "Sensitive")
    CONFIDENTIAL = Label("机密", "Confidential")


class Owner(Enum):
    """Who fills a column; nobody else ever changes it."""

    PARTNER = Label("伙伴", "Partner")
    STAFF = Label("员工", "Staff")
    COMPUTED = Label("系统", "Computed")


class Chapter(Enum):
    """The chapters of the policy as the workbook shows them."""

    OVERVIEW = Label("总览", "Overview")
    SETTINGS = Label("设置", "Settings")
    SOURCING = Label("甄选", "Sourcing")
    ONBOARDING = Label("引导", "Onboarding")
    RELATIONS = Label("协作", "Relations")
    PERFORMANCE = Label("绩效", "Performance")
    FINANCE = Label("财务", "Finance")
    RISK = Label("风险", "Risk")


PUBLIC, INTERNAL, SENSITIVE, CONFIDENTIAL = Level
PARTNER, STAFF, COMPUTED = Owner

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff\ufffd\ufffe\uffff]")


def clean_text(text: str) -> str:
    """Text as it will stand in a cell: ends trimmed, line breaks as \\n; refuses what no workbook can hold."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if bad := _NOT_STORABLE.search(text):
        at, code = bad.start() + 1, f"U+{ord(bad.group()):04X}"
        raise Invalid(
            f"第 {at} 个字是无法保存的字符（{code}），请删除它或重新输入",
            f"Character {at} cannot be stored ({code}); delete it or type it again",
        )
    return text


def compact(text: str) -> str:
    """A code as people paste it: full-width forms and blanks normalised away."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", clean_text(text)))


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: what it means, who fills it, who may see it. Subclasses are the closed set of kinds.

    `asked_when` names a Choice column of the same table and the option that makes this question apply.
    `note` is for staff (a header note); `hint` is for whoever fills the field in.
    """

    zh: str = field(kw_only=False)
    en: str = field(kw_only=False)
    required: bool = False
    owner: Owner = PARTNER
    level: Level = INTERNAL
    shown_to_partner: bool = False
    hint: Label | None = None
    note: Label | None = None
    asked_when: tuple[str, str] | None = None
    deprecated: bool = False
    name: str = field(default="", init=False)

    def __set_name__(self, owner: type, name: str) -> None:
        if self.name:
            raise TypeError(f"{name}: a column belongs to one table")
        if name in RESERVED or name.startswith("_"):
            raise TypeError(f"{owner.__name__}.{name}: this name is reserved; choose another")
        if set(self.zh + self.en) & set("#[]'@\n"):
            raise TypeError(f"{owner.__name__}.{name}: a header may not hold # [ ] ' @ or a line break")
        object.__setattr__(self, "name", name)

    @property
    def label(self) -> Label:
        """The header in both languages."""
        return Label(self.zh, self.en)

    def parse(self, text: str) -> Any:
        """The value that a person's text means, or None when it is blank; raises `Invalid`."""
        text = clean_text(text)
        return self.check(text) if text else None

    def check(self, value: Any) -> Any:
        """The value if the column takes it; raises `Invalid` with how to mend it."""
        return value

    def to_json(self, value: Any) -> Any:
        """The value in JSON's own types."""
        return value

    def from_json(self, value: Any) -> Any:
        """Back from `to_json`."""
        return value


@dataclass(frozen=True, kw_only=True)
class Text(Column):
    """Words. `max_length` counts characters; `lines` allows several lines."""

    max_length: int = 200
    lines: bool = False

    def check(self, value: Any) -> Any:
        """Refuse text that is too long or breaks lines where one line is meant."""
        value = clean_text(str(value))
        over = len(value) - self.max_length
        if over > 0:
            raise Invalid(
                f"{self.zh}最多 {self.max_length} 字，超出 {over} 字，请缩短",
                f"{self.en}: at most {self.max_length} characters; shorten it by {over}",
            )
        if len(value.encode("utf-16-le", "surrogatepass")) // 2 > CELL_LIMIT:
            raise Invalid(f"{self.zh}超过一个单元格的容量，请缩短", f"{self.en} does not fit a cell; shorten it")
        if not self.lines and "\n" in value:
            raise Invalid(f"{self.zh}只能填一行，请去掉换行", f"{self.en} takes one line; remove the line breaks")
        return value


@dataclass(frozen=True, kw_only=True)
class Key(Column):
    """The short name of a row that people see and references hold: `C-0001`, or a word when there is no prefix."""

    prefix: str = ""
    owner: Owner = COMPUTED

    def number(self, text: object) -> int | None:
        """The running number within a key of this prefix, or None for anything else."""
        found = re.fullmatch(rf"{re.escape(self.prefix)}-(\d{{1,9}})", str(text or ""))
        return int(found[1]) if self.prefix and found else None

    def make(self, number: int) -> str:
        """The key of a running number (1 or more)."""
        return f"{self.prefix}-{number:04d}"


@dataclass(frozen=True, kw_only=True)
class Ref(Text):
    """The key of a row in another table, never its name or row number."""

    to: str = ""
    max_length: int = 40


@dataclass(frozen=True, kw_only=True)
class CreditCode(Column):
    """统一社会信用代码: 18 characters, the last one a check character (GB 32100-2015)."""

    ALPHABET: ClassVar[str] = "0123456789ABCDEFGHJKLMNPQRTUWXY"

    def parse(self, text: str) -> Any:
        """Full-width characters, blanks and lower case are what people paste; they mean the same code."""
        text = compact(text).upper()
        return self.check(text) if text else None

    def check(self, value: Any) -> Any:
        """Length, alphabet and check character; the sentence says which of them failed."""
        value = str(value)
        if len(value) != 18:
            raise Invalid(
                f"统一社会信用代码应为 18 位，现在是 {len(value)} 位，请对照营业执照",
                f"The unified social credit code has 18 characters, this has {len(value)}; compare it with the licence",
            )
        if wrong := [c for c in value if c not in self.ALPHABET]:
            raise Invalid(
                f"统一社会信用代码不含字符“{wrong[0]}”（没有字母 I、O、S、V、Z），请对照营业执照",
                f"The unified social credit code never holds “{wrong[0]}” (no I, O, S, V, Z); compare it with the licence",
            )
        total = sum(self.ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(value[:17]))
        if self.ALPHABET[-total % 31] != value[17]:
            raise Invalid(
                "统一社会信用代码末位校验不符，请对照营业执照检查第 18 位",
                "The last character does not match; compare character 18 with the licence",
            )
        return value


@dataclass(frozen=True, kw_only=True)
class Phone(Column):
    """A telephone number, kept as text; 11-digit mobiles, landlines with area code, or + and country code."""

    level: Level = SENSITIVE

    def parse(self, text: str) -> Any:
        """Blanks, hyphens, dots and brackets are punctuation."""
        text = re.sub(r"[-–—.()]", "", compact(text))
        return self.check(text) if text else None

    def check(self, value: Any) -> Any:
        """Shape only: whether it rings is not ours to know."""
        value = str(value)
        if not re.fullmatch(r"1[3-9]\d{9}|0\d{9,11}|400\d{7}|\+\d{7,15}", value):
            raise Invalid(
                "电话不对，请填 11 位手机号、带区号的座机，或以 + 开头的国际号码",
                "Give an 11-digit mobile, a landline with area code, or an international number that begins with +",
            )
        return value


@dataclass(frozen=True, kw_only=True)
class Email(Column):
    """A mail address."""

    level: Level = SENSITIVE

    def parse(self, text: str) -> Any:
        """Full-width forms mean their half-width selves."""
        text = compact(text)
        return self.check(text) if text else None

    def check(self, value: Any) -> Any:
        """One @, a dotted host, nothing that could break a header."""
        value = str(value)
        if len(value) > 254 or not re.fullmatch(
            r"[^@\s<>\"(),:;\\]{1,64}@[^@\s<>\"(),:;\\.]+(\.[^@\s<>\"(),:;\\.]+)+", value
        ):
            raise Invalid("邮箱地址不对，应形如 name@company.cn", "The address should look like name@company.cn")
        return value


@dataclass(frozen=True, kw_only=True)
class Number(Column):
    """A finite decimal number; `whole` for counts."""

    minimum: Decimal | int | None = None
    maximum: Decimal | int | None = None
    whole: bool = False

    def parse(self, text: str) -> Any:
        """Digits with optional thousands separators; full-width forms are normalised."""
        text = compact(text).replace(",", "")
        if not text:
            return None
        # Decimal would also take "NaN", "Infinity" and 1E5: none of them is what a person means by a number here.
        if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", text):
            raise Invalid(f"{self.zh}应为数字，例如 1234.5", f"{self.en} should be a number such as 1234.5")
        try:
            return self.check(Decimal(text))
        except InvalidOperation:
            raise Invalid(f"{self.zh}的位数太多", f"{self.en} has too many digits") from None

    def check(self, value: Any) -> Any:
        """Finite, within the limits, and no longer than a cell keeps."""
        value = Decimal(value)
        if not value.is_finite():
            raise Invalid(f"{self.zh}应为数字", f"{self.en} should be a number")
        if self.whole and value != value.to_integral_value():
            raise Invalid(f"{self.zh}应为整数", f"{self.en} should be a whole number")
        if self.minimum is not None and value < self.minimum:
            raise Invalid(f"{self.zh}不能小于 {self.minimum}", f"{self.en} cannot be below {self.minimum}")
        if self.maximum is not None and value > self.maximum:
            raise Invalid(f"{self.zh}不能大于 {self.maximum}", f"{self.en} cannot be above {self.maximum}")
        if len(value.normalize().as_tuple().digits) > DIGITS_LIMIT:
            raise Invalid(f"{self.zh}最多 {DIGITS_LIMIT} 位有效数字", f"{self.en} keeps {DIGITS_LIMIT} digits at most")
        return value

    def to_json(self, value: Any) -> Any:
        """Text, so that no reader turns it into a binary float."""
        return None if value is None else format(value, "f")

    def from_json(self, value: Any) -> Any:
        """Back to Decimal."""
        return None if value is None else Decimal(value)


@dataclass(frozen=True, kw_only=True)
class Money(Number):
    """An amount in whole units of `currency`, to the cent. `entered_in` is the unit people type (1 or 10,000)."""

    currency: str = "CNY"
    entered_in: int = 1
    level: Level = SENSITIVE

    def parse(self, text: str) -> Any:
        """What is typed in 万元 becomes yuan here and nowhere else."""
        text = compact(text).replace(",", "")
        if not text:
            return None
        typed = Number("", "").parse(text)
        return self.check(typed * self.entered_in)

    def check(self, value: Any) -> Any:
        """As a number, and no finer than a cent."""
        value = super().check(value)
        if value != value.quantize(Decimal("0.01")):
            raise Invalid(f"{self.zh}最多精确到分", f"{self.en} goes to the cent at most")
        return value.quantize(Decimal("0.01"))


@dataclass(frozen=True, kw_only=True)
class Date(Column):
    """A calendar day."""

    minimum: date | None = None

    def parse(self, text: str) -> Any:
        """2026-12-31, 2026/12/31, 20261231 and 2026年12月31日 are the same day."""
        text = compact(text)
        if not text:
            return None
        found = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text) or re.fullmatch(
            r"(\d{4})(\d{2})(\d{2})", text
        )
        try:
            if not found:
                raise ValueError
            return self.check(date(*(int(part) for part in found.groups())))
        except Invalid:
            raise
        except ValueError:
            raise Invalid(
                f"{self.zh}不是有效日期，请写成 2026-12-31", f"{self.en} is no date; write it as 2026-12-31"
            ) from None

    def check(self, value: Any) -> Any:
        """Excel knows no day before 1900-03-01 without a doubt."""
        floor = self.minimum or date(1900, 3, 1)
        if value < floor:
            raise Invalid(f"{self.zh}不能早于 {floor}", f"{self.en} cannot be before {floor}")
        return value

    def to_json(self, value: Any) -> Any:
        """ISO text."""
        return None if value is None else value.isoformat()

    def from_json(self, value: Any) -> Any:
        """Back to a date."""
        return None if value is None else date.fromisoformat(value)


@dataclass(frozen=True, kw_only=True)
class Moment(Column):
    """A point of time on the wall clock of the book's zone (设置.时区), to the second, without a zone of its own."""

    def parse(self, text: str) -> Any:
        """As `datetime-local` sends it, or with a blank between day and time."""
        text = unicodedata.normalize("NFKC", clean_text(text)).replace("/", "-").replace("T", " ")
        if not text:
            return None
        try:
            return self.check(datetime.fromisoformat(text))
        except Invalid:
            raise
        except ValueError:
            raise Invalid(
                f"{self.zh}不是有效时间，请写成 2026-12-31 18:00",
                f"{self.en} is no time; write it as 2026-12-31 18:00",
            ) from None

    def check(self, value: Any) -> Any:
        """Local time only, whole seconds."""
        if value.tzinfo is not None or value.year < 1901:
            raise Invalid(
                f"{self.zh}请填当地时间，如 2026-12-31 18:00",
                f"{self.en}: give local time such as 2026-12-31 18:00",
            )
        return value.replace(microsecond=0)

    def to_json(self, value: Any) -> Any:
        """ISO text without a zone."""
        return None if value is None else value.isoformat(sep=" ", timespec="seconds")

    def from_json(self, value: Any) -> Any:
        """Back to a naive datetime."""
        return None if value is None else datetime.fromisoformat(value)


@dataclass(frozen=True, kw_only=True)
class Choice(Column):
    """One of a few words. JSON and web hold the stable code, cells hold the word; `default` is a code."""

    options: Mapping[str, Label] = field(default_factory=dict)
    default: str | None = None

    def check(self, value: Any) -> Any:
        """Only a declared code."""
        if value not in self.options:
            raise Invalid(f"请选择{self.zh}", f"Choose: {self.en}")
        return value

    def code(self, word: object) -> str | None:
        """The code that a word in a cell stands for, in either language; None for any other word."""
        text = str(word or "").strip()
        return next((code for code, label in self.options.items() if text in (*label, code)), None)


@dataclass(frozen=True, kw_only=True)
class Scale(Column):
    """A mark from 1 to 5 with a word for each; `unknown` lets people say that they cannot judge (no score)."""

    words: tuple[Label, ...] = ()
    unknown: Label | None = None

    def parse(self, text: str) -> Any:
        """`na` is the answer "cannot say": it is stored as 0 and never enters a score."""
        text = compact(text)
        if not text:
            return None
        if text == "na" and self.unknown:
            return 0
        return self.check(int(text)) if re.fullmatch("[1-5]", text) else self.check(text)

    def check(self, value: Any) -> Any:
        """1 to 5, or 0 where not knowing is an answer."""
        if value not in (1, 2, 3, 4, 5) and not (value == 0 and self.unknown):
            raise Invalid(f"请给{self.zh}打分", f"Give a mark: {self.en}")
        return value


class FileRef(NamedTuple):
    """A file that came with a submission: its random id, the sender's name for it, bytes, SHA-256 and type."""

    id: str
    name: str
    size: int
    sha256: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Files(Column):
    """Files sent along. A cell holds their names; a wanted file that is missing reads 待补 (S13)."""

    count: int = 5
    megabytes: int = 20
    wanted: bool = False
    level: Level = SENSITIVE

    def parse(self, text: str) -> Any:
        """Files never come as text."""
        raise Invalid(f"请上传{self.zh}", f"Upload: {self.en}")

    def check(self, value: Any) -> Any:
        """At most `count` files."""
        if value and len(value) > self.count:
            raise Invalid(
                f"{self.zh}最多 {self.count} 份，请移除多余的",
                f"{self.en}: {self.count} files at most; remove some",
            )
        return tuple(value) if value else None

    def to_json(self, value: Any) -> Any:
        """A list of objects."""
        return [ref._asdict() for ref in value] if value else None

    def from_json(self, value: Any) -> Any:
        """Back to a tuple of `FileRef`."""
        return tuple(FileRef(**ref) for ref in value) if value else None


@dataclass(frozen=True, kw_only=True)
class Formula(Column):
    """A native formula of the row; `excel` uses `[@[列]]` with zh headers of the same table, without a leading =.

    `gives` says what comes out: `days`, `text`, `number`, `link`, `share` (of the first column read, the second), `difference`
    (first less second), `balance` (that less a third, which may be blank), `surplus` (the same, never below 0), `product`, `minutes` (from the first moment to the second), or `validity` (what a last day means today; the formula
    reads why it is over, the last day and the term, in this order).
    """

    excel: str = ""
    gives: str = "number"
    owner: Owner = COMPUTED


@dataclass(frozen=True, kw_only=True)
class Submission(Column):
    """The identity of the submission that a row came from: a UUID as text, always the last column."""

    zh: str = field(default="提交标识", kw_only=False)
    en: str = field(default="Submission id", kw_only=False)
    owner: Owner = COMPUTED


KINDS: tuple[type[Column], ...] = (
    Text, Key, Ref, CreditCode, Phone, Email, Number, Money, Date, Moment, Choice, Scale, Files, Formula, Submission,
)  # fmt: skip


class Section(NamedTuple):
    """One topic of the questions that a table asks, and its columns in the order in which they are asked."""

    label: Label
    columns: tuple[str, ...]


class Table:
    """Base of every declaration. A subclass is the table; its rows are plain mappings of column names to values.

    `name` is the stable table name in the workbook, `page` a short sentence for the empty state, `sections` the
    questions for whoever sends a row from outside (empty when the table takes no submissions).
    """

    name: ClassVar[str]
    label: ClassVar[Label]
    chapter: ClassVar[Chapter]
    empty: ClassVar[Label]
    columns: ClassVar[dict[str, Column]]
    sections: ClassVar[tuple[Section, ...]] = ()
    level: ClassVar[Level] = INTERNAL

    def __init_subclass__(cls) -> None:
        cls.columns = {n: c for n, c in vars(cls).items() if isinstance(c, Column)}
        keys = [n for n, c in cls.columns.items() if isinstance(c, Key)]
        if len(keys) != 1:
            raise TypeError(f"{cls.__name__}: a table declares exactly one key, not {keys or 'none'}")
        for lang in Label._fields:
            heads = [getattr(c.label, lang).casefold() for c in cls.columns.values()]
            if twice := {h for h in heads if heads.count(h) > 1}:
                raise TypeError(f"{cls.__name__}: the header {sorted(twice)} is declared twice")
        cls._check_submission()
        asked = [n for s in cls.sections for n in s.columns]
        owned = [n for n, c in cls.columns.items() if c.owner is PARTNER]
        if sorted(asked) != sorted(owned):
            raise TypeError(f"{cls.__name__}: sections must ask each partner column once: {set(asked) ^ set(owned)}")

    def __new__(cls) -> Table:
        """A declaration is never instantiated."""
        raise TypeError("a Table is a declaration; its rows are plain mappings")

    @classmethod
    def _check_submission(cls) -> None:
        places = [i for i, c in enumerate(cls.columns.values()) if isinstance(c, Submission)]
        if places and places != [len(cls.columns) - 1]:
            raise TypeError(f"{cls.__name__}: the submission id is the last column")
        if bool(places) != bool(cls.sections):
            raise TypeError(f"{cls.__name__}: a table takes submissions if it has sections and a submission id")

    @classmethod
    def key(cls) -> Key:
        """The key column."""
        return next(c for c in cls.columns.values() if isinstance(c, Key))

    @classmethod
    def submission(cls) -> Submission | None:
        """The column of the submission id, or None for a table that takes none."""
        return next((c for c in cls.columns.values() if isinstance(c, Submission)), None)

    @classmethod
    def asked(cls) -> Iterator[Column]:
        """The columns that whoever sends a row is asked for, in order."""
        return (cls.columns[n] for s in cls.sections for n in s.columns)

    @classmethod
    def shown(cls) -> Iterator[Column]:
        """The columns that staff type and the sender may see on the status page."""
        return (c for c in cls.columns.values() if c.shown_to_partner)
