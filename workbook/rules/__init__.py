"""Owns the policy's rules over rows: gates, what a panel scores, and what `check` finds. Pure; no files."""
