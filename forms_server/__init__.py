"""The web house of PartnerBook: forms derived from the tables, the inbox, and delivery into the workbook."""
