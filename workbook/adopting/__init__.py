"""Owns adopting a company's own list or scoring sheet: read, mapped, previewed, imported; the old file is never written to."""
