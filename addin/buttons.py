"""Owns the scripts behind buttons: one function without arguments per action, for a shape or the ribbon to call.

A button's macro is `RunPython "import addin.buttons; addin.buttons.pull()"`. Nothing that takes a workbook as its
argument lives in this module or is imported into it by name, so that a list of its functions is the list of buttons.
"""

from __future__ import annotations

from addin import desktop


def _press(number: str, argument: str | None = None) -> None:
    desktop.from_excel(lambda book: desktop.run(book, number, argument))


def pull() -> None:
    """取回提交：把新的提交写进工作簿。 Pull submissions."""
    _press("1")


def evaluate() -> None:
    """评估：重算结果。 Evaluate."""
    _press("2")


def send_back() -> None:
    """标出退补：按“参数”一格。 Send back what the argument cell says."""
    _press("3")


def freeze() -> None:
    """冻结：按“参数”一格的期间。 Freeze the period in the argument cell."""
    _press("4")


def report() -> None:
    """报告：按“参数”一格。 Report on what the argument cell says."""
    _press("5")


def check() -> None:
    """检查：制度还缺什么。 Check what the policy misses."""
    _press("6")


def save_and_confirm() -> None:
    """保存并确认：保存工作簿，告诉服务器文件里有哪些提交。 Save, and confirm to the server."""
    desktop.from_excel(
        lambda book: desktop.attempt(book, lambda show: desktop.save_and_confirm(book), write=False),
    )
