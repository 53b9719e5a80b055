"""Owns how the workbook looks: palette, meanings, named cell styles, theme and table style.

XlsxWriter can write neither named cell styles nor a table style: `house_styles` adds both to the styles part of a
book that we just made ourselves. No other book is ever changed this way.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.theme import THEME_XML_2007

from workbook.schema import Chapter, Label

FONT = "Microsoft YaHei"
WHITE = "#FFFFFF"
INK, TEXT2, TEXT3 = "#1B2A30", "#55646B", "#66747A"
RULE, PANEL, WASH = "#D5DCDE", "#F4F7F7", "#E6EFEE"
ACCENT, ACCENT_MID, ACCENT_SOFT = "#0F5F66", "#6FA5A6", "#CFE3E1"
INPUT_FILL, INPUT_INK = "#FFFBEC", "#1D3F8F"
HEAD_PARTNER = "#A9CBCA"
OCHRE, SLATE, SILVER = "#C58B1B", "#7C8A91", "#C3CCCF"
BAD, BLUE = "#A5301F", "#3B4F7A"

TABLE_STYLE = "PartnerBook"


@dataclass(frozen=True)
class Meaning:
    """What a chip says, three times over: ink, ground and glyph. The worse, the darker."""

    ink: str
    fill: str | None
    glyph: str
    bold: bool = False


# Only what wants attention is filled, so that the page still reads on a grey printer.
MEANINGS: Mapping[str, Meaning] = {
    "good": Meaning(ACCENT, None, "●"),
    "info": Meaning(BLUE, None, "○"),
    "watch": Meaning("#6B4700", "#F8DD9B", "▲", bold=True),
    "bad": Meaning(WHITE, BAD, "■", bold=True),
    "mute": Meaning("#5F6D73", None, "–"),
    "watch text": Meaning("#7A5200", None, "▲", bold=True),
    "bad text": Meaning(BAD, None, "■", bold=True),
}

CHAPTERS: Mapping[Chapter, str] = {
    Chapter.OVERVIEW: INK,
    Chapter.SETTINGS: "#6C7A82",
    Chapter.SOURCING: ACCENT,
    Chapter.ONBOARDING: "#4E8E7D",
    Chapter.RELATIONS: "#4F6396",
    Chapter.PERFORMANCE: "#7F5C8E",
    Chapter.FINANCE: "#B07C16",
    Chapter.RISK: BAD,
}

# The dimensions in a chart of theirs, and the ink that reads on each: one hue for each of the policy's four criteria.
SERIES: Mapping[str, tuple[str, str]] = {
    "S2": (ACCENT, WHITE),
    "S3": (BLUE, WHITE), "S4": ("#5C6FA3", WHITE), "S5": ("#8E9DC4", INK), "S6": ("#C6CFE4", INK),
    "S7": (OCHRE, INK), "S8": ("#EBCB80", INK),
    "S9": ("#7F5C8E", WHITE),
}  # fmt: skip

_LINE = {"bottom": 1, "bottom_color": RULE}
_HEAD = {"bold": True, "text_wrap": True, "align": "center", "left": 1, "right": 1, "left_color": WHITE, "right_color": WHITE}  # fmt: skip


def _head(ink: str, fill: str, line: str, **more: Any) -> dict[str, Any]:
    return {**_HEAD, "font_color": ink, "bg_color": fill, "bottom": 2, "bottom_color": line, **more}


# What stands in the style gallery; every cell format derives from one of them.
STYLES: Mapping[str, tuple[Label, dict[str, Any]]] = {
    "title": (Label("标题", "Title"), {"font_size": 18, "bold": True}),
    "subtitle": (Label("副题", "Subtitle"), {"font_color": TEXT2}),
    "section": (Label("节标题", "Section"), {"font_size": 12, "bold": True, "bottom": 2, "bottom_color": ACCENT}),
    "head staff": (Label("表头 填写", "Header input"), _head(WHITE, ACCENT, ACCENT)),
    "head partner": (Label("表头 伙伴", "Header partner"), _head(INK, HEAD_PARTNER, ACCENT)),
    "head system": (Label("表头 系统", "Header system"), _head(INK, WASH, ACCENT)),
    "head formula": (Label("表头 公式", "Header formula"), _head(TEXT2, PANEL, SLATE, italic=True)),
    "input": (Label("输入", "Input"), {"bg_color": INPUT_FILL, "font_color": INPUT_INK, **_LINE}),
    "data": (Label("系统", "Data"), {**_LINE}),
    "formula": (Label("公式", "Formula"), {"bg_color": PANEL, "font_color": TEXT2, **_LINE}),
    "total": (Label("合计", "Total"), {"bold": True, "bg_color": PANEL, "align": "right", "indent": 1}),
    "link": (Label("链接", "Link"), {"font_color": ACCENT}),
}


class Look:
    """The formats of one workbook, each made once and each derived from a named style or from none."""

    def __init__(self, book: Workbook, lang: str):
        self.book = book
        self.lang = lang
        self._made: dict[tuple[Any, ...], Format] = {}
        self._by_style: dict[str, list[Format]] = {}
        for style in STYLES:
            self.cell(style)._get_xf_index()  # type: ignore[no-untyped-call]  # keep it though no cell uses it as it is

    def cell(self, style: str | None = None, **props: Any) -> Format:
        """The format of a named style with some properties of its own."""
        wanted = {"valign": "vcenter", "font_color": INK, **(STYLES[style][1] if style else {}), **props}
        key = (style, *sorted(wanted.items()))
        if key not in self._made:
            self._made[key] = self.book.add_format(wanted)
            if style:
                self._by_style.setdefault(style, []).append(self._made[key])
        return self._made[key]

    def chip(self, meaning: str, number_format: str = "@", *, glyph: bool = True) -> Format:
        """A conditional format; the glyph is in its number format, so that the cell keeps the plain word."""
        key = ("chip", meaning, number_format, glyph)
        if key not in self._made:
            said = MEANINGS[meaning]
            props: dict[str, Any] = {"font_color": said.ink, "bold": said.bold}
            if said.fill:
                props["bg_color"] = said.fill
            if glyph:
                props["num_format"] = f'"{said.glyph} "{number_format}'
            self._made[key] = self.book.add_format(props)
        return self._made[key]

    def rule(self, **props: Any) -> Format:
        """A conditional format of a table of its own: what it changes and nothing else."""
        key = ("rule", *sorted(props.items()))
        if key not in self._made:
            self._made[key] = self.book.add_format(props)
        return self._made[key]

    def named_indexes(self) -> dict[str, list[int]]:
        """Style name in the gallery → indexes of the cell formats that derive from it, its own first."""
        prefix = Label("伙伴簿", "PartnerBook").get(self.lang)
        return {
            f"{prefix} {STYLES[style][0].get(self.lang)}": [index for f in formats if (index := _index(f)) is not None]
            for style, formats in self._by_style.items()
        }


def _index(made: Format) -> int | None:
    """The index that XlsxWriter gave a cell format when it wrote the book; None for one that no cell uses."""
    found: Any = made.xf_index
    return None if found is None else int(found)


def theme() -> io.StringIO:
    """Excel's own theme with our colours and fonts, so that what staff insert later matches."""
    xml = THEME_XML_2007
    slots = {
        "dk2": INK, "lt2": PANEL, "accent1": ACCENT, "accent2": OCHRE, "accent3": SLATE, "accent4": BAD,
        "accent5": ACCENT_MID, "accent6": SILVER, "hlink": ACCENT, "folHlink": TEXT2,
    }  # fmt: skip
    for slot, colour in slots.items():
        xml = re.sub(rf'(<a:{slot}>)<a:srgbClr val="\w+"/>', rf'\1<a:srgbClr val="{colour[1:]}"/>', xml)
    xml = re.sub(r'(<a:theme [^>]*name=")[^"]+', r"\g<1>PartnerBook", xml)
    xml = re.sub(r'(<a:(?:major|minor)Font><a:latin typeface=")[^"]+', rf"\g<1>{FONT}", xml)
    xml = re.sub(r'(<a:font script="Hans" typeface=")[^"]+', r"\g<1>微软雅黑", xml)
    return io.StringIO(xml)


def house_styles(xml: str, named: Mapping[str, Sequence[int]]) -> str:
    """The styles part of a book of ours, with the named cell styles and the table style added."""
    return _with_table_style(_with_named_styles(xml, named))


def _with_named_styles(xml: str, named: Mapping[str, Sequence[int]]) -> str:
    body = _group(r"<cellXfs[^>]*>(.*?)</cellXfs>", xml)
    formats = re.findall(r"<xf [^>]*?/>|<xf .*?</xf>", body, re.DOTALL)
    base = int(_group(r'<cellStyleXfs count="(\d+)"', xml))
    style_formats, styles = [], []
    for at, (name, indexes) in enumerate(named.items(), start=base):
        style_formats.append(re.sub(r' xfId="\d+"', "", formats[indexes[0]]))
        styles.append(f'<cellStyle name="{name}" xfId="{at}"/>')
        for index in indexes:
            formats[index] = re.sub(r' xfId="\d+"', f' xfId="{at}"', formats[index])
    xml = xml.replace(body, "".join(formats))
    xml = _longer(xml, "cellStyleXfs", style_formats)
    return _longer(xml, "cellStyles", styles)


def _with_table_style(xml: str) -> str:
    dxf = int(_group(r'<dxfs count="(\d+)"', xml))
    xml = _longer(
        xml,
        "dxfs",
        [
            f'<dxf><border><bottom style="thin"><color rgb="FF{ACCENT[1:]}"/></bottom>'
            f'<horizontal style="hair"><color rgb="FF{RULE[1:]}"/></horizontal></border></dxf>',
            f'<dxf><font><b/><color rgb="FF{INK[1:]}"/></font><fill><patternFill patternType="solid">'
            f'<bgColor rgb="FF{WASH[1:]}"/></patternFill></fill></dxf>',
        ],
    )
    style = (
        f'<tableStyles count="1" defaultTableStyle="{TABLE_STYLE}" defaultPivotStyle="PivotStyleLight16">'
        f'<tableStyle name="{TABLE_STYLE}" pivot="0" count="2">'
        f'<tableStyleElement type="wholeTable" dxfId="{dxf}"/><tableStyleElement type="headerRow" dxfId="{dxf + 1}"/>'
        "</tableStyle></tableStyles>"
    )
    return re.sub(r"<tableStyles [^>]*/>", style, xml)


def _group(pattern: str, xml: str) -> str:
    found = re.search(pattern, xml, re.DOTALL)
    if not found:
        raise ValueError(f"the styles part holds nothing like {pattern}")
    return found[1]


def _longer(xml: str, element: str, more: Sequence[str]) -> str:
    """The list element with members added at its end and its count kept true."""
    count = int(_group(rf'<{element} count="(\d+)"', xml)) + len(more)
    head, tail = re.split(rf"</{element}>", xml, maxsplit=1)
    head = re.sub(rf'<{element} count="\d+"', f'<{element} count="{count}"', head)
    return f"{head}{''.join(more)}</{element}>{tail}"
