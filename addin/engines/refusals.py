"""Owns what an engine says no to: the errors of the engines, and that no member of xlwings' interface does nothing.

xlwings asks an engine through objects of its `base_classes`. Each of ours is whole: a member that an engine implements
works, every other one raises NotInThisEngine, and setting something unknown raises too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import xlwings as xw
from xlwings import base_classes as base

from workbook.errors import PartnerBookError

C = TypeVar("C", bound=type)
_PLAIN = ("__iter__", "__len__", "__call__", "__getitem__")  # the dunder members that belong to the interface
_ABSENT = object()


class NotInThisEngine(PartnerBookError):
    """A member of xlwings' interface that this engine does not have."""

    def __init__(self, thing: str, engine: str):
        self.thing, self.engine = thing, engine
        super().__init__(f"{engine} 引擎没有 {thing}：这一步请在 Excel 里做，或改用这个引擎支持的做法。")


class NotFound(PartnerBookError, xw.NoSuchObjectError, KeyError):
    """There is no such book, sheet, table or name; xlwings waits for a KeyError or an error of its own."""

    def __str__(self) -> str:  # a KeyError would show its sentence in quotes
        return str(self.args[0])


class NotYetThere(PartnerBookError):
    """Something was read that was only just created; a script with delayed writes does not see it before the next run."""

    def __init__(self, what: str):
        super().__init__(f"{what}刚刚才建立，还没有写进工作簿，现在读不到。请在下一次运行时再读。")


class CellsLocked(PartnerBookError):
    """Something was to be written on a protected sheet."""

    def __init__(self, sheet: str, what: str):
        super().__init__(f"工作表“{sheet}”受保护，不能改动{what}。请在“审阅”里撤销工作表保护后再试。")


class ChangeRefused(PartnerBookError):
    """A change that would tear a table, a name, merged cells or a sheet apart; the sentence says which."""


class SaveRefused(PartnerBookError):
    """The book cannot be saved there."""


class BookUnreadable(PartnerBookError):
    """The file cannot be opened."""


class NotARange(PartnerBookError):
    """A defined name stands for a constant or a formula, not for cells."""

    def __init__(self, name: str, refers_to: str):
        super().__init__(f"名称 {name} 代表 {refers_to[:60]}，不是单元格区域。")


def complete(engine: str) -> Callable[[C], C]:
    """Class decorator: members of xlwings' interface that the class lacks raise NotInThisEngine.

    Annotated names of the class are plain attributes. An overridden property that cannot be set refuses to be set.
    """

    def completed(cls: C) -> C:
        cls.engine_name = engine  # type: ignore[attr-defined]
        ours = [k for k in cls.__mro__ if k.__module__.startswith("addin.")]
        fields = {name for k in ours for name in vars(k).get("__annotations__", {})}
        for name in fields - {n for k in ours for n in vars(k)}:
            setattr(cls, name, None)
        for name, member in interface(cls):
            mine = next((vars(k)[name] for k in ours if name in vars(k)), _ABSENT)
            thing = f"{cls.__name__}.{name}"
            if mine is _ABSENT and name not in fields:
                setattr(cls, name, _refusal(thing, engine, isinstance(member, property)))
            elif isinstance(mine, property) and mine.fset is None and getattr(member, "fset", None):
                setattr(cls, name, property(mine.fget, _refuser(thing, engine), doc=mine.__doc__))
        return cls

    return completed


def interface(cls: type) -> Iterator[tuple[str, Any]]:
    """The public members of xlwings' base classes among a class's bases."""
    for part in cls.__mro__:
        if part.__module__ == base.__name__:
            yield from ((n, m) for n, m in vars(part).items() if not n.startswith("_") or n in _PLAIN)


def _refuser(thing: str, engine: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise NotInThisEngine(thing, engine)

    return refuse


def _refusal(thing: str, engine: str, is_property: bool) -> Any:
    refuse = _refuser(thing, engine)
    return property(refuse, refuse) if is_property else refuse


class Part:
    """What every object of an engine is: unknown attributes are refused, reading and setting."""

    engine_name = ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotInThisEngine(f"{type(self).__name__}.{name}", self.engine_name)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            raise NotInThisEngine(f"{type(self).__name__}.{name}", self.engine_name)
        object.__setattr__(self, name, value)
