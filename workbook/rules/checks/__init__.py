"""Owns the list of all checks, in the order of the policy; a module per chapter."""

from __future__ import annotations

from workbook.rules.checks import (
    certificates,
    contracts,
    deciding,
    frozen,
    improvement,
    order,
    performance,
    requirements,
    scoring,
    sourcing,
    states,
)
from workbook.rules.finding import Check

CHECKS: tuple[Check, ...] = (
    *order.CHECKS,
    *requirements.CHECKS,
    *sourcing.CHECKS,
    *certificates.CHECKS,
    *scoring.CHECKS,
    *deciding.CHECKS,
    *contracts.CHECKS,
    *performance.CHECKS,
    *improvement.CHECKS,
    *frozen.CHECKS,
    *states.CHECKS,
)
