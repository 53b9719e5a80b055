"""Owns receipt codes: made from the server's secret, read as people type them, stored as hashes; and a body's digest."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U


def receipt_code(secret: bytes, submission_id: str) -> str:
    """The receipt of a submission: 100 bits that only the server's secret can derive, in groups of four."""
    digest = hmac.new(secret, b"receipt\0" + submission_id.encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest, "big") >> (256 - 100)
    letters = "".join(ALPHABET[(number >> (5 * i)) & 31] for i in reversed(range(20)))
    return "-".join(letters[i : i + 4] for i in range(0, 20, 4))


def plain_code(code: str) -> str | None:
    """A receipt as people type it, without hyphens and with look-alike letters mended; None if it cannot be one."""
    letters = "".join(c for c in code.upper() if not c.isspace() and c not in "-–—").translate(
        str.maketrans("OIL", "011")
    )
    return letters if len(letters) == 20 and all(c in ALPHABET for c in letters) else None


def code_hash(code: str) -> str:
    """What is stored of a receipt. 100 random bits need no salt."""
    return hashlib.sha256(code.replace("-", "").encode()).hexdigest()


def body_hash(form: str, table: str, values: Mapping[str, Any]) -> str:
    """Equal for equal content: a retry uploads its files again under new ids, so ids do not count."""

    def without_id(value: Any) -> Any:
        if isinstance(value, list):
            return [without_id(v) for v in value]
        return {k: v for k, v in value.items() if k != "id"} if isinstance(value, dict) else value

    plain = {name: without_id(value) for name, value in values.items()}
    return hashlib.sha256(json.dumps([form, table, plain], sort_keys=True).encode()).hexdigest()
