"""A person at LibreOffice Calc: runs under the Python that has `uno`, edits a book by the steps given, saves, closes.

python calc_edit.py PORT BOOK STEP...   with steps sort:HEADER, filter:HEADER=VALUE, rename:OLD=NEW, column:BEFORE=HEADER,
type:KEY:HEADER=TEXT, number:KEY:HEADER=VALUE, delete:KEY, pause:SECONDS; what comes out is BOOK.saved

With `live` as the first step the book itself is edited: open it, steps, `save`, more steps, `save`, `close`, and again.
"""

import sys
import time

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.sheet.FilterOperator import EQUAL
from com.sun.star.table import TableSortField


def prop(name, value):
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def connect(port):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    for _ in range(120):
        try:
            return resolver.resolve(f"uno:socket,host=127.0.0.1,port={port};urp;StarOffice.ComponentContext")
        except Exception:
            time.sleep(0.25)
    raise SystemExit("LibreOffice did not answer")


class Table:
    """The table `candidates`, which Calc calls a database range, wherever it stands now."""

    def __init__(self, document):
        self.document = document
        self.range = document.DatabaseRanges.getByName("candidates")
        self.area = self.range.DataArea
        self.sheet = document.Sheets.getByIndex(self.area.Sheet)

    def column(self, header):
        area = self.area
        for column in range(area.StartColumn, area.EndColumn + 1):
            if self.sheet.getCellByPosition(column, area.StartRow).String == header:
                return column
        raise SystemExit(f"no header {header}")

    def row(self, key):
        area = self.area
        for row in range(area.StartRow + 1, area.EndRow + 1):
            if self.sheet.getCellByPosition(area.StartColumn, row).String == key:
                return row
        raise SystemExit(f"no row {key}")

    def cells(self):
        area = self.area
        return self.sheet.getCellRangeByPosition(area.StartColumn, area.StartRow, area.EndColumn, area.EndRow)


def step_sort(document, words):
    table = Table(document)
    field = TableSortField()
    field.Field, field.IsAscending = table.column(words) - table.area.StartColumn, False
    fields = uno.Any("[]com.sun.star.table.TableSortField", (field,))
    table.cells().sort((prop("SortFields", fields), prop("ContainsHeader", True)))


def step_filter(document, words):
    header, value = words.split("=")
    table = Table(document)
    descriptor = table.range.getFilterDescriptor()
    field = uno.createUnoStruct("com.sun.star.sheet.TableFilterField")
    field.Field, field.Operator, field.IsNumeric, field.StringValue = (
        table.column(header) - table.area.StartColumn,
        EQUAL,
        False,
        value,
    )
    descriptor.setFilterFields((field,))
    descriptor.ContainsHeader = True
    table.range.AutoFilter = True
    table.range.refresh()


def step_rename(document, words):
    old, new = words.split("=")
    document.Sheets.getByName(old).Name = new


def step_column(document, words):
    before, header = words.split("=")
    table = Table(document)
    column = table.column(before)
    table.sheet.Columns.insertByIndex(column, 1)
    table.sheet.getCellByPosition(column, table.area.StartRow).String = header


def step_type(document, words):
    key, rest = words.split(":", 1)
    header, text = rest.split("=", 1)
    table = Table(document)
    table.sheet.getCellByPosition(table.column(header), table.row(key)).String = text


def step_number(document, words):
    key, rest = words.split(":", 1)
    header, value = rest.split("=", 1)
    table = Table(document)
    table.sheet.getCellByPosition(table.column(header), table.row(key)).Value = float(value)


def step_pause(document, words):
    time.sleep(float(words))


def step_save(document, words):
    document.store()


def step_delete(document, words):
    table = Table(document)
    table.sheet.Rows.removeByIndex(table.row(words), 1)


def do(document, steps):
    for step in steps:
        name, _, words = step.partition(":")
        globals()[f"step_{name}"](document, words)


def sit_down(desktop, book, steps):
    """Open the book, work, save; where the program will not save over a newer file, open that one and do it again."""
    for _ in range(10):
        try:
            document = desktop.loadComponentFromURL(uno.systemPathToFileUrl(book), "_blank", 0, (prop("Hidden", True),))
            do(document, steps)
            document.close(True)
            return
        except Exception as error:
            print("again:", str(error)[:200], file=sys.stderr)
            document.close(True)
            time.sleep(0.5)
    raise SystemExit("the book could not be saved")


def live(desktop, book, steps):
    sitting = []
    for step in steps:
        if step == "close":
            sit_down(desktop, book, sitting)
            print("saved", flush=True)
            sitting = []
        elif step.startswith("pause:") and not sitting:
            time.sleep(float(step[6:]))
        else:
            sitting.append(step)


def main(port, book, steps):
    context = connect(port)
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    if steps[0] == "live":
        live(desktop, book, steps[1:])
        return
    document = desktop.loadComponentFromURL(uno.systemPathToFileUrl(book), "_blank", 0, (prop("Hidden", True),))
    do(document, steps)
    document.storeToURL(uno.systemPathToFileUrl(book + ".saved"), (prop("FilterName", "Calc MS Excel 2007 XML"),))
    document.close(True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
