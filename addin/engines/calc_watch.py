"""Owns that a LibreOffice started by us ends with us: a process of its own that waits for its standard input to close.

Run as a script: `calc_watch.py PROFILE COMMAND…`. It starts the command and reads its input until it ends, which it does
when the program that started it says so or dies, however it dies. Then it ends the command with all its children and
removes the profile folder. Standard library only, nothing imported from the project: it must start anywhere.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

ORDERLY = b"quit"  # the office was asked to end by itself
_PATIENCE = 15.0  # seconds


def _end(office: subprocess.Popen[bytes]) -> None:
    """Ends the office and its children: a request first, then by force."""
    if os.name == "nt":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(office.pid)], check=False, capture_output=True)
        return
    for sign, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
        try:
            os.killpg(office.pid, sign)
        except ProcessLookupError:
            return
        give_up = time.monotonic() + patience
        while time.monotonic() < give_up:
            office.poll()
            try:
                os.killpg(office.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.05)


def main(profile: str, command: list[str]) -> None:
    """Runs the command until standard input ends, then leaves nothing behind."""
    office = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    said = sys.stdin.buffer.read()
    if said == ORDERLY:
        with contextlib.suppress(subprocess.TimeoutExpired):  # then it is ended below
            office.wait(_PATIENCE)
    _end(office)
    for _ in range(20):
        shutil.rmtree(profile, ignore_errors=True)
        if not os.path.exists(profile):  # noqa: PTH110
            break
        time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
