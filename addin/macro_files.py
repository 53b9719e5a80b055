"""Owns the files with macros for desktop Excel: a workbook as `.xlsm`, and a ribbon add-in `.xlam`.

The VBA is xlwings' own, taken as it is from the files inside the installed package (BSD licence); none is written here.
What that VBA offers decides what these files can do: a workbook's macro `SampleCall` and the ribbon's button both
import the Python module that is named like the file and call its `main()`. They cannot tell which of several buttons
was pressed, so the ribbon has one, and the command is chosen on the sheet 操作.
"""

from __future__ import annotations

import io
import keyword
import posixpath
import re
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import xlwings as xw

from workbook import store
from workbook.errors import AppendRefused, PartnerBookError, ValueRefused
from workbook.identity import must_be_ours
from workbook.ooxml import Book
from workbook.ooxml.package import Package
from workbook.ooxml.parts import CONTENT_TYPES, Parts
from workbook.ooxml.spans import Edit, Element, escape, insert_inside, set_attribute
from workbook.ooxml.workbook_part import WorkbookPart

FUNCTIONS = "addin.functions"  # what Import Functions reads; VBA keeps it as a text, so a dotted name is fine
RIBBON_FILE = "addin.desktop.xlam"  # its button calls main() of the module that the file is named after
SETTINGS, ADDIN_SETTINGS = (
    "xlwings.conf",
    "myaddin.conf",
)  # sheets that the VBA reads, without the _ that turns them off
RUNNER = '"""Lets Run main of xlwings find PartnerBook: this file is named like the workbook beside it."""\nfrom addin.desktop import main as main\n'

_PLAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_WITH_MACROS = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_WORKSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_VBA = "application/vnd.ms-office.vbaProject"
_TO_VBA = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
_TO_SHEET = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WHEN = (1980, 1, 1, 0, 0, 0)  # the same workbook gives the same bytes
# The VBA project has a module for the workbook and one for each of two sheets; they find theirs by these code names.
_BOOK_MODULE, _SHEET_MODULES = "ThisWorkbook", ("Sheet1", "Sheet2")
_UNWRITABLE = re.compile("[\x00-\x1f\x7f\ufffe\uffff\ud800-\udfff]")

RIBBON = """<customUI xmlns="http://schemas.microsoft.com/office/2006/01/customui">
  <ribbon>
    <tabs>
      <tab id="partnerBookTab" label="伙伴簿">
        <group id="partnerBookActions" label="操作">
          <button id="partnerBookRun" label="运行" size="large" imageMso="MacroPlay" onAction="RibbonMyAddin.RunMain"
            screentip="Run the command" supertip="运行工作表“操作”里写的命令：取回提交、评估、标出退补、冻结、报告、检查。 Runs the command on the sheet 操作."/>
        </group>
      </tab>
    </tabs>
  </ribbon>
</customUI>
"""


class MacrosAlready(PartnerBookError):
    """The workbook carries macros already, which must not be mixed with others."""

    def __init__(self, what: str):
        super().__init__(f"工作簿里已经有{what}，没有改动。要重新做，请从不带宏的 .xlsx 开始。")


class MacroSourceMissing(PartnerBookError):
    """The installed xlwings does not hold the file that the VBA is taken from."""

    def __init__(self, name: str):
        super().__init__(f"安装的 xlwings {xw.__version__} 里没有 {name}，不能取得宏。请安装 xlwings 0.37.8 再试。")


class NoModuleName(PartnerBookError):
    """The workbook's name cannot be the name of a Python module, so that Run main would find nothing."""

    def __init__(self, stem: str):
        super().__init__(
            f"工作簿的名字“{stem}”不能作 Python 模块名，Run main 会找不到它：只能用字母、汉字、数字和下划线，不以数字开头，"
            "没有空格、横线和点。请换一个名字，例如 PartnerBook.xlsm。"
        )


@dataclass(frozen=True)
class Interpreter:
    """Which Python runs, as the VBA asks for it; blank is what the person set in the xlwings tab, else `python`."""

    windows: str = ""
    mac: str = ""
    search_path: str = ""  # more folders for imports, ; between


def with_macros(data: bytes, interpreter: Interpreter | None = None, *, standalone: bool = False) -> bytes:
    """A workbook of ours with xlwings' VBA project and the settings sheet; every other member keeps its bytes.

    Changed are the content types, the workbook part with its relations, and the first sheet, which gets a code name.

    Args:
        data: a workbook without macros.
        interpreter: left out, each person's own setting counts.
        standalone: with the whole xlwings module inside, for computers without the xlwings add-in.

    Raises:
        NotAWorkbook: it is none, or not ours. MacrosAlready: it has macros or settings. AppendRefused: it is signed or
            a template.
    """
    must_be_ours(Book.read(data), "这个文件")
    parts = Parts(Package(data))
    workbook = WorkbookPart(parts)
    _refuse_unfit(parts, workbook)
    free = _name_modules(parts, workbook)
    sheet = _free_part(parts, posixpath.join(posixpath.dirname(workbook.part), "worksheets", "sheet"), ".xml")
    project = posixpath.join(posixpath.dirname(workbook.part), "vbaProject.bin")
    relation = _relate(parts, workbook.part, sheet, _TO_SHEET)
    _relate(parts, workbook.part, project, _TO_VBA)
    _declare(parts, workbook.part, {sheet: _WORKSHEET, project: _VBA})
    _add_hidden_sheet(parts, workbook, SETTINGS, relation)
    source = "quickstart_standalone.xlsm" if standalone else "quickstart.xlsm"
    new = {sheet: _settings_sheet(_settings(interpreter or Interpreter()), free), project: _vba_of(source)}
    return _with_members(parts.to_bytes(), new)


def ribbon_addin(interpreter: Interpreter | None = None) -> bytes:
    """xlwings' ribbon add-in with our tab and its settings turned on; the VBA project keeps its bytes.

    Its VBA reads settings only from its own sheet, not from the xlwings tab.

    Raises:
        MacroSourceMissing
    """
    parts = Parts(Package(_shipped("quickstart_addin_ribbon.xlam")))
    workbook = WorkbookPart(parts)
    holder = workbook.tree().child("sheets")
    (sheet,) = workbook.sheets()
    assert holder is not None
    renamed = set_attribute(parts.read(workbook.part), holder.children[0], "name", ADDIN_SETTINGS)
    parts.edit(workbook.part, [renamed])
    parts.write("customUI/customUI.xml", RIBBON.encode())
    settings = {
        "Interpreter_Win": "",
        "Interpreter_Mac": "",
        "PYTHONPATH": "",
        **_settings(interpreter or Interpreter()),
    }
    parts.write(sheet.part, _settings_sheet(settings, "Sheet2"))
    return parts.to_bytes()


def write_workbook(book: Path, interpreter: Interpreter | None = None, *, standalone: bool = False) -> str:
    """Makes the `.xlsm` beside a workbook, and the Python file that Run main looks for; returns the sentence.

    Raises:
        NoModuleName: before anything is written.
        PartnerBookError: as `with_macros`, `store.read` and `store.create` (a file of that name is there) raise.
    """
    stem = book.stem
    if not stem.isidentifier() or keyword.iskeyword(stem):
        raise NoModuleName(stem)
    made = store.create(
        book.with_suffix(".xlsm"), with_macros(store.read(book).data, interpreter, standalone=standalone)
    )
    return (
        f"已生成 {made.name}{_put_runner(made.with_suffix('.py'))}。以后请只用 {made.name}：原来的 {book.name} 没有改动，"
        "两份不会互相更新，表单服务器也要换成新文件。"
    )


def _put_runner(path: Path) -> str:
    """Writes the Python file that Run main looks for; what the sentence says of it."""
    try:
        if not path.exists():
            path.write_text(RUNNER, encoding="utf-8", newline="\n")
            return f" 和 {path.name}"
        if path.read_text(encoding="utf-8", errors="replace") != RUNNER:
            return f"；旁边已有另一个 {path.name}，没有改它，Run main 会运行它"
    except OSError as error:
        return f"；{path.name} 写不了（{error.strerror}），请自己放一个，内容是 from addin.desktop import main"
    return ""


def write_ribbon_addin(folder: Path, interpreter: Interpreter | None = None) -> Path:
    """Writes the ribbon add-in into a folder, set to the Python that runs now unless told otherwise; returns its path.

    The file keeps its name: its button calls the module that it is named after.

    Raises:
        PartnerBookError: as `store.create` raises.
    """
    if interpreter is None:
        windows, mac = (sys.executable if sys.platform == name else "" for name in ("win32", "darwin"))
        interpreter = Interpreter(windows, mac)
    return store.create(folder / RIBBON_FILE, ribbon_addin(interpreter))


# ---- what is taken from xlwings


def _shipped(name: str) -> bytes:
    path = Path(xw.__file__).parent / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise MacroSourceMissing(name) from error


def _vba_of(name: str) -> bytes:
    return Package(_shipped(name)).read("xl/vbaProject.bin")


# ---- what changes in the workbook


def _refuse_unfit(parts: Parts, workbook: WorkbookPart) -> None:
    if parts.related("", "origin"):
        raise AppendRefused("工作簿带有数字签名，改动会使签名失效。请先在 Excel 里去掉签名。")
    if parts.related(workbook.part, "vbaProject") or parts.find("xl/vbaProject.bin"):
        raise MacrosAlready("宏（VBA 项目）")
    holder = workbook.tree().child("sheets")
    if any(s.attributes.get("name", "").casefold() == SETTINGS for s in (holder.children if holder else [])):
        raise MacrosAlready(f"工作表 {SETTINGS}")
    if _declared(parts, workbook.part) is None:
        raise AppendRefused("这个文件不是普通的 .xlsx 工作簿（例如是模板），不能加宏。请在 Excel 里另存为 .xlsx。")


def _declared(parts: Parts, part: str) -> Element | None:
    """The content type of a part, if it is that of a workbook without macros."""
    for element in parts.tree(CONTENT_TYPES).named("Override"):
        if element.attributes.get("PartName", "").lstrip("/").casefold() == part.casefold():
            return element if element.attributes.get("ContentType") == _PLAIN else None
    return None


def _name_modules(parts: Parts, workbook: WorkbookPart) -> str:
    """Gives the workbook and its first sheet the code names of the VBA project; returns that of the settings sheet.

    A name that a sheet has already (Excel gives them once it has shown its editor) is taken, and stays.
    """
    _name_workbook(parts, workbook)
    named: set[str] = set()
    bare: list[str] = []
    for sheet in workbook.sheets():
        properties = parts.tree(sheet.part).child("sheetPr")
        name = properties.attributes.get("codeName", "") if properties else ""
        if name:
            named.add(name)
        else:
            bare.append(sheet.part)
    first, second = _SHEET_MODULES
    if second not in named:
        if first not in named and bare:
            _name_sheet(parts, bare[0], first)
        return second
    return first if first not in named else ""


def _name_workbook(parts: Parts, workbook: WorkbookPart) -> None:
    tree, data = workbook.tree(), parts.read(workbook.part)
    properties = tree.child("workbookPr")
    if properties is not None:
        parts.edit(workbook.part, [set_attribute(data, properties, "codeName", _BOOK_MODULE)])
        return
    new = f'<{tree.prefix}workbookPr codeName="{_BOOK_MODULE}"/>'.encode()
    before = [child.end for child in tree.children if child.local in ("fileVersion", "fileSharing")]
    parts.edit(workbook.part, [insert_inside(data, tree, new, max(before, default=tree.start_end))])


def _name_sheet(parts: Parts, part: str, name: str) -> None:
    root, data = parts.tree(part), parts.read(part)
    properties = root.child("sheetPr")
    if properties is not None:
        edit: Edit = set_attribute(data, properties, "codeName", name)
    else:
        edit = insert_inside(data, root, f'<{root.prefix}sheetPr codeName="{name}"/>'.encode(), root.start_end)
    parts.edit(part, [edit])


def _relate(parts: Parts, owner: str, part: str, kind: str) -> str:
    """A relation with a free id; returns the id."""
    folder, name = posixpath.split(owner)
    rels = posixpath.join(folder, "_rels", f"{name}.rels")
    root = parts.tree(rels)
    taken = {element.attributes.get("Id", "").casefold() for element in root.children}
    identifier = next(i for n in range(1, len(taken) + 2) if (i := f"rId{n}").casefold() not in taken)
    target = posixpath.relpath(part, folder or ".")
    new = f'<{root.prefix}Relationship Id="{identifier}" Type="{kind}" Target="{target}"/>'
    parts.edit(rels, [insert_inside(parts.read(rels), root, new.encode())])
    return identifier


def _declare(parts: Parts, main: str, types: Mapping[str, str]) -> None:
    """The content types of new parts, and the one that says that the workbook has macros."""
    root, data = parts.tree(CONTENT_TYPES), parts.read(CONTENT_TYPES)
    own = _declared(parts, main)
    assert own is not None
    new = "".join(f'<{root.prefix}Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in types.items())
    edits = [set_attribute(data, own, "ContentType", _WITH_MACROS), insert_inside(data, root, new.encode())]
    parts.edit(CONTENT_TYPES, edits)


def _add_hidden_sheet(parts: Parts, workbook: WorkbookPart, title: str, relation: str) -> None:
    """A sheet behind the last one, so that nothing that counts sheets is shifted."""
    holder, data = workbook.tree().child("sheets"), parts.read(workbook.part)
    assert holder is not None
    known = holder.named("sheet")
    number = 1 + max((int(sheet.attributes["sheetId"]) for sheet in known), default=0)
    linked = next((name for sheet in known for name in sheet.attributes if name.endswith(":id")), "r:id")
    new = f'<{holder.prefix}sheet name="{title}" sheetId="{number}" state="hidden" {linked}="{relation}"/>'
    parts.edit(workbook.part, [insert_inside(data, holder, new.encode())])


def _free_part(parts: Parts, stem: str, ending: str) -> str:
    return next(name for n in range(1, 1 << 16) if parts.find(name := f"{stem}{n}{ending}") is None)


def _settings(interpreter: Interpreter) -> dict[str, str]:
    """The settings that are known; a row without a value would hide what the person set in the xlwings tab."""
    rows = {
        "UDF Modules": FUNCTIONS,
        "Interpreter_Win": interpreter.windows,
        "Interpreter_Mac": interpreter.mac,
        "PYTHONPATH": interpreter.search_path,
    }
    for name, value in rows.items():
        if _UNWRITABLE.search(value):
            raise ValueRefused(f"设置 {name} 的内容里有不能写进工作簿的字符（控制字符或换行），请检查路径。")
    return {name: value for name, value in rows.items() if value}


def _settings_sheet(settings: Mapping[str, str], code_name: str) -> bytes:
    """A sheet with a setting per row from A1 on, as the VBA reads it; texts stand in their cells."""

    def cell(column: str, row: int, text: str) -> str:
        return f'<c r="{column}{row}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'

    rows = "".join(
        f'<row r="{n}">{cell("A", n, name)}{cell("B", n, value) if value else ""}</row>'
        for n, (name, value) in enumerate(settings.items(), 1)
    )
    module = f'<sheetPr codeName="{code_name}"/>' if code_name else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{_MAIN}">{module}'
        f'<sheetViews><sheetView workbookViewId="0"/></sheetViews><cols><col min="1" max="1" width="18" customWidth="1"/>'
        f'<col min="2" max="2" width="60" customWidth="1"/></cols><sheetData>{rows}</sheetData></worksheet>'
    ).encode()


def _with_members(data: bytes, new: Mapping[str, bytes]) -> bytes:
    """The package with more members behind the others, whose bytes stay where they are."""
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in new.items():
            info = zipfile.ZipInfo(name, _WHEN)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()
