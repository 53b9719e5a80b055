"""Owns how a long action says how far it is: a function that doors give and actions call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int, str], None]  # steps done, steps in all, what is being done


def quiet(done: int, total: int, what: str) -> None:
    """Nobody watches."""
