"""Owns a look through the Windows door without Windows: xlwings' own decorators there, with COM replaced by stand-ins.

Run as a program it prints, as JSON: the VBA that Import Functions would write, what Excel's function help would show,
and what the functions answer when their arguments come through xlwings' converter as COM hands them over.
"""

from __future__ import annotations

import io
import json
import sys
import types
from datetime import datetime
from typing import Any


def stand_ins() -> None:
    """Modules of pywin32 that are only imported, never called, by what is looked at here."""
    for name in ("pythoncom", "pywintypes", "win32com", "win32com.client"):
        sys.modules[name] = types.ModuleType(name)
    vars(sys.modules["pythoncom"])["CoInitialize"] = lambda: None
    vars(sys.modules["pywintypes"])["com_error"] = type("com_error", (Exception,), {})
    vars(sys.modules["win32com.client"])["Dispatch"] = lambda thing: thing


ERRORS = {-2146826281: "#DIV/0!"}  # as COM hands over an error cell


MISSING = -2147352572  # as COM hands over an argument that was left out


def as_com(cells: Any) -> Any:
    """A range as COM hands it over: tuples of rows, a single cell bare."""
    if len(cells) == 1 and len(cells[0]) == 1:
        return cells[0][0]
    return tuple(tuple(row) for row in cells)


class Excel:
    """The part of an engine that conversion asks: cleaning of what was read and what is written."""

    name, type, apps = "excel", "desktop", ()

    @staticmethod
    def clean_value_data(data: Any, dates: Any, empty_as: Any, numbers: Any, err_to_str: bool) -> Any:
        def one(value: Any) -> Any:
            if isinstance(value, int) and value in ERRORS:
                return ERRORS[value] if err_to_str else None
            return empty_as if value in ("", None) else value

        return [[one(value) for value in row] for row in data]

    @staticmethod
    def prepare_xl_data_element(value: Any, options: Any) -> Any:
        return "" if value is None else value


EVENING, MORNING = datetime(2026, 9, 30, 17, 0), datetime(2026, 10, 8, 10, 0)  # with the holidays between


class Book:
    Name = "伙伴簿.xlsm"


def main() -> None:
    stand_ins()
    import xlwings
    from xlwings import conversion, udfs

    xlwings.func, xlwings.arg, xlwings.ret = udfs.xlfunc, udfs.xlarg, udfs.xlret
    engine = xlwings.Engine(impl=Excel)
    xlwings.engines.add(engine)
    xlwings.engines.active = engine
    from addin import functions
    from addin.function_examples import EXAMPLES

    def called(name: str, *cells: Any) -> Any:
        """As xlwings calls it for Excel: every argument there is converted, one left out has its default."""
        info = getattr(functions, name).__xlfunc__
        there = [*cells, *[MISSING] * (len(info["args"]) - len(cells))]
        read = [
            a.get("optional") if isinstance(c, int) and c == MISSING else conversion.read(None, c, a["options"])
            for c, a in zip(there, info["args"], strict=True)
        ]
        return conversion.write(getattr(functions, name)(*read), None, info["ret"]["options"])

    def example(one: Any) -> Any:
        return called(one.function, *(MISSING if cells is None else as_com(cells) for cells in one.given.values()))

    vba = io.StringIO()
    udfs.generate_vba_wrapper("functions", functions, vba, Book)
    infos = {n: f.__xlfunc__ for n, f in vars(functions).items() if hasattr(f, "__xlfunc__")}
    answers = {
        "score": called("PB_SCORE", ((5.0, None, 3.0), (4.0, 4.0, 4.0), (-2146826281, 4.0, 4.0)), ((0.5, 0.3, 0.2),)),
        "score of one cell": called("PB_SCORE", 4.0, 1.0),
        "rank": called("PB_RANK", ((88.0,), ("否决",), (90.0,))),
        "grade": called("PB_GRADE", 90.0, (("A", 90.0, 100.0), ("B", None, 90.0))),
        "why": called("PB_WHY", ((5.0, 3.0),), ((0.5, 0.5),), (("技术", "运营"),)),
        "nothing between the commas": called("PB_MINUTES", EVENING, MORNING, MISSING, MISSING, MISSING),
        "blank cells there": called("PB_MINUTES", EVENING, MORNING, ((None, None),), None, None),
        "shifts only": called("PB_MINUTES", EVENING, MORNING, MISSING, MISSING, "09:00-12:00"),
    }
    helps = {name: [info["ret"]["doc"], *(a["doc"] for a in info["args"])] for name, info in infos.items()}
    seen = {
        "vba": vba.getvalue(),
        "helps": helps,
        "volatile": {name: info["volatile"] for name, info in infos.items()},
        "answers": answers,
        "examples": [example(one) for one in EXAMPLES],
    }
    print(json.dumps(seen, ensure_ascii=True, default=str))


if __name__ == "__main__":
    main()
