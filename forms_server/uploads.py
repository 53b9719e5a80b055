"""Owns files that come with a submission: streamed to disk under random ids, judged by structure, never by name.

    pending/<id>  received, the form is not sent yet (swept after 30 days)
    <id>          belongs to a submission that has, or is about to get, a receipt

A file that was accepted travels through further tries as a signed value, bound to the submission and the question.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import struct
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import filetype
from itsdangerous import BadSignature, URLSafeSerializer

from workbook.schema import FileRef, Invalid

MEGABYTE = 1_000_000
PENDING_DAYS = 30
_ID = re.compile(r"[0-9a-f]{32}")
_SUFFIXES = {
    "pdf": "pdf", "jpg": "jpg", "jpeg": "jpg", "png": "png", "heic": "heic", "heif": "heic", "ofd": "ofd",
    "docx": "docx", "pptx": "pptx", "xlsx": "xlsx",
}  # fmt: skip
ACCEPT = ",".join(f".{suffix}" for suffix in _SUFFIXES)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_ZIP_END = b"PK\x05\x06"


def display_name(name: str) -> str:
    """The sender's name for a file, fit to be shown and saved: no folders, controls, direction marks or bad ends."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    kept = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    kept = re.sub(r'[<>:"|?*\ufffd]', "_", re.sub(r"\s+", " ", kept)).strip(" .")
    if _RESERVED.match(kept):
        kept = f"_{kept}"
    stem, dot, suffix = kept.rpartition(".")
    if dot and len(suffix) <= 5:
        return f"{stem[:80].rstrip() or 'file'}.{suffix}"
    return kept[:80] or "file"


class Uploads:
    """The files of one book."""

    def __init__(self, folder: Path, secret: bytes, clock: Callable[[], float] = time.time):
        self._kept, self._pending, self._clock = folder, folder / "pending", clock
        self._signer = URLSafeSerializer(secret, salt="partnerbook.file")
        self._swept = 0.0
        self._pending.mkdir(parents=True, exist_ok=True, mode=0o700)

    def receive(self, stream: IO[bytes], name: str, megabytes: int) -> FileRef:
        """Store a file that just came in and judge it; raises `Invalid` with a sentence that names it.

        Raises:
            OSError: the disk refused (full, gone); nothing is kept.
        """
        self._sweep()
        shown, file_id = display_name(name), secrets.token_hex(16)
        path = self._pending / file_id
        try:
            size, digest = _store(stream, path, megabytes * MEGABYTE)
            if size > megabytes * MEGABYTE:
                raise Invalid(
                    f"“{shown}”超过 {megabytes} MB，请压缩或拆分后再传",
                    f"“{shown}” is over {megabytes} MB; make it smaller or split it",
                )
            if size == 0:
                raise Invalid(f"“{shown}”是空文件，请检查后再传", f"“{shown}” is empty; check it and add it again")
            kind = judge(path, shown)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        if "." not in shown:
            shown = f"{shown}.{kind}"
        return FileRef(file_id, shown, size, digest, kind)

    def sign(self, ref: FileRef, submission: str, column: str) -> str:
        """The value that carries an accepted file through the page."""
        return self._text(self._signer.dumps([submission, column, *ref]))

    def read(self, token: str, submission: str, column: str) -> FileRef | None:
        """The file that a carried value stands for; None if it is forged, foreign or no longer here."""
        try:
            owner, question, *parts = self._signer.loads(token)
            ref = FileRef(*parts)
        except (BadSignature, TypeError, ValueError):
            return None
        if (owner, question) != (submission, column) or not self.find(ref.id):
            return None
        return ref

    def find(self, file_id: str) -> Path | None:
        """Where a file lies, or None."""
        if not _ID.fullmatch(file_id):
            return None
        return next((p for p in (self._kept / file_id, self._pending / file_id) if p.is_file()), None)

    def drop(self, ref: FileRef) -> None:
        """Forget a file that was taken off a form that is not sent yet."""
        (self._pending / ref.id).unlink(missing_ok=True)

    def keep(self, refs: Iterable[FileRef]) -> list[FileRef]:
        """Make files part of a submission, **before** its receipt exists; returns those that moved.

        Raises:
            OSError: a file cannot be moved; those already moved are put back.
        """
        moved: list[FileRef] = []
        try:
            for ref in refs:
                if not (self._kept / ref.id).is_file():
                    (self._pending / ref.id).rename(self._kept / ref.id)
                    moved.append(ref)
            if moved:
                _sync_folder(self._kept)
        except OSError:
            self.release(moved)
            raise
        return moved

    def release(self, refs: Iterable[FileRef]) -> None:
        """Undo `keep`: no receipt was given."""
        for ref in refs:
            (self._kept / ref.id).rename(self._pending / ref.id)

    def _sweep(self) -> None:
        """Delete what was never sent, at most once an hour."""
        now = self._clock()
        if now - self._swept < 3600:
            return
        self._swept = now
        for path in self._pending.iterdir():
            try:
                if now - path.stat().st_mtime > PENDING_DAYS * 86_400:
                    path.unlink()
            except FileNotFoundError:  # another thread was first
                continue

    @staticmethod
    def _text(value: str | bytes) -> str:
        return value.decode() if isinstance(value, bytes) else value


def _store(stream: IO[bytes], path: Path, limit: int) -> tuple[int, str]:
    """Copy a stream to disk, synced; stops soon after the limit. Memory stays flat."""
    size, digest = 0, hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), "wb") as f:
        while size <= limit and (part := stream.read(256 * 1024)):
            size += len(part)
            digest.update(part)
            f.write(part)
        f.flush()
        os.fsync(f.fileno())
    return size, digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def judge(path: Path, name: str) -> str:
    """The kind of a file by its structure; raises `Invalid` if it is none of ours, or its name says another."""
    suffix = name.rpartition(".")[2].casefold() if "." in name else ""
    claimed = _SUFFIXES.get(suffix)
    if suffix and claimed is None:
        raise Invalid(
            f"不支持 {suffix.upper()[:10]}，请把“{name}”另存为 PDF 或 JPG 后再传",
            f"{suffix.upper()[:10]} is not accepted; save “{name}” as PDF or JPG and add it again",
        )
    found = _kind(path)
    if found is None:
        looks = filetype.guess(str(path))  # type: ignore[no-untyped-call]
        what = f"（内容像是 {looks.extension.upper()}）" if looks else ""
        what_en = f" (it looks like {looks.extension.upper()})" if looks else ""
        raise Invalid(
            f"“{name}”不是完整的 {suffix.upper() or '文档或照片'} 文件{what}，请重新导出后再传",
            f"“{name}” is no complete {suffix.upper() or 'document or photo'}{what_en}; export it anew and add it again",
        )
    if claimed not in (None, found):
        raise Invalid(
            f"“{name}”的内容其实是 {found.upper()}，请改用原来的文件名后再传",
            f"“{name}” is really {found.upper()}; give it its own name back and add it again",
        )
    return found


def _kind(path: Path) -> str | None:
    size = path.stat().st_size
    with path.open("rb") as f:
        head = f.read(1024)
        f.seek(max(0, size - 65_557))
        tail = f.read()
        if head.startswith(b"PK\x03\x04"):
            return _zip_kind(path, tail, size)
        if _hides_a_zip(tail):
            return None
        if head.startswith(b"%PDF-"):
            return "pdf" if tail.rstrip(b"\0\t\n\f\r ").endswith(b"%%EOF") else None
        if b"%PDF-" in head:  # a reader of PDF would take it: two files in one
            return None
        if head.startswith(b"\xff\xd8\xff"):
            return "jpg" if b"\xff\xd9" in tail else None
        if head.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"):
            return "png" if _png_is_whole(f, size) else None
        if head[4:8] == b"ftyp":
            return "heic" if _heic_is_whole(f, size) else None
    return None


def _hides_a_zip(tail: bytes) -> bool:
    """Whether the end of a file is the directory of a zip, so that it is two files in one."""
    at = tail.rfind(_ZIP_END)
    if at < 0 or len(tail) < at + 22:
        return False
    entries, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    start = at - length
    return bool(entries) and (start < 0 or tail[start : start + 4] == b"PK\x01\x02")


def _zip_kind(path: Path, tail: bytes, size: int) -> str | None:
    """OFD and the Office kinds by their members; the directory is bounded before it is read, nothing is unpacked."""
    at = tail.rfind(_ZIP_END)
    if at < 0 or len(tail) < at + 22:
        return None
    entries, length, offset, comment = struct.unpack("<HIIH", tail[at + 10 : at + 22])
    end = size - len(tail) + at
    if entries > 5000 or length > 2 * MEGABYTE or at + 22 + comment != len(tail) or offset + length != end:
        return None
    try:
        with zipfile.ZipFile(path) as opened:
            names = {member.filename for member in opened.infolist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return None
    if "OFD.xml" in names:
        return "ofd"
    if "[Content_Types].xml" not in names or any(n.casefold().endswith("vbaproject.bin") for n in names):
        return None
    mains = {"word/document.xml": "docx", "ppt/presentation.xml": "pptx", "xl/workbook.xml": "xlsx"}
    return next((kind for main, kind in mains.items() if main in names), None)


def _png_is_whole(f: IO[bytes], size: int) -> bool:
    """Chunk by chunk to IEND, which is the end of the file."""
    at = 8
    for _ in range(100_000):
        f.seek(at)
        header = f.read(8)
        if len(header) < 8:
            return False
        length, name = struct.unpack(">I4s", header)
        at += 12 + length
        if name == b"IEND":
            return bool(at == size)
        if at > size:
            return False
    return False


def _heic_is_whole(f: IO[bytes], size: int) -> bool:
    """A HEIF brand with HEVC in it, and boxes that end where the file ends."""
    at, names = 0, list[bytes]()
    while at < size and len(names) < 1000:
        f.seek(at)
        header = f.read(16)
        if len(header) < 8:
            return False
        length, name = struct.unpack(">I4s", header[:8])
        if name == b"ftyp":
            brands = header[8:12] + f.read(min(max(length - 16, 0), 256))
            if not any(b in brands for b in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")):
                return False
        if length == 1 and len(header) == 16:
            length = struct.unpack(">Q", header[8:16])[0]
        if length == 0:
            length = size - at
        if length < 8:
            return False
        names.append(name)
        at += length
    return at == size and b"meta" in names
