"""Owns the words that companies use in their own lists: synonyms of our columns, of choices, units, and of what rows are.

A new synonym goes here and nowhere else. Words are compared in the form that `plain` gives.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

from workbook.schema import Column, Files, Formula, Key, Moment, Submission, Table
from workbook.tables import BY_NAME, Candidates, Partners

# Column name → words for it. A header that ends with one of the words of ENDINGS means the column as well.
SYNONYMS: dict[str, str] = {
    "legal_name": "供应商名称|供应商全称|供应商|供方名称|供方|供货商|供货商名称|厂商|厂商名称|厂家|厂家名称|公司名称|公司全称|公司|单位名称|单位全称|"
    "单位|企业名称|企业全称|企业|客商名称|合作伙伴|合作伙伴名称|伙伴名称|合作方|合作方名称|投标人|投标单位|报名单位|候选企业|候选单位|候选供应商|"
    "被评单位|被评供应商|参评单位|服务商名称|承包商|承包商名称|名称|供應商名稱|供應商|公司名稱|廠商名稱|会社名|取引先|"
    "supplier|supplier name|vendor|vendor name|company|company name|name of company|name of supplier|partner name|"
    "legal entity|organisation|organization|candidate name|bidder|name",
    "credit_code": "信用代码|社会信用代码|统一信用代码|统一社会信用代码证号|纳税人识别号|税号|纳税识别号|营业执照号|营业执照号码|营业执照注册号|三证合一代码|"
    "信用代碼|統一社會信用代碼|uscc|uscc code|social credit code|unified social credit code|tax id|tax number|tax no|taxpayer id|"
    "business licence no|business license no|registration number",
    "contact": "联系人|联络人|联系人姓名|业务联系人|主要联系人|对接人|对方对接人|窗口|聯絡人|聯繫人|担当者|"
    "contact|contact person|contact name|key contact|main contact",
    "phone": "电话|手机|手机号|手机号码|电话号码|联系电话|联系人电话|联系人手机|联系方式|移动电话|固定电话|座机|办公电话|電話|手機|電話番号|"
    "phone|phone number|phone no|telephone|tel|tel no|mobile|mobile phone|cell|cell phone|contact number",
    "email": "邮箱|电子邮箱|邮箱地址|邮件|电子邮件|邮件地址|联系人邮箱|電郵|電子郵件|メール|email|e-mail|mail|email address|e-mail address|mail address",
    "category": "类别|品类|分类|类型|供应商类别|供应商分类|供应商类型|伙伴类别|伙伴类型|合作类型|類別|category|type|supplier type|vendor type|supplier category|class",
    "status": "状态|合作状态|供应商状态|当前状态|狀態|status|state|supplier status",
    "important": "关键伙伴|是否关键|关键供应商|是否关键供应商|重点供应商|是否重点|是否重点供应商|战略供应商|是否战略供应商|key supplier|strategic|critical",
    "since": "合作起始|合作起始日期|合作开始日期|合作开始时间|开始合作日期|开始合作时间|首次合作日期|首次合作时间|合作时间|合作日期|建档日期|建档时间|入库日期|入库时间|准入日期|"
    "准入时间|引入日期|引入时间|since|start date|cooperation since|supplier since|onboarded|onboarding date|date added",
    "manager": "负责人|采购员|采购负责人|我方负责人|我方对接人|采购经理|负责采购|责任人|跟进人|负责采购员|buyer|owner|purchaser|account owner|responsible|relationship manager",
    "remark": "备注|说明|附注|备注说明|備註|備考|remark|remarks|note|notes|comment|comments",
    "company_type": "企业性质|公司性质|单位性质|公司类型|经济性质|company type|legal form|type of company",
    "licence_until": "营业执照有效期|营业执照有效期至|营业执照到期日|执照有效期|执照有效期至|执照到期日|营业期限至|licence expiry|license expiry|licence valid until",
    "business_scope": "营业范围|主营范围|business scope|scope of business",
    "certificates": "资质|资质证书|认证|体系认证|资质认证|认证证书|资质等级|certificates|certifications|qualification|qualifications",
    "records": "不良记录|法律纠纷|重大诉讼|诉讼情况|adverse records|litigation",
    "main_business": "主营|主营产品|主要产品|主营产品/服务|供应产品|供货范围|供应范围|产品与服务|products|main products|products and services",
    "technology": "核心技术|技术栈|technology|tech stack",
    "cases": "案例|典型案例|客户案例|主要客户|references|key customers",
    "team_size": "研发人数|研发人员|研发人员数|研发人员数量|技术人员数|r&d staff|engineers",
    "patents": "专利|专利数|专利数量|patents|number of patents",
    "annual_revenue": "年营业额|营业额|年销售额|销售额|年产值|营收|年收入|营业收入|年度营收|上年营收|上年度营业额|年營收|營業額|"
    "revenue|annual revenue|turnover|annual turnover|annual sales",
    "revenue_year": "营收年份|营收年度|fiscal year|revenue year",
    "profit": "净利|净利润|利润|年利润|年净利润|net profit|profit",
}
SYNONYMS["handler"] = SYNONYMS["manager"]
ENDINGS: dict[str, str] = {
    "legal_name": "供应商名称|供应商全称|公司名称|公司全称|单位名称|企业名称|厂家名称|供方名称|supplier name|vendor name|company name",
    "credit_code": "信用代码|税号|纳税人识别号|信用代碼",
    "contact": "联系人|联络人|contact person",
    "phone": "电话|手机|手机号|手机号码|电话号码|phone|mobile|telephone",
    "email": "邮箱|邮件|email|e-mail",
    "since": "合作日期|合作时间",
    "annual_revenue": "营业额|年营收|营业收入",
}
# A header about somebody or something else: only our own labels may claim it.
ABOUT_OTHERS = re.compile(
    "子公司|母公司|总公司|分公司|上级|集团|曾用|原名|开户|银行|账户|账号|产品|项目|股东|法定|法人|注册地|发票|收货|财务联系|代理人|担保|bank|parent|product|project|"
    "former|invoice|shareholder"
)
REVIEWER = "评分人|评审人|评委|打分人|评审专家|评审员|评价人|考评人|评分者|評審人|reviewer|rater|assessor|scored by|evaluator|judge"
ROLE = "评分部门|评审部门|评分人部门|评审人部门|评委部门|reviewer department"
OF_INDICATORS = "指标|评价指标|评分指标|评分项|评分项目|评价项目|评审项目|评审指标|评分内容|考核指标|評分項目|indicator|indicators|criterion|criteria|item"
BESIDE_INDICATORS = (  # columns of a matrix of indicators that are neither the indicator nor a company
    "序号|编号|维度|一级指标|类别|权重|分值|满分|标准|标准分|评分标准|评价标准|说明|备注|依据|评语|平均|平均分|均分|合计|总分|总计|得分说明|"
    "no|weight|max|maximum|full marks|standard|rubric|remark|remarks|notes|dimension|average|mean|total|comment"
)
LINE_NUMBER = "序号|序|项次|行号|序號|编次|no|no.|#|s/n|serial|line|row"
RESULT = (
    "总分|总得分|合计|合计得分|得分合计|平均|平均分|均分|综合得分|综合评分|加权得分|加权总分|最终得分|最终分数|排名|名次|等级|评级|结论|總分|"
    "total|total score|sum|average|mean|rank|ranking|final score|overall|overall score|grade|result"
)
MARK_WORD = "得分|评分|分数|打分|分|score|mark|points"
EVIDENCE_WORD = "依据|评分依据|打分依据|证据|evidence|basis"
COMMENT_WORD = "评语|意见|评价|理由|comment|comments|reason"
GENERIC_SHEET = re.compile(
    r"(?i)供应商|候选|合作伙伴|评分表|打分表|评审表|评价表|评分|打分|评审|评委|专家|表格?|明细|scores?|scoring|sheet\s*\d*|marks?|[\s_\-—–·:：()（）\d]"
)
SUMMARY_SHEET = re.compile(r"(?i)汇总|总表|统计|平均|结果|排名|summary|total|overall|result|average")
NAMED_REVIEWER = re.compile(
    r"(?i)(?:评分人|评审人|评委|打分人|评审专家|评审员|评价人|reviewer|rater|assessor|evaluator|scored by)(?:姓名|签字|签名)?\s*[:：]\s*([^\s:：,，;；|]{2,30}(?: [A-Z][^\s]*)?)"
)
LIST_OF_CANDIDATES = re.compile(
    r"(?i)候选|拟选|备选|入围|报名|投标|应标|潜在|candidate|applicant|bidder|shortlist|prospect"
)
LIST_OF_PARTNERS = re.compile(
    r"(?i)名录|名册|台账|档案|合格供应商|供应商清单|供应商列表|供应商一览|supplier list|vendor list|approved supplier"
)

SUBTOTAL = re.compile(
    r"(?i)(?:本页|本月|本年|分类|[^\d\s]{0,10}?)?(?:合\s*计|小\s*计|总\s*计|共\s*计|累\s*计|汇\s*总|平均分?|均分|总\s*分|得\s*分|排\s*名|名\s*次)\s*(?:[:：].*|[（(][^()（）]*[)）]|\d.*)?"
    r"|(?:grand |sub)?-?\s?total\s*(?:[:：].*|\d.*)?|sum:?|average:?|count:?\s*\d*|rank:?"
)
FOOTER = re.compile(
    r"(?i)(?:注|备注|说明|填表说明|填写说明|制表人?|制单人?|填表人?|填报人|编制人?|审核人?|审批人?|批准人?|复核人?|经办人|负责人|统计人|日期|填表日期|制表日期|打印日期|编制日期|"
    r"评分人|评审人|评委|签字|签名|签章|盖章|单位[（(]?盖章[)）]?|数据来源|联系电话|附件|附注|note|notes|remarks?|prepared by|approved by|checked by|reviewed by|date|printed|source|"
    r"signature)\s*(?:\d*\s*[:：、.].*|签字.*)|(?:必填|选填|示例|样例|举例)(?:项|行)?\s*(?:[:：,，、；;。（(].*)?|[—\-－*\s]*(?:以下空白|以下无内容|以下无正文|end of list|end)[—\-－*\s]*|第\s*\d+\s*页.*|page \d+.*|以上.{0,40}"
)
FULL_MARKS = "满分|满分值|分值|标准分|标准分值|最高得分|max|max score|maximum|maximum score|full marks|full score"
BESIDE_SCORES = re.compile(  # rows of a scoring sheet that are about its columns, in the form that `plain` gives
    r"(?:各项|指标|评分|评价)?(?:权重|满分值?|分值|标准分值?|标准)(?:[:(].*)?|(?:去掉?)?(?:一个)?最[高低](?:得?分|值).*|极差|标准差|方差|中位数"
    r"|weights?(?: ?%)?|(?:max|min)(?:imum)?(?: score)?|full (?:marks|score)|median|std\.?(?: dev)?"
)
REVIEWER_COLUMN = re.compile(  # a column of a matrix for one reviewer, in the form that `plain` gives
    r"(?:评委|专家|评审专家|评审人|评审员|评分人|打分人|评价人|reviewer|judge|expert|rater|assessor)(?:\s*[\da-z一二三四五六七八九十]{1,2}|:?[^\x00-\x7f]{2,4}|:\s*.{2,30})"
)
REVIEWERS_ABOVE = "评委评分|评委打分|专家评分|专家打分|评审人评分|评审人打分|评委得分|专家得分|各评委|各评委评分|专家|reviewers|judges|experts"
UNITS = {
    "元": 1, "人民币元": 1, "rmb": 1, "cny": 1, "人民币": 1, "千元": 1_000, "万元": 10_000, "万": 10_000, "人民币万元": 10_000, "万人民币": 10_000,
    "rmb万元": 10_000, "万rmb": 10_000, "萬元": 10_000, "百万元": 1_000_000, "百万": 1_000_000, "千万元": 10_000_000, "亿元": 100_000_000, "亿": 100_000_000,
    "cny 10k": 10_000, "10k cny": 10_000, "10k rmb": 10_000, "rmb 10k": 10_000, "cny million": 1_000_000, "million cny": 1_000_000, "rmb million": 1_000_000, "million rmb": 1_000_000,
}  # fmt: skip
FOREIGN_MONEY = re.compile(r"(?i)美元|美金|欧元|港元|港币|日元|英镑|usd|eur|hkd|jpy|gbp|us\$|\$|€|£")
COUNT_WORDS = re.compile(r"[人名项件个位家年度]+")

CHOICES: dict[tuple[str, str], dict[str, str]] = {  # (table, column) → code → words beside our own
    ("partners", "category"): {
        "supplier": "供货商|供方|原材料供应商|材料供应商|设备供应商|零部件供应商|生产商|制造商|vendor|manufacturer",
        "channel": "渠道|经销商|代理商|分销商|渠道伙伴|dealer|distributor|reseller|agent|channel",
        "technology": "技术|技术合作|技术合作伙伴|技术合作方|技术供应商|technology|tech partner",
        "service": "服务|服务供应商|服务类|外包商|外包|咨询服务商|物流服务商|service|services|contractor",
    },
    ("partners", "status"): {
        "active": "正常|在用|启用|合格|有效|正常合作|合作|active|approved|in use|enabled",
        "paused": "暂停合作|冻结|暂停供货|on hold|suspended|paused",
        "left": "退出|终止|终止合作|已终止|已淘汰|淘汰|不再合作|inactive|terminated|exited|closed",
        "barred": "黑名单供应商|禁用|禁止合作|blacklisted|blocked|barred",
        "candidate": "潜在|备选|考察中|待准入|prospect|potential",
    },
    ("partners", "important"): {"yes": "√|✓|y|对|true", "no": "×|✗|n|false"},
    ("candidates", "company_type"): {
        "limited": "有限公司|有限责任|有限责任公司（自然人投资或控股）|民营有限责任公司|ltd|llc",
        "stock": "股份公司|股份有限|上市公司|plc",
        "foreign": "外资|外资企业|外商独资|中外合资|合资|foreign",
        "sole": "个人独资|合伙企业|个体工商户|个人独资企业|partnership",
        "public": "事业单位|社会组织|科研院所",
    },
    ("candidates", "status"): {"reviewing": "审阅中", "scoring": "评审中|评分中", "declined": "落选|淘汰", "withdrawn": "撤回|放弃"},
    ("reviewers", "role"): {
        "business": "业务部|市场部|销售部", "technology": "技术部|研发部|研发|工程部", "purchasing": "采购部|供应链|供应链部", "legal": "法务部|法律",
        "finance": "财务部", "quality": "质量部|质管部|品质部|品管部",
    },
}  # fmt: skip


def split_words(text: str) -> frozenset[str]:
    """The words of a list as the tables above write it, with bars between them."""
    return frozenset(plain(word) for word in text.split("|") if word)


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """A word without what varies: width, case, blanks between Chinese characters, stars, ends' punctuation."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("：", ":")
    text = re.sub(r"\s+", " ", text).strip(" *:.。、_")
    return re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", text)


class Heading(NamedTuple):
    """A header taken apart: the words without brackets, and what stood in brackets or behind the words as a unit."""

    words: str
    notes: tuple[str, ...]


@lru_cache(maxsize=65_536)
def heading(text: str) -> Heading:
    """A header taken apart: `年营收（万元）` is 年营收 with 万元."""
    normal = unicodedata.normalize("NFKC", text)
    notes = tuple(plain(note) for note in re.findall(r"[(\[【]([^()\[\]【】]*)[)\]】]", normal))
    words = plain(re.sub(r"[(\[【][^()\[\]【】]*[)\]】]", "", normal))
    for mark in (":", "/", ",", "-"):
        head, found, tail = words.partition(mark)
        if found and tail.strip() in UNITS:
            return Heading(plain(head), (*notes, tail.strip()))
    unit = next(
        (u for u in sorted(UNITS, key=len, reverse=True) if len(u) > 1 and words.endswith(u) and words != u), ""
    )
    if unit and not unit.isascii():
        return Heading(plain(words.removesuffix(unit)), (*notes, unit))
    return Heading(words, notes)


def vocabulary(table: type[Table]) -> dict[str, str]:
    """Every word of a table's columns → the column's name; our own labels first, in both languages."""
    return _vocabulary(table.name)


@cache
def _vocabulary(table_name: str) -> dict[str, str]:
    table = BY_NAME[table_name]
    found: dict[str, str] = {}
    for name, column in columns_of(table).items():
        for label in column.label:
            found.setdefault(plain(label), name)
    for name in columns_of(table):
        for word in split_words(SYNONYMS.get(name, "")):
            found.setdefault(word, name)
    return found


@cache
def endings(table_name: str) -> tuple[tuple[str, str], ...]:
    """The endings that mean a column of a table, longest first."""
    pairs = [(word, name) for name in columns_of(BY_NAME[table_name]) for word in split_words(ENDINGS.get(name, ""))]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


def columns_of(table: type[Table]) -> dict[str, Column]:
    """The columns of a table that an old list can fill: neither its key nor what the system writes."""
    system = {"version", "verification", "reply"}
    return {
        name: column
        for name, column in table.columns.items()
        if not isinstance(column, Key | Submission | Files | Formula | Moment) and name not in system
    }


def match(table: type[Table], text: str) -> tuple[str, float]:
    """The column that a header means, and how sure that is (1 our label, 0.95 a synonym, 0.8 an ending, else 0)."""
    words = heading(text).words
    if not words:
        return "", 0.0
    name = vocabulary(table).get(words, "")
    if name:
        return name, 1.0 if words in map(plain, table.columns[name].label) else 0.95
    if not ABOUT_OTHERS.search(words):
        for ending, name in endings(table.name):
            if words.endswith(ending) and (not ending.isascii() or words[-len(ending) - 1] == " "):
                return name, 0.8
    return "", 0.0


@cache
def word_set(text: str) -> frozenset[str]:
    """The words of one of the lists above, ready to compare."""
    return split_words(text)


def says(words: str, text: str) -> bool:
    """Whether a header is one of the words of a list."""
    return heading(text).words in word_set(words)


@cache
def any_header_words() -> frozenset[str]:
    """Every word that makes a row look like a header."""
    lists = (REVIEWER, ROLE, OF_INDICATORS, LINE_NUMBER)
    return (
        frozenset(vocabulary(Partners)) | frozenset(vocabulary(Candidates)) | frozenset().union(*map(word_set, lists))
    )


@cache
def choice_words(table: str, column: str) -> dict[str, str]:
    """The words for a choice beside its own labels → its code."""
    given = CHOICES.get((table, column), {})
    return {word: code for code, text in given.items() for word in split_words(text)}


def unit_of(notes: tuple[str, ...]) -> int | None:
    """The unit of money that a header's notes name: yuan in one unit; None if they name none."""
    for note in notes:
        text = plain(re.sub("单位:?", "", note))
        if text in UNITS:
            return UNITS[text]
    return None
