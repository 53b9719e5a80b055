"""Owns the making of a new workbook's pages; `workbook.build` is the way in."""
