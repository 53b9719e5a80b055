"""Owns the list of all checks, in the order of the policy; a module per chapter."""

from __future__ import annotations

from workbook.rules.checks import contracts, deciding, order, requirements, scoring, sourcing
from workbook.rules.finding import Check

CHECKS: tuple[Check, ...] = (
    *order.CHECKS,
    *requirements.CHECKS,
    *sourcing.CHECKS,
    *scoring.CHECKS,
    *deciding.CHECKS,
    *contracts.CHECKS,
)
