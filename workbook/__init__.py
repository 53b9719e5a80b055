"""The ground of PartnerBook: the declared tables, the workbook as a file, and the rules over its rows."""
