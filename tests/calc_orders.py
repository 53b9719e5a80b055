"""A person who sorts: sorts every table by one of its columns after the other, and saves the book after each round.

python calc_orders.py PORT BOOK FOLDER ROUNDS   writes FOLDER/0.xlsx, FOLDER/1.xlsx …; of a table with more columns than
there are rounds, columns evenly spread over it have their turn
"""

import sys
from pathlib import Path

import uno

sys.path.insert(0, str(Path(__file__).parent / "delivery"))
from calc_edit import connect, prop
from com.sun.star.table import TableSortField


def sort(document, area, column, ascending):
    sheet = document.Sheets.getByIndex(area.Sheet)
    cells = sheet.getCellRangeByPosition(area.StartColumn, area.StartRow, area.EndColumn, area.EndRow)
    field = TableSortField()
    field.Field, field.IsAscending = column, ascending
    fields = uno.Any("[]com.sun.star.table.TableSortField", (field,))
    cells.sort((prop("SortFields", fields), prop("ContainsHeader", True)))


def main(port, book, folder, rounds):
    context = connect(port)
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    document = desktop.loadComponentFromURL(uno.systemPathToFileUrl(book), "_blank", 0, (prop("Hidden", True),))
    ranges = document.DatabaseRanges
    names = [name for name in ranges.ElementNames if not name.startswith("__")]
    areas = [ranges.getByName(name).DataArea for name in names]
    for turn in range(int(rounds)):
        for area in areas:
            width = area.EndColumn - area.StartColumn + 1
            if area.EndRow - area.StartRow > 1:
                column = turn * width // int(rounds) if width > int(rounds) else turn % width
                sort(document, area, column, turn % 2 == 1)
        target = f"{folder}/{turn}.xlsx"
        document.storeToURL(uno.systemPathToFileUrl(target), (prop("FilterName", "Calc MS Excel 2007 XML"),))
    document.close(True)


if __name__ == "__main__":
    main(*sys.argv[1:5])
