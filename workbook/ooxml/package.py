"""Owns the zip around a workbook: members in, members out; what nobody changed is copied with its raw bytes and headers.

Only what a workbook needs is understood: stored and deflated members, zip64 or not, one volume, no encryption.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Set
from dataclasses import dataclass

from workbook.errors import NotAWorkbook
from workbook.ooxml.zip_records import (
    LOCAL,
    Entry,
    damaged,
    end_records,
    entries,
    find_directory,
    moved_entry,
    renewed_entry,
    without_wide_numbers,
)

LARGEST_PART = 1 << 30
STORED, DEFLATED = 0, 8
# On a sheet of 45 MB level 5 takes half the time of level 6 and half a percent more room.
LEVEL = 5
ENCRYPTED_FLAG, DESCRIPTOR_FLAG = 0x1, 0x8


@dataclass(frozen=True)
class Member:
    """One member: its entry in the directory, where its packed bytes begin, and where the next member does."""

    entry: Entry
    data: int
    end: int

    @property
    def name(self) -> str:
        """Its name in the archive."""
        return self.entry.name


class Package:
    """A zip held in memory; `read` unpacks one member, `with_changes` writes the next zip."""

    def __init__(self, blob: bytes):
        self.blob = blob
        directory = find_directory(blob)
        self.comment = directory.comment
        found = list(entries(blob, directory))
        offsets = sorted(entry.offset for entry in found)
        following = dict(zip(offsets, [*offsets[1:], directory.offset], strict=True))
        members = [self._member(entry, following[entry.offset]) for entry in found]
        self.members = {member.name: member for member in members}
        if len(self.members) != directory.count:
            raise NotAWorkbook("工作簿里有两个同名的部件，不能确定哪一个有效。请在 Excel 里打开并另存一次。")

    def _member(self, entry: Entry, end: int) -> Member:
        name, offset = entry.name, entry.offset
        if entry.flags & ENCRYPTED_FLAG:
            raise NotAWorkbook(f"工作簿的部件 {name} 是加密的，请先在 Excel 里去掉密码。")
        if entry.size > LARGEST_PART:
            raise NotAWorkbook(f"工作簿的部件 {name} 解开后超过 1 GiB，不予读取。")
        if offset + LOCAL.size > end or self.blob[offset : offset + 4] != b"PK\x03\x04":
            raise damaged(f"部件 {name} 的位置不对")
        local = LOCAL.unpack_from(self.blob, offset)
        names = offset + LOCAL.size
        data = names + local[9] + local[10]
        if data + entry.packed > end or self.blob[names : names + local[9]] != entry.raw_name:
            raise damaged(f"部件 {name} 与目录不一致")
        return Member(entry, data, end)

    def read(self, name: str) -> bytes:
        """The unpacked bytes of a member, with size and checksum proved; never more than it declares."""
        member = self.members[name]
        entry = member.entry
        raw = self.blob[member.data : member.data + entry.packed]
        if entry.method == DEFLATED:
            try:
                raw = zlib.decompressobj(-15).decompress(raw, entry.size + 1)
            except zlib.error as error:
                raise damaged(f"部件 {name} 无法解压") from error
        elif entry.method != STORED:
            raise NotAWorkbook(f"部件 {name} 用了不支持的压缩方法 {entry.method}。请在 Excel 里另存一次再试。")
        if len(raw) != entry.size or zlib.crc32(raw) != entry.crc:
            raise damaged(f"部件 {name} 的大小或校验和与目录不符")
        return raw

    def with_changes(self, changed: Mapping[str, bytes], dropped: Set[str] = frozenset()) -> bytes:
        """The zip again: changed members deflated anew, dropped ones left out, all others copied raw and in place."""
        if not changed and not dropped:
            return self.blob
        by_offset = sorted(self.members.values(), key=lambda member: member.entry.offset)
        blob = memoryview(self.blob)
        position = by_offset[0].entry.offset if by_offset else 0
        pieces: list[bytes | memoryview] = [blob[:position]]
        central: dict[str, bytes] = {}
        for member in by_offset:
            if member.name in dropped:
                continue
            if member.name in changed:
                head, body, central[member.name] = self._repacked(member, changed[member.name], position)
                new: list[bytes | memoryview] = [head, body]
            else:
                new = [blob[member.entry.offset : member.end]]
                central[member.name] = moved_entry(member.entry, position)
            pieces += new
            position += sum(map(len, new))
        directory = b"".join(central[name] for name in self.members if name in central)
        pieces += [directory, end_records(len(central), len(directory), position, self.comment)]
        return b"".join(pieces)

    def _repacked(self, member: Member, content: bytes, position: int) -> tuple[bytes, bytes, bytes]:
        """Local header, packed body and central entry of a member with new content; names, times and flags stay."""
        entry = member.entry
        deflater = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
        body = deflater.compress(content) + deflater.flush()
        flags = entry.flags & ~DESCRIPTOR_FLAG
        sizes = (zlib.crc32(content), len(body), len(content))
        local = list(LOCAL.unpack_from(self.blob, entry.offset))
        extra = without_wide_numbers(self.blob[member.data - local[10] : member.data])
        local[2:4], local[6:9], local[10] = (flags, DEFLATED), sizes, len(extra)
        head = LOCAL.pack(*local) + entry.raw_name + extra
        return head, body, renewed_entry(entry, flags, DEFLATED, sizes, position)
