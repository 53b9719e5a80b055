"""Owns how commands speak: UTF-8, `--json`, refusals as sentences with exit 1, progress for anything that takes a while."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec

import click

from workbook.errors import PartnerBookError

P = ParamSpec("P")

as_json = click.option("--json", "json_out", is_flag=True, help="以 JSON 输出结果。/ Print the result as JSON.")


def speak_utf8() -> None:
    """Consoles may be code page 936 or ASCII; everything we print is UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]


def reports(command: Callable[P, dict[str, Any]]) -> Callable[P, None]:
    """A command returns a mapping with `text` (for people) and data (for `--json`); `ok` false means exit 1.

    A `PartnerBookError` becomes its sentence and exit 1, never a trace.
    """

    @wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> None:
        json_out = bool(options.pop("json_out", False))
        try:
            result = command(*args, **options)
        except PartnerBookError as error:
            kind = type(error).__name__
            if json_out:
                refusal = {"kind": kind, "message": str(error), "permanent": error.permanent}
                click.echo(json.dumps({"ok": False, "error": refusal}, ensure_ascii=False))
            else:
                click.echo(f"✗ {error}", err=True)
            raise SystemExit(1) from None
        text = str(result.pop("text", ""))
        ok = bool(result.get("ok", True))
        if json_out:
            click.echo(json.dumps({"ok": ok, **result}, ensure_ascii=False, default=str))
        elif text:
            click.echo(text)
        if not ok:
            raise SystemExit(1)

    return run


def announce(text: str, **data: Any) -> None:
    """Say something before a long-running command ends: a line of JSON with `--json`, words otherwise."""
    context = click.get_current_context(silent=True)
    if context and context.params.get("json_out"):
        click.echo(json.dumps({"ok": True, **data}, ensure_ascii=False, default=str))
    else:
        click.echo(text)
    sys.stdout.flush()


@contextlib.contextmanager
def working(words: str) -> Iterator[None]:
    """A spinner with words while something takes longer than a moment; silent where nobody watches."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(words):
        yield
