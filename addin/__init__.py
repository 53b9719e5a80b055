"""The doors to Excel: functions and actions, thin over `workbook` (never over `forms_server`)."""
