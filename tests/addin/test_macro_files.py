"""Owns the promises of the files with macros: what they carry, what stays as it was, and that other programs read them."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import olefile
import openpyxl
import pytest
import xlwings as xw

from addin import macro_files
from addin.macro_files import Interpreter, MacrosAlready, NoModuleName, ribbon_addin, with_macros
from tests import office, validator
from workbook import build, sample
from workbook.errors import AppendRefused, NotAWorkbook, ValueRefused, WorkbookUnreachable
from workbook.ooxml import Book
from workbook.ooxml.lint import lint, new_findings
from workbook.ooxml.package import Package

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of a parser library that oletools uses
    from oletools.olevba import VBA_Parser

PACKAGE = Path(xw.__file__).parent
KINDS = [False, True]  # standalone or not


@pytest.fixture(scope="module")
def plain() -> bytes:
    return build.new_workbook(rows=sample.sample_rows(1))


@pytest.fixture(scope="module")
def made(plain: bytes) -> dict[bool, bytes]:
    return {kind: with_macros(plain, standalone=kind) for kind in KINDS}


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def macros(data: bytes) -> dict[str, str]:
    """The VBA modules of a file and their source, as another program reads them."""
    parser = VBA_Parser("file.xlsm", data=data)
    found = {name: source for _, _, name, source in parser.extract_macros()}
    parser.close()
    return found


def subs(source: str) -> set[str]:
    return set(re.findall(r"^(?:Public )?(?:Sub|Function) (\w+)", source, re.MULTILINE))


def settings(data: bytes, title: str) -> dict[Any, Any]:
    sheet = openpyxl.load_workbook(io.BytesIO(data), keep_vba=True)[title]
    return {row[0].value: row[1].value for row in sheet.iter_rows(min_col=1, max_col=2)}


# ---- a workbook with macros


def test_the_workbook_carries_the_macro_that_runs_main(made: dict[bool, bytes]) -> None:
    assert subs(macros(made[False])["Module1.bas"]) == {"SampleCall"}
    assert '".main()"' in macros(made[False])["Module1.bas"]


def test_the_standalone_workbook_carries_import_functions_and_runpython_too(made: dict[bool, bytes]) -> None:
    assert "xlwings.bas" not in macros(made[False])
    assert {"RunPython", "ImportPythonUDFs"} <= subs(macros(made[True])["xlwings.bas"])


@pytest.mark.parametrize(("kind", "source"), [(False, "quickstart.xlsm"), (True, "quickstart_standalone.xlsm")])
def test_the_vba_project_is_the_one_that_xlwings_ships(made: dict[bool, bytes], kind: bool, source: str) -> None:
    shipped = members((PACKAGE / source).read_bytes())["xl/vbaProject.bin"]
    assert members(made[kind])["xl/vbaProject.bin"] == shipped


def test_the_settings_name_the_functions_and_nothing_that_a_person_sets(made: dict[bool, bytes]) -> None:
    assert settings(made[False], "xlwings.conf") == {"UDF Modules": "addin.functions"}


def test_the_interpreter_is_written_when_it_is_given(plain: bytes) -> None:
    given = with_macros(plain, Interpreter(r"C:\Python & Co\python.exe", "/usr/bin/python3", r"D:\伙伴"))
    assert settings(given, "xlwings.conf") == {
        "UDF Modules": "addin.functions",
        "Interpreter_Win": r"C:\Python & Co\python.exe",
        "Interpreter_Mac": "/usr/bin/python3",
        "PYTHONPATH": r"D:\伙伴",
    }


def test_an_interpreter_with_a_line_break_is_refused(plain: bytes) -> None:
    with pytest.raises(ValueRefused, match="Interpreter_Win"):
        with_macros(plain, Interpreter("python\r\nSub x()"))


def test_all_else_stays_byte_for_byte(plain: bytes, made: dict[bool, bytes]) -> None:
    before, after = members(plain), members(made[False])
    changed = {name for name in after if after[name] != before.get(name)}
    new = changed - before.keys()
    assert changed - new == {"[Content_Types].xml", "xl/_rels/workbook.xml.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml"}  # fmt: skip
    sheets = sum(name.startswith("xl/worksheets/sheet") for name in before)
    assert new == {"xl/vbaProject.bin", f"xl/worksheets/sheet{sheets + 1}.xml"}
    assert before.keys() <= after.keys()
    # The first sheet gets a code name and nothing else.
    sheet = re.sub(rb' codeName="Sheet1"|<sheetPr codeName="Sheet1"/>', b"", after["xl/worksheets/sheet1.xml"])
    assert sheet == before["xl/worksheets/sheet1.xml"]
    packed = Package(made[False])
    untouched = Package(plain).members["xl/styles.xml"], packed.members["xl/styles.xml"]
    raw = [blob[m.data : m.data + m.entry.packed] for m, blob in zip(untouched, (plain, made[False]), strict=True)]
    assert raw[0] == raw[1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_modules_of_the_vba_project_find_their_workbook_and_sheets(made: dict[bool, bytes], kind: bool) -> None:
    files = members(made[kind])
    project = olefile.OleFileIO(io.BytesIO(files["xl/vbaProject.bin"])).openstream("PROJECT").read().decode("latin-1")
    wanted = re.findall(r"^Document=(\w+)/", project, re.MULTILINE)
    named = [name for file, text in files.items() if file.startswith("xl/worksheets/sheet") for name in re.findall(rb'codeName="(\w+)"', text)]  # fmt: skip
    named += re.findall(rb'<workbookPr[^>]* codeName="(\w+)"', files["xl/workbook.xml"])
    assert sorted(wanted) == sorted(name.decode() for name in named)


@pytest.mark.parametrize("kind", KINDS)
def test_our_lint_finds_nothing_new(plain: bytes, made: dict[bool, bytes], kind: bool) -> None:
    assert new_findings(plain, made[kind]) == ()


@pytest.mark.validator
@pytest.mark.parametrize("kind", KINDS)
def test_the_validator_finds_nothing(made: dict[bool, bytes], kind: bool, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsm"
    path.write_bytes(made[kind])
    assert validator.validate(path) == []


@pytest.mark.libreoffice
def test_libreoffice_reads_the_same_values(plain: bytes, made: dict[bool, bytes], tmp_path: Path) -> None:
    values = []
    for name, data in (("plain.xlsx", plain), ("macros.xlsm", made[False])):
        (tmp_path / name).write_bytes(data)
        opened = office.convert(tmp_path / name, "xlsx", tmp_path / "opened")
        book = openpyxl.load_workbook(opened, data_only=True)
        values.append({sheet.title: [tuple(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets})  # fmt: skip
    assert values[1].pop("xlwings.conf") == [("UDF Modules", "addin.functions")]
    assert sum(cell is not None for rows in values[0].values() for row in rows for cell in row) > 10_000
    assert values[0] == values[1]


def test_rows_that_come_later_leave_the_macros_alone(made: dict[bool, bytes]) -> None:
    book = Book.read(made[False])
    before = len(book.rows("partners"))
    header = book.table("partners").columns[0]
    for number in range(20):
        book.append("partners", [{header: f"P-9{number:03}"}])
    after = book.to_bytes()
    assert len(Book.read(after).rows("partners")) == before + 20
    packages = [Package(data) for data in (made[False], after)]
    places = [package.members["xl/vbaProject.bin"] for package in packages]
    raw = [p.blob[m.entry.offset : m.end] for p, m in zip(packages, places, strict=True)]
    assert raw[0] == raw[1]
    assert b"macroEnabled.main+xml" in members(after)["[Content_Types].xml"]


def test_a_code_name_that_excel_gave_already_stays_and_is_used_once(plain: bytes) -> None:
    package = Package(plain)
    second = package.read("xl/worksheets/sheet2.xml")
    tagged = re.sub(rb"<sheetPr\b", b'<sheetPr codeName="Sheet2"', second, count=1)
    assert tagged != second
    files = members(with_macros(package.with_changes({"xl/worksheets/sheet2.xml": tagged})))
    named = [(file, name) for file, text in files.items() for name in re.findall(rb'<sheetPr[^>]*codeName="(\w+)"', text)]  # fmt: skip
    assert sorted(name for _, name in named) == [b"Sheet1", b"Sheet2"]
    assert ("xl/worksheets/sheet2.xml", b"Sheet2") in named


def test_the_same_workbook_gives_the_same_bytes(plain: bytes, made: dict[bool, bytes]) -> None:
    assert with_macros(plain) == made[False]


def test_import_functions_takes_the_dotted_module(made: dict[bool, bytes]) -> None:
    """xlwings' own generator, on Windows' side of it, writes VBA that names the module as a text and as no identifier."""
    module = settings(made[False], "xlwings.conf")["UDF Modules"]
    program = (
        "import io, sys\n"
        "from tests.addin.windows_door import Book, stand_ins\n"
        "stand_ins()\n"
        "import xlwings\n"
        "from xlwings import udfs\n"
        "xlwings.func, xlwings.arg, xlwings.ret = udfs.xlfunc, udfs.xlarg, udfs.xlret\n"
        "vba = io.StringIO()\n"
        "for name in sys.argv[1].split(';'):\n"
        "    udfs.generate_vba_wrapper(name, udfs.get_udf_module(name, None), vba, Book)\n"
        "sys.stdout.write(vba.getvalue())\n"
    )
    done = subprocess.run([sys.executable, "-c", program, module], capture_output=True, text=True, check=True)
    assert len(re.findall(r"^Function PB_\w+\(", done.stdout, re.MULTILINE)) >= 5
    assert set(re.findall(r"addin.functions.?", done.stdout)) == {'addin.functions"'}
    assert 'XLPy.CallUDF("addin.functions", "PB_SCORE"' in done.stdout


# ---- what is refused


def test_macros_are_not_added_twice(made: dict[bool, bytes]) -> None:
    with pytest.raises(MacrosAlready, match="VBA"):
        with_macros(made[False])


def test_a_workbook_of_somebody_else_is_refused() -> None:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    with pytest.raises(NotAWorkbook, match="不是伙伴簿的工作簿"):
        with_macros(out.getvalue())


def test_a_template_is_refused(plain: bytes) -> None:
    package = Package(plain)
    types = package.read("[Content_Types].xml").replace(b"sheet.main+xml", b"template.main+xml")
    with pytest.raises(AppendRefused, match="模板"):
        with_macros(package.with_changes({"[Content_Types].xml": types}))


# ---- files on disk


def test_the_macro_workbook_stands_beside_the_plain_one_with_a_runner(plain: bytes, tmp_path: Path) -> None:
    (tmp_path / "伙伴簿.xlsx").write_bytes(plain)
    told = macro_files.write_workbook(tmp_path / "伙伴簿.xlsx")
    assert "已生成 伙伴簿.xlsm 和 伙伴簿.py" in told
    assert (tmp_path / "伙伴簿.xlsm").read_bytes() == with_macros(plain)
    assert (tmp_path / "伙伴簿.xlsx").read_bytes() == plain
    loaded: dict[str, Any] = {}
    exec((tmp_path / "伙伴簿.py").read_text(encoding="utf-8"), loaded)
    from addin.desktop import main

    assert loaded["main"] is main  # what SampleCall and Run main call


def test_a_runner_of_somebody_else_is_left_alone_and_told(plain: bytes, tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(plain)
    (tmp_path / "book.py").write_text("print('mine')\n", encoding="utf-8")
    assert "旁边已有另一个 book.py" in macro_files.write_workbook(tmp_path / "book.xlsx")
    assert (tmp_path / "book.py").read_text(encoding="utf-8") == "print('mine')\n"


def test_a_runner_that_cannot_be_written_is_told_and_the_workbook_is_there(plain: bytes, tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(plain)
    (tmp_path / "book.py").mkdir()
    assert "book.py 写不了" in macro_files.write_workbook(tmp_path / "book.xlsx")
    assert (tmp_path / "book.xlsm").exists()


def test_a_macro_workbook_that_is_there_is_not_written_over(plain: bytes, tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(plain)
    (tmp_path / "book.xlsm").write_bytes(b"theirs")
    with pytest.raises(WorkbookUnreachable, match="已经存在"):
        macro_files.write_workbook(tmp_path / "book.xlsx")
    assert (tmp_path / "book.xlsm").read_bytes() == b"theirs"


@pytest.mark.parametrize("name", ["伙伴簿-2026.xlsx", "2026.xlsx", "a b.xlsx", "v1.2.xlsx", "class.xlsx"])
def test_a_name_that_no_module_can_have_is_refused_before_anything_is_written(
    plain: bytes, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(plain)
    with pytest.raises(NoModuleName, match="Run main 会找不到它"):
        macro_files.write_workbook(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


# ---- the ribbon


def test_every_callback_of_the_ribbon_is_a_macro_of_the_file() -> None:
    data = ribbon_addin()
    called = set(re.findall(r'on\w+="(\w+)\.(\w+)"', members(data)["customUI/customUI.xml"].decode()))
    assert called == {("RibbonMyAddin", "RunMain")}
    for module, macro in called:
        assert macro in subs(macros(data)[f"{module}.bas"])


def test_the_button_calls_the_module_that_the_file_is_named_after(tmp_path: Path) -> None:
    """RunMain takes the file's name up to its last dot and calls main() of the module of that name."""
    path = macro_files.write_ribbon_addin(tmp_path)
    source = macros(path.read_bytes())["RibbonMyAddin.bas"]
    assert 'Left(ThisWorkbook.Name, (InStrRev(ThisWorkbook.Name, ".", -1, vbTextCompare) - 1))' in source
    module = path.name[: path.name.rindex(".")]
    namespace: dict[str, Any] = {}
    exec(f"import {module}; main = {module}.main", namespace)  # as the VBA puts it together
    from addin.desktop import main

    assert namespace["main"] is main


def test_the_ribbon_cannot_tell_buttons_apart_so_it_has_one() -> None:
    """The day that the shipped VBA looks at its control, more buttons become possible."""
    assert "control." not in macros(ribbon_addin())["RibbonMyAddin.bas"]
    assert members(ribbon_addin())["customUI/customUI.xml"].count(b"<button ") == 1


def test_the_add_in_reads_its_settings_and_keeps_the_shipped_vba(tmp_path: Path) -> None:
    data = ribbon_addin(Interpreter(r"C:\Python\python.exe"))
    files = members(data)
    assert re.findall(rb'<sheet name="([^"]+)"', files["xl/workbook.xml"]) == [b"myaddin.conf"]
    cells = dict(re.findall(r'<c r="(\w+)"[^>]*><is><t[^>]*>([^<]*)</t>', files["xl/worksheets/sheet1.xml"].decode()))
    assert cells == {
        "A1": "Interpreter_Win", "B1": r"C:\Python\python.exe", "A2": "Interpreter_Mac", "A3": "PYTHONPATH",
        "A4": "UDF Modules", "B4": "addin.functions",
    }  # fmt: skip
    shipped = members((PACKAGE / "quickstart_addin_ribbon.xlam").read_bytes())
    assert {name for name in files if files[name] != shipped.get(name)} == {"xl/workbook.xml", "xl/worksheets/sheet1.xml", "customUI/customUI.xml"}  # fmt: skip
    assert files.keys() == shipped.keys()
    assert 'PROJECT_NAME As String = "myaddin"' in macros(data)["xlwings.bas"]  # so the sheet must be called so
    assert lint(data) == ()


@pytest.mark.validator
def test_the_validator_finds_nothing_new_in_the_add_in(tmp_path: Path) -> None:
    made, shipped = tmp_path / "made.xlam", tmp_path / "shipped.xlam"
    made.write_bytes(ribbon_addin())
    shipped.write_bytes((PACKAGE / "quickstart_addin_ribbon.xlam").read_bytes())
    assert not set(validator.validate(made)) - set(validator.validate(shipped))
