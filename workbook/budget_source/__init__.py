"""Owns reading finance's own budget sheets as they are: bytes in, an understanding of lines and totals out."""
