"""Owns workbooks as bytes: change tables of an existing .xlsx or .xlsm part by part; every other byte stays.

book = Book.read(data)
book.append("tblCandidates", [{"企业名称": "示例有限公司"}])
data = book.to_bytes()
"""

from workbook.ooxml.append import Placed
from workbook.ooxml.book import Book, Row
from workbook.ooxml.cells import Cell
from workbook.ooxml.table import TableView
from workbook.ooxml.update import Upserted

__all__ = ["Book", "Cell", "Placed", "Row", "TableView", "Upserted"]
