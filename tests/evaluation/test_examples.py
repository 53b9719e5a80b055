"""The examples in the docstrings of evaluation are true."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["agreement", "distributions", "risk", "robustness", "survey"])
def test_the_examples_of_a_module_come_out(name: str) -> None:
    module = import_module(f"workbook.evaluation.{name}")
    functions = [
        each
        for each in vars(module).values()
        if callable(each) and getattr(each, "__module__", "") == module.__name__ and not isinstance(each, type)
    ]
    public = [each for each in functions if not each.__name__.startswith("_")]
    assert public and all(">>> " in (each.__doc__ or "") for each in public)
    assert doctest.testmod(module).failed == 0
