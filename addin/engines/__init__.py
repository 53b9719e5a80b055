"""Owns the xlwings engines of ours: a workbook file through openpyxl, and a live LibreOffice Calc."""
