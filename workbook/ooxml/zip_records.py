"""Owns the records of a zip: its end, its directory entries, and the 64-bit forms of both where a number needs one."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from workbook.errors import NotAWorkbook

CENTRAL = struct.Struct("<4s6H3I5H2I")
LOCAL = struct.Struct("<4s5H3I2H")
_END = struct.Struct("<4s4H2IH")
_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FIELD64 = 0x0001
_VERSION64 = 45
# These stand for "see the 64-bit record"; the limits apart from them, so that a test can lower them.
_NONE16, _NONE32 = 0xFFFF, 0xFFFFFFFF
LIMIT16, LIMIT32 = _NONE16, _NONE32


@dataclass(frozen=True)
class Directory:
    """Where the central directory lies, how many entries it has, and the comment behind everything."""

    offset: int
    end: int
    count: int
    comment: bytes


@dataclass(frozen=True)
class Entry:
    """One entry of the central directory with its numbers in full."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    bytes: bytes

    @property
    def name(self) -> str:
        """The name as text; old zips wrote it in the code page of DOS."""
        try:
            return self.raw_name.decode("utf-8")
        except UnicodeDecodeError:
            return self.raw_name.decode("cp437")


def damaged(what: str) -> NotAWorkbook:
    """The refusal of an archive that cannot be trusted."""
    return NotAWorkbook(f"工作簿的压缩包已损坏（{what}），不能安全地改动。请在 Excel 里打开并另存一次。")


def find_directory(blob: bytes) -> Directory:
    """The directory of a zip; what is encrypted, no zip, in several volumes or cut off is refused."""
    end, comment = _find_end(blob)
    _, disk, start_disk, here, count, size, offset, _ = _END.unpack_from(blob, end)
    at = end - _LOCATOR.size
    if at >= 0 and blob[at : at + 4] == b"PK\x06\x07":
        _, disk, end, volumes = _LOCATOR.unpack_from(blob, at)
        if end + _END64.size > at or blob[end : end + 4] != b"PK\x06\x06" or volumes > 1:
            raise damaged("zip64 的目录尾不完整")
        _, length, _, _, disk, start_disk, here, count, size, offset = _END64.unpack_from(blob, end)
        if end + 12 + length != at:
            raise damaged("zip64 的目录尾不完整")
    if disk or start_disk or here != count or offset + size != end:
        raise damaged("目录的位置不对")
    return Directory(offset, end, count, comment)


def _find_end(blob: bytes) -> tuple[int, bytes]:
    """Where the end record stands and the archive comment behind it."""
    if blob.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in blob:
            raise NotAWorkbook("这个工作簿设有打开密码（已加密）。请在 Excel 里去掉打开密码，或另存一份不加密的副本。")
        raise NotAWorkbook("这是旧格式（.xls）的工作簿或加密的文件，请在 Excel 里另存为 .xlsx。")
    lowest = max(0, len(blob) - _END.size - _NONE16)
    position = blob.rfind(b"PK\x05\x06", lowest)
    while position >= 0:
        if position + _END.size <= len(blob):
            comment = blob[position + _END.size :]
            if _END.unpack_from(blob, position)[7] == len(comment):
                return position, comment
        position = blob.rfind(b"PK\x05\x06", lowest, position + 3)
    raise NotAWorkbook("这不是 .xlsx 或 .xlsm 工作簿（不是完整的压缩包）。")


def entries(blob: bytes, directory: Directory) -> Iterator[Entry]:
    """The entries of the directory in their order."""
    position = directory.offset
    for _ in range(directory.count):
        if position + CENTRAL.size > directory.end or blob[position : position + 4] != b"PK\x01\x02":
            raise damaged("目录不完整")
        fields = CENTRAL.unpack_from(blob, position)
        after = position + CENTRAL.size + fields[10] + fields[11] + fields[12]
        if after > directory.end:
            raise damaged("目录不完整")
        yield _entry(blob[position:after])
        position = after
    if position != directory.end:
        raise damaged("目录里的部件比声明的多")


def _entry(central: bytes) -> Entry:
    fields = CENTRAL.unpack_from(central)
    extra = CENTRAL.size + fields[10]
    wide = _wide_numbers(central[extra : extra + fields[11]])

    def full(number: int) -> int:
        if number != _NONE32:
            return number
        if not wide:
            raise damaged("zip64 的部件目录不完整")
        return wide.pop(0)

    size, packed, offset = full(fields[9]), full(fields[8]), full(fields[16])
    return Entry(central[CENTRAL.size : extra], fields[3], fields[4], fields[7], packed, size, offset, central)


def _wide_numbers(extra: bytes) -> list[int]:
    for kind, content in _extra_fields(extra):
        if kind == _FIELD64:
            return [number for (number,) in struct.iter_unpack("<Q", content[: len(content) // 8 * 8])]
    return []


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        yield kind, extra[position + 4 : position + 4 + length]
        position += 4 + length


def without_wide_numbers(extra: bytes) -> bytes:
    """Extra fields without the 64-bit one; as they were if there is none."""
    fields = list(_extra_fields(extra))
    if all(kind != _FIELD64 for kind, _ in fields):
        return extra
    return b"".join(struct.pack("<2H", kind, len(content)) + content for kind, content in fields if kind != _FIELD64)


def moved_entry(entry: Entry, offset: int) -> bytes:
    """The entry of a member that lies elsewhere now; its numbers are 64-bit only where they must be."""
    return renewed_entry(entry, entry.flags, entry.method, (entry.crc, entry.packed, entry.size), offset)


def renewed_entry(entry: Entry, flags: int, method: int, content: tuple[int, int, int], offset: int) -> bytes:
    """The entry with other flags, method, content (checksum, packed size, size) and place; all else as it was."""
    fields = list(CENTRAL.unpack_from(entry.bytes))
    names = CENTRAL.size + fields[10]
    extra = without_wide_numbers(entry.bytes[names : names + fields[11]])
    comment = entry.bytes[names + fields[11] :]
    crc, packed, size = content
    wide = [number for number in (size, packed, offset) if number >= LIMIT32]
    if wide:
        extra = struct.pack(f"<2H{len(wide)}Q", _FIELD64, 8 * len(wide), *wide) + extra
        fields[2] = max(fields[2], _VERSION64)
    fields[3:5], fields[7:10] = (flags, method), (crc, _short(packed), _short(size))
    fields[11], fields[13], fields[16] = len(extra), 0, _short(offset)
    return CENTRAL.pack(*fields) + entry.raw_name + extra + comment


def _short(number: int) -> int:
    return _NONE32 if number >= LIMIT32 else number


def end_records(count: int, size: int, offset: int, comment: bytes) -> bytes:
    """What stands behind the directory; a 64-bit record and its locator come first only where they must."""
    wide = b""
    if count >= LIMIT16 or size >= LIMIT32 or offset >= LIMIT32:
        numbers = (count, count, size, offset)
        wide = _END64.pack(b"PK\x06\x06", _END64.size - 12, _VERSION64, _VERSION64, 0, 0, *numbers)
        wide += _LOCATOR.pack(b"PK\x06\x07", 0, offset + size, 1)
    shown = _NONE16 if count >= LIMIT16 else count
    return wide + _END.pack(b"PK\x05\x06", 0, 0, shown, shown, _short(size), _short(offset), len(comment)) + comment
