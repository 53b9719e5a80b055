"""Owns the zip around a workbook: members in, members out; what nobody changed is copied with its raw bytes and headers.

Only what a workbook needs is understood: stored and deflated members, no spanning, no zip64, no encryption.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from workbook.errors import NotAWorkbook

LARGEST_PART = 1 << 30
STORED, DEFLATED = 0, 8
ENCRYPTED_FLAG, DESCRIPTOR_FLAG = 0x1, 0x8

_END = struct.Struct("<4s4H2IH")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP64_FIELD = 0x0001


@dataclass(frozen=True)
class Member:
    """One entry of the central directory, with where its bytes lie."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    data: int
    end: int
    central: bytes


class Package:
    """A zip held in memory; `read` unpacks one member, `with_changes` writes the next zip."""

    def __init__(self, blob: bytes):
        self.blob = blob
        end, self.comment = _find_end(blob)
        _, disk, start_disk, here, count, size, offset, _ = _END.unpack_from(blob, end)
        if 0xFFFF in (here, count) or 0xFFFFFFFF in (size, offset):
            raise NotAWorkbook("这个工作簿用了 zip64 格式（超大文件），暂不支持改动。请在 Excel 里另存一次再试。")
        if disk or start_disk or here != count or offset + size != end:
            raise NotAWorkbook("工作簿的压缩包目录已损坏，不能安全地改动。请在 Excel 里打开并另存一次。")
        self._directory = offset
        self.members = {member.name: member for member in self._read_directory(count)}
        if len(self.members) != count:
            raise NotAWorkbook("工作簿里有两个同名的部件，不能确定哪一个有效。请在 Excel 里打开并另存一次。")

    def _read_directory(self, count: int) -> list[Member]:
        entries = []
        position = self._directory
        for _ in range(count):
            try:
                entry = _CENTRAL.unpack_from(self.blob, position)
            except struct.error as error:
                raise _damaged("目录不完整") from error
            if entry[0] != b"PK\x01\x02":
                raise _damaged("目录不完整")
            after = position + _CENTRAL.size + entry[10] + entry[11] + entry[12]
            entries.append((entry, self.blob[position:after]))
            position = after
        if position > len(self.blob):
            raise _damaged("目录不完整")
        offsets = sorted(entry[16] for entry, _ in entries)
        following = dict(zip(offsets, [*offsets[1:], self._directory], strict=True))
        return [self._member(entry, central, following[entry[16]]) for entry, central in entries]

    def _member(self, entry: tuple[Any, ...], central: bytes, end: int) -> Member:
        _, _, _, flags, method, _, _, crc, packed, size, name_length, _, _, _, _, _, offset = entry
        raw_name = central[_CENTRAL.size : _CENTRAL.size + name_length]
        name = _decode_name(raw_name)
        if 0xFFFFFFFF in (packed, size, offset):
            raise NotAWorkbook(f"工作簿的部件 {name} 用了 zip64 格式，暂不支持改动。请在 Excel 里另存一次再试。")
        if flags & ENCRYPTED_FLAG:
            raise NotAWorkbook(f"工作簿的部件 {name} 是加密的，请先在 Excel 里去掉密码。")
        if size > LARGEST_PART:
            raise NotAWorkbook(f"工作簿的部件 {name} 解开后超过 1 GiB，不予读取。")
        if offset + _LOCAL.size > end or self.blob[offset : offset + 4] != b"PK\x03\x04":
            raise _damaged(f"部件 {name} 的位置不对")
        local = _LOCAL.unpack_from(self.blob, offset)
        data = offset + _LOCAL.size + local[9] + local[10]
        if data + packed > end or self.blob[offset + 30 : offset + 30 + name_length] != raw_name:
            raise _damaged(f"部件 {name} 与目录不一致")
        return Member(name, flags, method, crc, packed, size, offset, data, end, central)

    def read(self, name: str) -> bytes:
        """The unpacked bytes of a member, with size and checksum proved."""
        member = self.members[name]
        raw = self.blob[member.data : member.data + member.packed]
        if member.method == DEFLATED:
            inflater = zlib.decompressobj(-15)
            try:
                raw = inflater.decompress(raw, member.size + 1)
            except zlib.error as error:
                raise _damaged(f"部件 {name} 无法解压") from error
        elif member.method != STORED:
            raise NotAWorkbook(f"部件 {name} 用了不支持的压缩方法 {member.method}。请在 Excel 里另存一次再试。")
        if len(raw) != member.size or zlib.crc32(raw) != member.crc:
            raise _damaged(f"部件 {name} 的大小或校验和与目录不符")
        return raw

    def with_changes(self, changed: Mapping[str, bytes], dropped: Set[str] = frozenset()) -> bytes:
        """The zip again: changed members deflated anew, dropped ones left out, all others copied raw and in place."""
        if not changed and not dropped:
            return self.blob
        by_offset = sorted(self.members.values(), key=lambda member: member.offset)
        pieces: list[bytes | memoryview] = []
        central: dict[str, bytes] = {}
        blob = memoryview(self.blob)
        position = by_offset[0].offset if by_offset else 0
        pieces.append(blob[:position])
        for member in by_offset:
            if member.name in dropped:
                continue
            if member.name in changed:
                local, body, entry = self._repacked(member, changed[member.name], position)
                new: list[bytes | memoryview] = [local, body]
                central[member.name] = entry
            else:
                new = [blob[member.offset : member.end]]
                central[member.name] = member.central[:42] + struct.pack("<I", position) + member.central[46:]
            pieces += new
            position += sum(map(len, new))
        directory = b"".join(central[name] for name in self.members if name in central)
        pieces += [directory, _end_record(len(central), len(directory), position, self.comment)]
        return b"".join(pieces)

    def _repacked(self, member: Member, content: bytes, position: int) -> tuple[bytes, bytes, bytes]:
        """Local header, packed body and central entry of a member with new content; names, times and flags stay."""
        deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = deflater.compress(content) + deflater.flush()
        flags = member.flags & ~DESCRIPTOR_FLAG
        sizes = (zlib.crc32(content), len(body), len(content))
        local = list(_LOCAL.unpack_from(self.blob, member.offset))
        names = member.offset + _LOCAL.size + local[9]
        extra = _without_zip64(self.blob[names : names + local[10]])
        local[2:4], local[6:9], local[10] = (flags, DEFLATED), sizes, len(extra)
        name = self.blob[member.offset + _LOCAL.size : names]
        entry = list(_CENTRAL.unpack_from(member.central))
        entry[3:5], entry[7:10], entry[16] = (flags, DEFLATED), sizes, position
        return _LOCAL.pack(*local) + name + extra, body, _CENTRAL.pack(*entry) + member.central[_CENTRAL.size :]


def _damaged(what: str) -> NotAWorkbook:
    return NotAWorkbook(f"工作簿的压缩包已损坏（{what}），不能安全地改动。请在 Excel 里打开并另存一次。")


def _find_end(blob: bytes) -> tuple[int, bytes]:
    """Where the end record stands and the archive comment behind it."""
    if blob.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in blob:
            raise NotAWorkbook("这个工作簿设有打开密码（已加密）。请在 Excel 里去掉打开密码，或另存一份不加密的副本。")
        raise NotAWorkbook("这是旧格式（.xls）的工作簿或加密的文件，请在 Excel 里另存为 .xlsx。")
    lowest = max(0, len(blob) - _END.size - 0xFFFF)
    position = blob.rfind(b"PK\x05\x06", lowest)
    while position >= 0:
        if position + _END.size <= len(blob):
            comment = blob[position + _END.size :]
            if _END.unpack_from(blob, position)[7] == len(comment):
                return position, comment
        position = blob.rfind(b"PK\x05\x06", lowest, position + 3)
    raise NotAWorkbook("这不是 .xlsx 或 .xlsm 工作簿（不是完整的压缩包）。")


def _decode_name(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _without_zip64(extra: bytes) -> bytes:
    """The extra field of a local header without sizes of its own."""
    kept, position = b"", 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        if kind != _ZIP64_FIELD:
            kept += extra[position : position + 4 + length]
        position += 4 + length
    return kept


def _end_record(count: int, size: int, offset: int, comment: bytes) -> bytes:
    return _END.pack(b"PK\x05\x06", 0, 0, count, count, size, offset, len(comment)) + comment
