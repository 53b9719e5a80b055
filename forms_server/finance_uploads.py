"""Owns a budget sheet between its upload and the word to write it: a private file, a signed reference, an hour.

The reference is of the token that uploaded the sheet; it is taken once, so that a second press writes nothing twice.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

from itsdangerous import BadSignature, URLSafeTimedSerializer

from forms_server.uploads import display_name
from workbook.errors import PartnerBookError

MEGABYTES = 20
SECONDS = 3600
SUFFIXES = (".xlsx", ".xlsm", ".xls", ".csv")
_ID = re.compile(r"[0-9a-f]{32}")


class NoBudgetFile(PartnerBookError):
    """Nothing was chosen, or the file is empty."""

    def __init__(self) -> None:
        super().__init__("没有收到文件，或者文件是空的。请选择财务的预算表再上传。")


class BudgetFileTooLarge(PartnerBookError):
    """The file is over the limit."""

    def __init__(self, name: str):
        super().__init__(f"“{name}”超过 {MEGABYTES} MB，没有收下。请去掉图片和无关的工作表，或分成几份上传。")


class UploadGone(PartnerBookError):
    """The reference is old, forged, of another token, or its sheet was written already."""

    def __init__(self) -> None:
        super().__init__("这份上传已超过一小时，或者已经写入过，没有再写。请看一下数据，需要时重新上传。")


class Waiting(NamedTuple):
    """A sheet that waits for a word: the file's name, its bytes, the source it is filed under, and what was said of it."""

    id: str
    name: str
    data: bytes
    source: str
    said: dict[str, str]  # what the sheet does not state itself: unit, tax, year, currency, rate, rate_on


class BudgetUploads:
    """The sheets of one book that wait."""

    def __init__(self, folder: Path, secret: bytes, clock: Callable[[], float] = time.time):
        self._folder, self._clock = folder / "uploads", clock
        self._signer = URLSafeTimedSerializer(secret, salt="partnerbook.finance.upload")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def receive(self, stream: IO[bytes], name: str, source: str, said: dict[str, str]) -> Waiting:
        """Store a sheet for an hour.

        Raises:
            NoBudgetFile, BudgetFileTooLarge: it is not kept.
        """
        self.sweep()
        shown, limit = display_name(name), MEGABYTES * 1_000_000
        data = stream.read(limit + 1)
        if not data:
            raise NoBudgetFile
        if len(data) > limit:
            raise BudgetFileTooLarge(shown)
        waiting = Waiting(secrets.token_hex(16), shown, data, source, said)
        descriptor = os.open(self._folder / waiting.id, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
        return waiting

    def sign(self, waiting: Waiting, token_id: str) -> str:
        """The reference that the page carries."""
        said = self._signer.dumps([waiting.id, waiting.name, waiting.source, waiting.said, token_id])
        return said if isinstance(said, str) else said.decode()

    def take(self, reference: str, token_id: str) -> Waiting:
        """The sheet behind a reference; from now on nobody else gets it.

        Raises:
            UploadGone: there is none.
        """
        self.sweep()
        try:
            file_id, name, source, said, owner = self._signer.loads(reference, max_age=SECONDS)
        except (BadSignature, TypeError, ValueError):
            raise UploadGone from None
        if owner != token_id or not _ID.fullmatch(file_id):
            raise UploadGone
        taken = self._folder / f"{file_id}.taken"
        try:
            (self._folder / file_id).rename(taken)
        except OSError:
            raise UploadGone from None
        return Waiting(file_id, name, taken.read_bytes(), source, said)

    def put_back(self, waiting: Waiting) -> None:
        """It could not be written now: the same reference works again."""
        with contextlib.suppress(OSError):
            (self._folder / f"{waiting.id}.taken").rename(self._folder / waiting.id)

    def drop(self, waiting: Waiting) -> None:
        """It was written, or is refused for good."""
        for name in (waiting.id, f"{waiting.id}.taken"):
            (self._folder / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what nobody said a word about within the hour."""
        for file in self._folder.iterdir():
            with contextlib.suppress(OSError):
                if self._clock() - file.stat().st_mtime > SECONDS:
                    file.unlink()
