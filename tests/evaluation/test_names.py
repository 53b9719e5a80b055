"""The public names: all there, and loaded only when asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import workbook.evaluation as evaluation


def test_every_public_name_is_there() -> None:
    for name in evaluation.__all__:
        assert callable(getattr(evaluation, name)), name
    assert set(evaluation.__all__) <= set(dir(evaluation))
    with pytest.raises(AttributeError, match="no_such_method"):
        evaluation.no_such_method  # noqa: B018


def test_importing_the_package_and_scoring_load_no_numpy() -> None:
    code = (
        "import sys, workbook.evaluation as e\n"
        "before = [m for m in sys.modules if m.startswith('workbook.evaluation.')]\n"
        "e.score_panel, e.check_weights, e.grade, e.why_rows, e.weighted_scores([[1, 2]], [1, 1])\n"
        "print(before, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"
