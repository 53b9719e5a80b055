"""Owns the steps by which an older inbox database becomes a newer one."""
