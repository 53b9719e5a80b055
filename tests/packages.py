"""Owns taking packages apart in tests, without our own code: raw members, and rewritten copies."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping

Change = bytes | None | Callable[[bytes], bytes]


def raw_members(data: bytes) -> dict[str, bytes]:
    """The compressed bytes of each member, as they lie in the file."""
    members = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            name_length, extra = struct.unpack_from("<HH", data, info.header_offset + 26)
            start = info.header_offset + 30 + name_length + extra
            members[info.filename] = data[start : start + info.compress_size]
    return members


def rewrite(data: bytes, changes: Mapping[str, Change]) -> bytes:
    """A copy with members replaced (bytes), edited (a function), dropped (None) or added."""
    out = io.BytesIO()
    left = dict(changes)
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as fresh:
        for info in archive.infolist():
            content: bytes | None = archive.read(info)
            if info.filename in left:
                change = left.pop(info.filename)
                old = content
                content = change(content or b"") if callable(change) else change
                assert content != old, f"the change of {info.filename} changes nothing"
            if content is not None:
                fresh.writestr(info.filename, content)
        for name, change in left.items():
            assert isinstance(change, bytes), f"no member {name}"
            fresh.writestr(name, change)
    return out.getvalue()


def member(data: bytes, name: str) -> bytes:
    """One member, unpacked."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)
