"""A person at LibreOffice Calc who inserts cells: runs under the Python that has `uno`.

python calc_insert.py PORT BOOK SHEET LEFT TOP RIGHT BOTTOM MODE TARGET   MODE is DOWN (cells) or ROWS (whole rows); zero-based
"""

import sys
from pathlib import Path

import uno

sys.path.insert(0, str(Path(__file__).parents[1] / "delivery"))
from calc_edit import connect, prop
from com.sun.star.table import CellRangeAddress


def main(port, book, sheet, left, top, right, bottom, mode, target):
    context = connect(port)
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    document = desktop.loadComponentFromURL(uno.systemPathToFileUrl(book), "_blank", 0, (prop("Hidden", True),))
    page = document.Sheets.getByName(sheet)
    area = CellRangeAddress(page.RangeAddress.Sheet, int(left), int(top), int(right), int(bottom))
    page.insertCells(area, uno.Enum("com.sun.star.sheet.CellInsertMode", mode))
    document.storeToURL(uno.systemPathToFileUrl(target), (prop("FilterName", "Calc MS Excel 2007 XML"),))
    document.close(True)


if __name__ == "__main__":
    main(*sys.argv[1:10])
