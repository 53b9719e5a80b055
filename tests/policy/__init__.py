"""The policy, row by row: what it promises, as tests."""

import pytest

pytest.register_assert_rewrite("tests.policy.selection_story")  # its steps make sure of what they promise
