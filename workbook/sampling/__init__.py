"""Owns the parts of the sample that are too long for one file: the panels, their marks, and what reviewers wrote."""
