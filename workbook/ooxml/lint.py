"""Owns the lint: what Excel repairs or refuses although the Open XML schema allows it. Standard library only.

`lint` never raises: a package that cannot be read is a finding. Rules are registered by `rule`; each yields findings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from workbook.ooxml.lint_view import Unreadable, View


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that Excel would repair, with the part or cell where it stands and what to do."""

    rule: str
    where: str
    message: str


# A cell or range as a finding names it: behind a sheet's name or by itself, and the word for a row without cells.
_ADDRESS = re.compile(r"(?<![\w.])\$?[A-Z]{1,3}\$?\d+(?::\$?[A-Z]{1,3}\$?\d+)?(?!\w)|(?<=row )\d+")

Check = Callable[[View], Iterator[tuple[str, str]]]
_CHECKS: dict[str, tuple[str, Check]] = {}


def rule(name: str, description: str) -> Callable[[Check], Check]:
    """Register a check that yields (where, message)."""

    def add(check: Check) -> Check:
        _CHECKS[name] = (description, check)
        return check

    return add


def lint(data: bytes) -> tuple[Finding, ...]:
    """Everything that is wrong with a workbook, sorted; an empty tuple for a healthy one."""
    import workbook.ooxml.lint_rules  # noqa: F401  registers the rules

    try:
        view = View(data)
    except Unreadable as error:
        return (Finding("package", error.where, str(error)),)
    found = {Finding(name, where, message) for name, (_, check) in _CHECKS.items() for where, message in check(view)}
    found |= {Finding("xml", where, message) for where, message in view.broken.items()}
    return tuple(sorted(found))


def new_findings(before: bytes, after: bytes) -> tuple[Finding, ...]:
    """What a change brought: findings of the second workbook that the first does not have.

    One that has only moved down or across with its cell is the same; one more of its kind is new.
    """
    old, now = set(lint(before)), lint(after)
    left = Counter(_wherever(finding) for finding in old.difference(now))
    fresh = []
    for finding in now:
        if finding not in old:
            left[_wherever(finding)] -= 1
            if left[_wherever(finding)] < 0:
                fresh.append(finding)
    return tuple(fresh)


def _wherever(finding: Finding) -> tuple[str, str, str]:
    """A finding without the addresses in it."""
    return finding.rule, _ADDRESS.sub("", finding.where), _ADDRESS.sub("", finding.message)


def rules() -> Mapping[str, str]:
    """Every rule with its one-line description."""
    import workbook.ooxml.lint_rules  # noqa: F401  registers the rules

    own = {"package": "the file is a readable zip with a workbook in it", "xml": "every part is well-formed XML"}
    return own | {name: description for name, (description, _) in _CHECKS.items()}
