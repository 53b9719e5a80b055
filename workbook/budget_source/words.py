"""Owns the words of finance sheets: what a header means, what makes a row a total, a note or a part of the row above."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from workbook.budget_source.model import AMOUNTS, IGNORE
from workbook.budget_source.money import Stated, money_word, squeeze, tax_in
from workbook.budget_source.periods import read_or_year, without_period

# Meaning → words of a header; behind `=` the rank among columns of one meaning where it is not 2.
EXACT = {
    "contract": "合同编号|合同号|合同号码|合同编码|合同代码|合同|合同名称=1|协议编号|协议号|contract|contract no|contract number",
    "partner": "供应商|供应商名称|供应商全称|合作方|合作方名称|合作单位|合作伙伴|合作伙伴名称|伙伴|伙伴名称|伙伴编号=3|单位名称|乙方|乙方名称|乙方单位|往来单位|往来单位名称|"
    "客商|客商名称|收款单位|收款单位名称|收款方|承包商|承包单位|服务商|供方|供方名称|供货商|供应商编号=1|供应商编码=1|供应商代码=1|往来单位编码=1|对方单位|"
    "partner|supplier|vendor|supplier name|vendor name",
    "project": "项目|项目名称|所属项目|工程项目|工程名称|项目编号=1|项目编码=1|项目代码=1|project|project name",
    "category": "科目|预算科目|科目名称|会计科目|费用类别|费用科目|费用项目|费用名称|费用类型|支出事项|支出项目|支出科目|支出类别|预算项目|成本科目|经济科目|经济分类|事项|"
    "类别|费用明细|支出内容|明细科目=3|科目编码=1|科目编号=1|科目代码=1|预算科目编码=1|category|account|item|cost item",
    "period": "期间|月份|年月|会计期间|会计月份|所属期|所属期间|所属月份|所属年月|季度|预算期间|执行期间|预算月份|年度|预算年度|年份|会计年度|统计期间|归属期间|归属月份|期别|周期|"
    "时间|日期|月|季|年|发生日期|发生月份|记账日期|period|month|quarter|year|date",
    "starts_on": "开始|开始日期|开始时间|起始|起始日期|起始时间|起|起始月|开始月份|期间起|期间开始|服务开始|合同开始日期|from|start|start date",
    "ends_on": "结束|结束日期|结束时间|截止|截止日期|止|终止日期|到期日|结束月份|期间止|期间结束|服务结束|合同结束日期|合同到期日|until|to|end|end date",
    "currency": "币种|货币|币别|原币币种|原币|结算币种|currency",
    "fx_rate": "汇率|折算汇率|记账汇率|结算汇率|exchange rate|fx rate|rate",
    "fx_on": "汇率日期|汇率日|折算日期|汇率时间|rate date|fx date",
    "tax": "含税|是否含税|含税情况|含税标识|含税/不含税|税否",
    "tax_rate": "税率|增值税率|增值税税率|tax rate",
    "voucher": "凭证|凭证号|凭证编号|凭证字号|记账凭证|单据号|单据编号|票据号|报销单号|voucher|voucher no",
    "remark": "备注|说明|附注|备注说明|摘要=1|remark|remarks|note|notes",
    "planned_progress": "计划进度|计划完成进度|计划完成率|应完成进度|计划完成比例|目标进度",
    "progress": "完成进度|进度|完成率|项目进度|实际进度|完成百分比|完工进度|完工率|形象进度|实际完成进度|progress",
    "budget": "budget|约定金额|计划金额|计划支出|计划数|批复数|批复金额|核定数|核定金额|budget amount|agreed budget",
    "actual": "actual|已支付|已支付金额|已付|已付款|已付金额|实付|实付金额|执行数|支出数|支出|支出额|支出金额|发生额|发生数|发生金额|执行金额|执行额|actual amount|spent",
    "committed": "committed|已承诺|承诺|承诺金额|已承诺金额|承诺数|在途|在途金额|在途数|已签未付|已签未付金额|占用|占用金额|预算占用|冻结|冻结金额|预占|预占金额",
}  # fmt: skip
ENDINGS = {
    "合同编号": "contract",
    "合同号": "contract",
    "供应商名称": "partner",
    "项目名称": "project",
    "科目": "category",
}
NEUTRAL = frozenset(
    "累计 本月 本期 本季 当期 本年 年初 调整后 金额 数 编号 名称".split()
)  # mean something with their group only
OURS = "本簿自己计算"
COMPUTED = re.compile(
    r".*(?:执行率|执行进度|支付进度|支付率|支出进度|使用率|差异|差额|差异率|偏差|偏差率|余额|结余|结余率|剩余|剩余预算|可用预算|可用|占比|比重|比例|同比|环比|增减|增减额|增减率|增长率|增幅|超支|节约|节约率|超支率|结转)(?:数|额|金额|情况)?"
    r"|variance|balance|difference|remaining|execution rate|%"
)
EARLIER = re.compile(r"上年|去年|上期|同期|前年|上月|上季|上一年|上年度")
DELTA = re.compile(
    r".*(?:追加|调增|调减|核减|核增|压减|增减)(?:预算)?(?:数|额|金额)?|(?:预算)?调整(?:数|额|金额)|预算(?:调整|追加)(?:数|额|金额)?"
)
BUDGET = re.compile(
    r"(?:年初|期初|原|初始|批复|核定|审定|年度|本年|本年度|当年|全年|本月|本季|本季度|本期|当期|月度|季度|调整后|调整|约定|合同|项目|分项|总|最终|现行|下达|支出|费用|含税|不含税|未税|价税合计|的)*"
    r"预算(?:批复|安排|控制)?(?:总额|总数|金额|数额|指标|额|数)?(?:调整后|调整前|年初|年初数)?|调整后(?:金额|数|额)?|年初(?:金额|数|额)"
)
ACTUAL = re.compile(
    r"(?:本年|本年度|当年|全年|年度|本月|本季|本季度|本期|当期|截至.{0,8}|至今|月度|季度|累计|已|含税|不含税|未税|价税合计|预算|费用|的)*"
    r"(?:实际(?:发生|支出|执行|支付|完成|使用|成本|费用|列支|付款)?|(?:累计|本年|本月|本期|本季|当期|已)(?:支出|发生|执行|支付|付款|列支|使用)|决算)(?:金额|数额|总额|额|数)?(?:累计)?"
)
COMMITTED = re.compile(r"(?:已?承诺|在途|已签未付|预?占用|冻结|预占)(?:预算)?(?:支出)?(?:金额|数额|额|数)?")
NUMBERING = re.compile(r"序号|序|项次|行号|行次|编次|no\.?|#|s/n")
TOTAL_HEAD = re.compile(
    r"(?:全年|年度|本年|各月|横向)?(?:合计|小计|总计|累计|共计)(?:金额|数|额)?|全年|年度|本年|total"
)

TOTAL = re.compile(
    r"[(\[【*]*(?P<front>.{0,24}?)(?P<word>小计|合计|总计|累计|共计|总合计|汇总|subtotal|sub-total|grandtotal|total)[)\]】*]*"
    r"(?:数|额|金额)?(?:[(\[](?:[^()\[\]]*)[)\]])?:?"
)
PLAIN_FRONT = re.compile(r"(?:[一二三四五六七八九十]+、|\d+[.、])?(?:全部|全年|本年|总|以上|金额|年度)?")
FOOTER = re.compile(
    r"(?:注\d*|备注|说明|附注|填表说明|编制说明|制表人?|制单人?|填表人?|填报人|编制人?|审核人?|审批人?|批准人?|复核人?|经办人|[^\d:]{0,6}负责人|分管领导|财务主管|主管|统计人|打印人|单位负责人|"
    r"日期|填表日期|制表日期|打印日期|编制日期|数据来源|联系电话|附件|note|notes|prepared by|approved by|checked by|date|source)\d*(?:[:、.].*|\(签[字章]\).*)?|第\d+页.*|共\d+页.*|page\d+.*|以下(?:空白|无内容|无正文)|以上.{0,40}"
)
OF_WHICH = re.compile(r"(?:[(]?其中)[:]?.*")


@dataclass(frozen=True)
class Meaning:
    """What a header means: code or `ignore` or "" for unknown; rank among equals; what its own words state.

    `cross` is the amount that a column adds up across; `bare` is a span of time with no word for what it holds.
    """

    code: str
    rank: int
    why: str
    span: str = ""
    money: Stated | None = None
    tax: str | None = None
    cross: str = ""
    bare: bool = False


def _exact() -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for code, words in EXACT.items():
        for word in words.split("|"):
            text, _, rank = word.partition("=")
            found.setdefault(squeeze(text), (code, int(rank or 2)))
    return found


_EXACT = _exact()


def _said(words: str) -> tuple[str, int] | None:
    """Code and rank of squeezed words; None where they mean none of our columns."""
    if words in _EXACT:
        return _EXACT[words]
    if any(form.fullmatch(words) for form in (NUMBERING, COMPUTED, DELTA)):
        return IGNORE, 0
    for code, form in (("budget", BUDGET), ("actual", ACTUAL), ("committed", COMMITTED)):
        if form.fullmatch(words):
            return code, 2
    return next(((code, 1) for ending, code in ENDINGS.items() if words.endswith(ending)), None)


@lru_cache(maxsize=8192)
def understand_header(parts: tuple[str, ...]) -> Meaning:
    """What the lines of one column's header mean together: group first, lowest line last."""
    words, notes, spans, money = _taken_apart(parts)
    everything = squeeze("".join(parts))
    tax = tax_in(parts)
    span = _one_span(list(dict.fromkeys(spans)))
    if EARLIER.search(everything):
        return Meaning(IGNORE, 0, "是以前期间的数，不是本期", span)
    if not words and span:
        return Meaning("", 0, "只有期间，没有写预算还是实际", span, money, tax, bare=True)
    if not words:
        return Meaning("", 0, "没有表头")
    heads = [word for word in words if TOTAL_HEAD.fullmatch(word)]
    others = [word for word in words if word not in heads]
    if heads and not spans and not (len(words) == 1 and words[0] in _EXACT):
        said = _best(others, notes)
        if said and said[0] in AMOUNTS and not (heads == ["累计"] or "年度" in heads or "本年" in heads):
            return Meaning(said[0], said[1], "", span, money, tax, cross=said[0])
        if not others and heads != ["累计"]:
            return Meaning("", 0, "横向合计", span, money, tax, cross="?")
    said = _best(words, notes)
    if said is None:
        return Meaning("", 0, "不认识的列", span, money, tax)
    code, rank = said[0], _rank(said, everything)
    return Meaning(code, rank, _reason(words) if code == IGNORE else "", span, money, tax)


def _one_span(spans: list[str]) -> str:
    """The finest span of several lines: a year over months joins them, a quarter over months is its group only."""
    tries = ["".join(spans), *([spans[0] + spans[-1], spans[-1]] if spans else [])]
    return next((text for text in tries if text and read_or_year(text)), "")


def _rank(said: tuple[str, int], everything: str) -> int:
    if said[0] == "budget" and re.search("调整后|调整预算|最终|现行", everything):
        return 3
    if (said[0] == "budget" and re.search("年初|期初|原预算|初始|调整前", everything)) or (
        said[0] == "actual" and re.search("累计|支付|付款|已付|实付", everything)
    ):
        return 1
    return said[1]


def _reason(words: list[str]) -> str:
    if any(NUMBERING.fullmatch(word) for word in words):
        return "行号"
    if DELTA.fullmatch(words[-1]):
        return "是预算的增减数，不是预算"
    return OURS


def _best(words: list[str], notes: list[str]) -> tuple[str, int] | None:
    """The meaning of several lines together: a leaf such as 金额 or 年初 counts with its group, else by itself."""
    if not words:
        return None
    leaf, group = words[-1], "".join(words[:-1])
    tries = [leaf, group + leaf, leaf + group] if group else [leaf]
    tries = [f"{note}{text}" for note in notes for text in tries] + tries
    if group and leaf in NEUTRAL:
        tries = [*tries[1:], leaf]
    return next((said for text in tries if (said := _said(text))), None)


def _taken_apart(parts: tuple[str, ...]) -> tuple[list[str], list[str], list[str], Stated | None]:
    """Bare words, notes in brackets, spans of time and the unit of the lines of a header."""
    words: list[str] = []
    notes: list[str] = []
    spans: list[str] = []
    money: Stated | None = None
    for part in parts:
        text = squeeze(part)
        for note in re.findall(r"[(\[【]([^()\[\]【】]*)[)\]】]", text):
            if stated := money_word(note.split(",")[0].removeprefix("单位:")):
                money = stated
            elif (left := without_period(note))[1] and not left[0]:
                spans.append(left[1])
            elif note and note not in ("%", "必填", "选填") and tax_in([note]) is None:
                notes.append(note)
        bare = re.sub(r"[(\[【][^()\[\]【】]*[)\]】]", "", text).strip("*:")
        bare, unit = _without_unit(bare)
        money = unit or money
        bare, span = without_period(bare)
        if span:
            spans.append(span)
        if bare:
            words.append(bare)
    return words, notes, spans, money


def _without_unit(text: str) -> tuple[str, Stated | None]:
    if stated := money_word(text):
        return "", stated
    head, mark, tail = text.rpartition(":") if ":" in text else text.rpartition("/")
    if mark and (stated := money_word(tail)):
        return head, stated
    found = re.fullmatch(r"(.{2,}?)(人民币元|(?:千|万|百万|亿)?(?:美元|元)|元)", text)
    if found and _said(without_period(found[1])[0]) and (stated := money_word(found[2])):
        return found[1], stated
    return text, None


@dataclass(frozen=True)
class TotalWords:
    """The words of a total: `grand`, `plain` (合计), `running` (累计) or `sub`."""

    label: str
    kind: str


@lru_cache(maxsize=65_536)
def total_words(text: str) -> TotalWords | None:
    """What makes a label a total; None for other words."""
    if not 1 < len(text) <= 60:
        return None
    plain = squeeze(text)
    found = TOTAL.fullmatch(plain)
    if found is None:
        return None
    front, word, label = found["front"], found["word"], " ".join(unicodedata.normalize("NFKC", text).split())
    own = PLAIN_FRONT.fullmatch(front) is not None
    if re.search(r"[,;。]", front) or (word == "汇总" and not own):
        return None
    if word == "累计" or front.endswith("累"):
        return TotalWords(label, "running")
    if own and word in ("总计", "总合计", "grandtotal"):
        return TotalWords(label, "grand")
    return TotalWords(label, "plain" if own and word in ("合计", "共计", "汇总", "total") else "sub")


@lru_cache(maxsize=65_536)
def is_footer(text: str) -> bool:
    """Whether a row that begins so is a note or signature under a table."""
    return FOOTER.fullmatch(squeeze(text)) is not None


@lru_cache(maxsize=65_536)
def is_of_which(text: str) -> bool:
    """Whether a row that begins so is contained in the row above it."""
    return OF_WHICH.fullmatch(squeeze(text)) is not None
