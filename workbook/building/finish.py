"""Owns the last touches to a book that we just made: named styles, hidden names, and bytes that do not vary."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence

from workbook.look import house_styles

EPOCH = (1980, 1, 1, 0, 0, 0)


def finish(data: bytes, named: Mapping[str, Sequence[int]]) -> bytes:
    """The book with its house styles, and with our own defined names hidden from the name manager."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as done:
        for member in made.namelist():
            content = made.read(member)
            if member == "xl/styles.xml":
                content = house_styles(content.decode("utf-8"), named).encode("utf-8")
            elif member == "xl/workbook.xml":
                content = hide_names(content.decode("utf-8")).encode("utf-8")
            info = zipfile.ZipInfo(member, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            done.writestr(info, content)
    return out.getvalue()


def hide_names(xml: str) -> str:
    """Names that only the program reads are hidden: nobody should delete them while tidying up."""
    return re.sub(r'<definedName name="(_PartnerBook_\w+)"', r'<definedName name="\1" hidden="1"', xml)
