"""Owns the list of all checks, in the order of the policy; a module per chapter."""

from __future__ import annotations

from workbook.rules.checks import (
    budgets,
    certificates,
    contracts,
    deciding,
    emergency,
    frozen,
    guarding,
    improvement,
    order,
    performance,
    relations,
    requirements,
    scoring,
    sourcing,
    states,
    surveys,
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
    *relations.CHECKS,
    *surveys.CHECKS,
    *performance.CHECKS,
    *budgets.CHECKS,
    *improvement.CHECKS,
    *frozen.CHECKS,
    *emergency.CHECKS,
    *guarding.CHECKS,
    *states.CHECKS,
)
