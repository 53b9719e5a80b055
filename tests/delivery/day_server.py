"""Owns one server of a test's day, which delivers and evaluates a little more eagerly: python -m … BOOK DATA."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from forms_server import serving
from forms_server.delivery import Loop
from forms_server.house import open_house

if __name__ == "__main__":
    serving.Loop = partial(Loop, pause=0.3, quiet=0.6)  # type: ignore[misc,assignment]
    house = open_house(Path(sys.argv[1]), Path(sys.argv[2]))
    serving.run_server(house, "127.0.0.1", 0, lambda url: print(url, flush=True))
