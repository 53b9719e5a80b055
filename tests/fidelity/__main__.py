"""Runs the fidelity suite whole and writes its counts into docs/fidelity.md.

python -m tests.fidelity [--corpus DIR] [--all]    (--all: the validator and LibreOffice see every change, not some)
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings

from tests import office
from tests.fidelity import report
from tests.fidelity.suite import Results, corpus, corpus_folder, made, recalculated, run, validated
from tests.validator import BINARY

SOME_VALIDATED, SOME_RECALCULATED = 60, 160


def main(arguments: list[str] | None = None) -> int:
    """Exit 0 if everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity", description="the fidelity suite, whole")
    parser.add_argument("--corpus", help="a folder of workbooks (default: PARTNERBOOK_CORPUS)")
    parser.add_argument("--all", action="store_true", help="validator and LibreOffice over every change")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    started = time.monotonic()
    results = Results()
    folder = corpus_folder(options.corpus)
    for what, cases in (("books of others", list(corpus(folder))), ("books made now", made())):
        print(f"{len(cases)} {what} …", flush=True)
        run(cases, results)
    if office.available():
        print("LibreOffice …", flush=True)
        recalculated(results, len(results.changes) if options.all else SOME_RECALCULATED)
    if BINARY.exists():
        print("the validator …", flush=True)
        validated(results, len(results.changes) if options.all else SOME_VALIDATED)
    results.counts["seconds"] = round(time.monotonic() - started)
    report.write(results, with_corpus=folder is not None)
    print(report.table(results))
    for failure in results.failures:
        print(f"FAILED {failure}")
    for reason, where in results.refusals.items():
        print(f"refused {len(where)}×: {reason}\n  e.g. {where[0]}")
    return 1 if results.failures else 0


sys.exit(main())
