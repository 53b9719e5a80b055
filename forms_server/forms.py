"""Owns how declared columns become form fields, through `web_field`; the columns themselves judge what is typed.

A page is one `SubmissionForm`, made from a table. `control` names the macro that draws a field; nothing here is HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache, singledispatch
from typing import Any, ClassVar, NamedTuple

from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from wtforms import Field
from wtforms.validators import ValidationError

from forms_server.uploads import Uploads, display_name
from workbook import schema
from workbook.schema import Column, FileRef, Invalid, Label, Section, Table

RADIOS = 4  # a choice of more options than this is a list


class NotAsked(TypeError):
    """A kind that staff or the system fill in, so that no form ever asks for it."""

    def __init__(self, column: Column):
        super().__init__(f"{column.name}: a {type(column).__name__} is filled in by staff or computed, never asked")


class ColumnField(Field):
    """What is common to all: the text as typed is kept, the column parses it, the column's words are the error."""

    control: ClassVar[str] = "text"
    missing: ClassVar[Label] = Label("请填写{0}", "Fill in: {0}")
    column: Column

    def __init__(self, column: Column, lang: str = "zh-CN", **kwargs: Any):
        super().__init__(label=column.label.get(lang), **kwargs)  # type: ignore[no-untyped-call]
        self.column, self.lang, self.text = column, lang, ""
        self.data = None

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Keep what was typed; a file where text is meant counts as nothing."""
        self.text = next((v for v in valuelist if isinstance(v, str)), "")

    def process_data(self, value: Any) -> None:
        """Nothing is ever preselected."""
        self.data = None

    def fill(self, value: Any) -> None:
        """Show a stored JSON value again, as it would be typed."""
        self.text = "" if value is None else str(value)

    def pre_validate(self, form: Any) -> None:
        """Parse unless another answer makes the question moot."""
        self.data = None
        if not applies(form, self.column):
            return
        try:
            self.data = self.parsed()
        except Invalid as error:
            raise ValidationError(error.label.get(self.lang)) from None
        if self.data is None and self.column.required:
            raise ValidationError(self.missing.get(self.lang).format(self.label.text))

    def parsed(self) -> Any:
        """The value that the text means; raises `Invalid`, also where arithmetic gives up on what was typed."""
        try:
            return self.column.parse(self.text)
        except (ArithmeticError, OverflowError):
            raise Invalid(f"{self.column.zh}的位数太多", f"{self.column.en} has too many digits") from None

    @property
    def shown(self) -> str:
        """The text that goes back into the control."""
        return self.text

    @property
    def hint(self) -> str:
        """The column's hint in the page's language."""
        return self.column.hint.get(self.lang) if self.column.hint else ""

    @property
    def value(self) -> Any:
        """The value as JSON."""
        return self.column.to_json(self.data) if self.data is not None else None


class TextField(ColumnField):
    """One line, as wide as what belongs into it."""

    inputmode = autocomplete = kind = ""
    tidy = False

    @property
    def size(self) -> str:
        """The expected length: `s`, `m`, or full."""
        length = getattr(self.column, "max_length", 40)
        return "m" if length <= 60 else ""


class AreaField(ColumnField):
    """Several lines with a counter."""

    control = "area"

    @property
    def rows(self) -> int:
        """Height by the expected length."""
        return 3 if getattr(self.column, "max_length", 500) <= 300 else 4


class CodeField(TextField):
    """A code that people paste."""

    control = "text"
    tidy = True


class PhoneField(TextField):
    """A telephone number."""

    kind, inputmode, autocomplete = "tel", "tel", "tel"


class EmailField(TextField):
    """A mail address."""

    kind, inputmode, autocomplete = "email", "email", "email"

    @property
    def size(self) -> str:
        """Addresses are long."""
        return ""


class NumberField(TextField):
    """Digits."""

    column: schema.Number

    @property
    def inputmode(self) -> str:  # type: ignore[override]
        """The keyboard; one without a minus sign only where no negative number is meant."""
        if self.column.minimum is None or self.column.minimum < 0:
            return ""
        return "numeric" if self.column.whole else "decimal"

    @property
    def size(self) -> str:
        """Numbers are short."""
        return "s"


class MoneyField(NumberField):
    """An amount in the unit that people type, with its meaning in whole units below."""

    control = "money"
    column: schema.Money

    def fill(self, value: Any) -> None:
        """In the unit that people type."""
        self.text = "" if value is None else f"{(Decimal(value) / self.column.entered_in).normalize():f}"

    @property
    def unit(self) -> str:
        """The unit that people type."""
        if self.column.entered_in == 1:
            return self.whole_unit
        many = {10_000: "万"}.get(self.column.entered_in, f"{self.column.entered_in:,} ")
        return Label(many + self.whole_unit, f"{self.whole_unit} {self.column.entered_in:,}").get(self.lang)

    @property
    def whole_unit(self) -> str:
        """The unit that is stored."""
        return Label({"CNY": "元"}.get(self.column.currency, self.column.currency), self.column.currency).get(self.lang)

    @property
    def echo(self) -> str:
        """What the typed amount means in whole units, or nothing while it means nothing."""
        try:
            amount = self.parsed()
        except Invalid:
            return ""
        return f"{amount:,.2f}" if isinstance(amount, Decimal) else ""


class NativeField(TextField):
    """A control of the browser's own; text that it could not show is given back in a plain one, so it is not lost."""

    control = "native"
    native: ClassVar[str] = "date"

    @property
    def size(self) -> str:
        """Wide enough for the browser's own icon."""
        return "s" if self.native == "date" else "m"

    @property
    def shown(self) -> str:
        """ISO text where it parses."""
        try:
            value = self.parsed()
        except Invalid:
            return self.text
        return self.iso(value) if value is not None else ""

    @property
    def kind(self) -> str:  # type: ignore[override]
        """The input type that can show the text."""
        try:
            self.parsed()
        except Invalid:
            return "text"
        return self.native

    def iso(self, value: Any) -> str:
        """The value as the native control wants it."""
        return str(value.isoformat())


class DateField(NativeField):
    """A day."""


class MomentField(NativeField):
    """A point of time, to the minute."""

    native = "datetime-local"

    def iso(self, value: Any) -> str:
        """Without seconds unless somebody gave them."""
        return str(value.isoformat(timespec="seconds" if value.second else "minutes"))


class ChoiceField(ColumnField):
    """A few words to choose from; never preselected."""

    missing = Label("请选择{0}", "Choose: {0}")
    column: schema.Choice

    @property
    def control(self) -> str:  # type: ignore[override]
        """Radios for a few options, a list for more."""
        return "choices" if len(self.column.options) <= RADIOS else "select"

    @property
    def size(self) -> str:
        """Words are short."""
        return "m"

    @property
    def options(self) -> list[tuple[str, str]]:
        """Codes and words."""
        return [(code, label.get(self.lang)) for code, label in self.column.options.items()]


class ScaleField(ColumnField):
    """1 to 5 with words, and perhaps a way to say that one cannot judge."""

    control = "scale"
    missing = Label("请给{0}打分", "Give a mark: {0}")
    column: schema.Scale

    def fill(self, value: Any) -> None:
        """Not knowing is stored as 0."""
        super().fill("na" if value == 0 else value)

    @property
    def marks(self) -> list[tuple[str, str]]:
        """Each mark with its word."""
        return [(str(i), label.get(self.lang)) for i, label in enumerate(self.column.words, 1)]

    @property
    def unknown(self) -> str:
        """The words for not being able to say, or nothing."""
        return self.column.unknown.get(self.lang) if self.column.unknown else ""


class Refused(NamedTuple):
    """A file that was not accepted, and why."""

    name: str
    label: Label


class FilesField(ColumnField):
    """Files: newly sent ones and signed ones from an earlier try come under the same name."""

    control = "files"
    missing = Label("请上传{0}", "Upload: {0}")
    column: schema.Files

    def __init__(self, column: Column, lang: str = "zh-CN", **kwargs: Any):
        super().__init__(column, lang, **kwargs)
        self.sent: list[FileStorage] = []
        self.carried: list[str] = []
        self.accepted: list[FileRef] = []
        self.refused: list[Refused] = []
        self.signed: dict[str, str] = {}

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Tell new files from carried ones."""
        self.sent = [v for v in valuelist if isinstance(v, FileStorage) and v.filename]
        self.carried = [v for v in valuelist if isinstance(v, str) and v]

    def fill(self, value: Any) -> None:
        """The files that came along; they have to be signed before they are shown."""
        self.accepted = list(self.column.from_json(value) or ())

    def take(self, uploads: Uploads, before: str, submission: str, removed: str) -> None:
        """Judge what came; `before` is the id that carried files were signed for, `submission` the one from now on.

        Raises:
            OSError: the disk refused.
        """
        for token in dict.fromkeys(self.carried):
            ref = uploads.read(token, before, self.column.name)
            if ref is None:
                self.refused.append(Refused("", Label("有一份文件已过期或不属于这份表单，请重新上传", "A file has expired or belongs to another form; add it again")))  # fmt: skip
            elif ref.id == removed:
                uploads.drop(ref)
            elif len(self.accepted) < self.column.count and ref not in self.accepted:
                self.accepted.append(ref)
        for storage in self.sent:
            self._take_one(uploads, storage)
        self.sign(uploads, submission)

    def sign(self, uploads: Uploads, submission: str) -> None:
        """Bind the accepted files to a submission."""
        self.signed = {ref.id: uploads.sign(ref, submission, self.column.name) for ref in self.accepted}

    def _take_one(self, uploads: Uploads, storage: FileStorage) -> None:
        name = display_name(storage.filename or "")
        if len(self.accepted) >= self.column.count:
            label = Label(
                f"{self.column.zh}最多 {self.column.count} 份，“{name}”没有收下",
                f"{self.column.en}: {self.column.count} files at most; “{name}” was not taken",
            )
            self.refused.append(Refused(name, label))
            return
        try:
            ref = uploads.receive(storage.stream, storage.filename or "", self.column.megabytes)
        except Invalid as error:
            self.refused.append(Refused(name, error.label))
            return
        self.accepted.append(ref)

    def parsed(self) -> Any:
        """The accepted files; a refused one is an error until the page is sent without it."""
        if self.refused:
            raise Invalid(*self.refused[0].label)
        return self.column.check(tuple(self.accepted))


@singledispatch
def web_field(column: Column) -> type[ColumnField]:
    """The field class for a column."""
    raise TypeError(f"no form field for {type(column).__name__}")


@web_field.register
def _text(column: schema.Text) -> type[ColumnField]:
    return AreaField if column.lines else TextField


_FIELDS: dict[type[Column], type[ColumnField]] = {
    schema.CreditCode: CodeField, schema.Phone: PhoneField, schema.Email: EmailField, schema.Number: NumberField,
    schema.Money: MoneyField, schema.Date: DateField, schema.Moment: MomentField, schema.Choice: ChoiceField,
    schema.Scale: ScaleField, schema.Files: FilesField,
}  # fmt: skip
for _kind, _field in _FIELDS.items():
    web_field.register(_kind, lambda column, field=_field: field)


@web_field.register(schema.Key)
@web_field.register(schema.Ref)
@web_field.register(schema.Formula)
@web_field.register(schema.Submission)
def _never_asked(column: Column) -> type[ColumnField]:
    raise NotAsked(column)


class ConsentField(Field):
    """The declaration above the button; it has to be ticked and is no part of the row."""

    def __init__(self, lang: str = "zh-CN", **kwargs: Any):
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self.lang, self.data = lang, False

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Ticked or not."""
        self.data = "yes" in valuelist

    def process_data(self, value: Any) -> None:
        """Never ticked beforehand."""
        self.data = False

    def pre_validate(self, form: Any) -> None:
        """It has to be ticked."""
        if not self.data:
            raise ValidationError(Label("请勾选声明", "Tick the declaration").get(self.lang))


class SubmissionForm(FlaskForm):
    """The questions of one table. Its attributes are the columns' own names, so it has no public ones besides."""

    _table: ClassVar[type[Table]]


def applies(form: SubmissionForm, column: Column) -> bool:
    """Whether the answers given so far make this question apply."""
    if column.asked_when is None:
        return True
    name, code = column.asked_when
    return bool(form[name].text == code) and applies(form, form._table.columns[name])


class Sheet:
    """A form with what a page needs to know about it."""

    def __init__(self, form: SubmissionForm):
        self.form, self.table = form, form._table

    @property
    def questions(self) -> list[ColumnField]:
        """The fields of the columns, in the order in which they are asked."""
        return [self.form[column.name] for column in self.table.asked()]

    @property
    def file_questions(self) -> list[FilesField]:
        """The questions that ask for files."""
        return [question for question in self.questions if isinstance(question, FilesField)]

    @property
    def files(self) -> list[FileRef]:
        """The accepted files of the questions that apply: what an answer makes moot is not kept."""
        asked = (question for question in self.file_questions if applies(self.form, question.column))
        return [ref for question in asked for ref in question.accepted]

    def take_files(self, uploads: Uploads, before: str, submission: str, removed: str = "") -> None:
        """Store and judge the files that came, before anything else is looked at."""
        for question in self.file_questions:
            question.take(uploads, before, submission, removed)

    def sign_files(self, uploads: Uploads, submission: str) -> None:
        """Bind all accepted files to another submission."""
        for question in self.file_questions:
            question.sign(uploads, submission)

    def fill(self, values: Mapping[str, Any]) -> None:
        """Show what was sent before."""
        for question in self.questions:
            question.fill(values.get(question.column.name))

    def values(self) -> dict[str, Any]:
        """JSON values by column name, blanks left out; after `validate`."""
        return {q.column.name: q.value for q in self.questions if q.value is not None}

    def leading(self, section: Section) -> list[ColumnField]:
        """The questions of a section that do not hang below an option of another."""
        return [self.form[name] for name in section.columns if self.table.columns[name].asked_when is None]

    def below(self, column: Column, code: str) -> list[ColumnField]:
        """The questions that an option of a column brings up."""
        return [q for q in self.questions if q.column.asked_when == (column.name, code)]

    def complaints(self) -> dict[str, str]:
        """Field name → sentence, in the order of the page."""
        ordered = [q for s in self.table.sections for lead in self.leading(s) for q in self._with_below(lead)]
        return {field.name: field.errors[0] for field in [*ordered, self.form["consent"]] if field.errors}

    def _with_below(self, lead: ColumnField) -> list[ColumnField]:
        below = [q for q in self.questions if q.column.asked_when and q.column.asked_when[0] == lead.name]
        return [lead, *(deeper for q in below for deeper in self._with_below(q))]


def form_class(table: type[Table], lang: str) -> type[SubmissionForm]:
    """The form that asks the questions of a table in a language; made once."""
    made: type[SubmissionForm] = _form_class(table, lang)  # type: ignore[arg-type]
    return made


@cache
def _form_class(table: type[Table], lang: str) -> type[SubmissionForm]:
    fields: dict[str, Any] = {c.name: web_field(c)(column=c, lang=lang) for c in table.asked()}
    return type(f"{table.__name__}Form", (SubmissionForm,), {"_table": table, **fields, "consent": ConsentField(lang)})
