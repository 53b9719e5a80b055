"""Tests of what leaves the book for finance."""
