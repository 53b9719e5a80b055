"""Owns the ways in which programs pack the same members: every one of these zips holds what the given one holds."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterable

NONE16, NONE32 = 0xFFFF, 0xFFFFFFFF


def contents(data: bytes) -> dict[str, bytes]:
    """Every member, unpacked, in the order of the directory."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A plain zip of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), content, method)
    return file.getvalue()


def stored(data: bytes) -> bytes:
    """Nothing compressed."""
    return packed(contents(data).items(), zipfile.ZIP_STORED)


def shuffled(data: bytes) -> bytes:
    """The members in another order, the content types last."""
    members = list(contents(data).items())
    random.Random(7).shuffle(members)
    return packed(sorted(members, key=lambda member: member[0] == "[Content_Types].xml"))


class _Stream(io.RawIOBase):
    """A pipe: what is written cannot be gone back to, so zipfile writes data descriptors."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        self.data += bytes(piece)  # type: ignore[call-overload]
        return len(bytes(piece))  # type: ignore[call-overload]


def described(data: bytes, *, large: bool = False) -> bytes:
    """Sizes behind each member, as programs write that stream; `large` announces 64-bit sizes for each."""
    stream = _Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, content in contents(data).items():
            with archive.open(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), "w", force_zip64=large) as member:
                member.write(content)
    return bytes(stream.data)


def zip64(data: bytes, *, comment: bytes = b"", sector: bytes = b"") -> bytes:
    """Every number where zip64 puts it: in extra fields of both headers, and in the 64-bit end record."""
    body, directory = b"", b""
    members = contents(data)
    for name, content in members.items():
        deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
        small = deflater.compress(content) + deflater.flush()
        raw, crc, offset = name.encode(), zlib.crc32(content), len(body)
        timed = (45, 0x800, 8, 0, 0x5C22, crc, NONE32, NONE32)
        other = struct.pack("<2HI", 0x9999, 4, 7)  # a field that nobody knows stays
        wide = struct.pack("<2H2Q", 1, 16, len(content), len(small))
        body += (
            struct.pack("<4s5H3I2H", b"PK\x03\x04", *timed, len(raw), len(other + wide)) + raw + other + wide + small
        )
        wide = struct.pack("<2H3Q", 1, 24, len(content), len(small), offset)
        directory += struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", 45, *timed, len(raw), len(other + wide), 0, 0, 0, 0, NONE32
        )
        directory += raw + other + wide
    count, at = len(members), len(body)
    end = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44 + len(sector), 45, 45, 0, 0, count, count, len(directory), at)
    end += sector + struct.pack("<4sIQI", b"PK\x06\x07", 0, at + len(directory), 1)
    end += struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, NONE16, NONE16, NONE32, NONE32, len(comment)) + comment
    return body + directory + end
