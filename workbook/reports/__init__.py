"""Owns what leaves the book for other readers: the finance lines and the renderers that give them a form."""
