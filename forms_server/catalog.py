"""Owns which forms exist: their address, the table they fill, and the words around the questions.

The questions themselves come from the table; nothing here repeats them. `{company}` is filled in from the book.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from workbook.schema import Label
from workbook.tables import Appeals, Candidates, Incidents, Issues, Proposals, Satisfaction, Table


class Step(NamedTuple):
    """One step after sending: the codes of the staff's state that mean it, its name and what happens in it."""

    codes: tuple[str, ...]
    label: Label
    words: Label


@dataclass(frozen=True, kw_only=True)
class FormPage:
    """A form as partners see it."""

    slug: str
    table: type[Table]
    title: Label
    lede: Label
    who: Label
    minutes: int
    received: Label  # the heading of the receipt
    button: Label
    privacy: Label  # what is kept and who sees it, directly above the button
    declaration: Label
    steps: tuple[Step, ...]
    before: tuple[Label, ...] = ()  # what people should know before the first question
    guide: bool = False  # a long form lists its parts beside the questions
    by_publication: bool = False  # open only while a row of 需求发布 is, if any is published
    timed: bool = False  # its level sets time limits: they stand before the first question and on the receipt
    autocomplete: Mapping[str, str] = field(default_factory=dict)  # by column: what a browser may offer


CANDIDATE = FormPage(
    slug="candidate",
    table=Candidates,
    title=Label("供应商候选资料", "Supplier application"),
    lede=Label("把资料备齐约需 40 分钟。缺的附件会记为“待补”，不影响提交。", "About 40 minutes with your papers at hand. Missing documents are noted as “to follow” and do not stop you."),
    who=Label("希望成为{company}供应商、渠道商或技术伙伴的企业", "Companies that wish to supply or work with {company}"),
    minutes=40,
    received=Label("已收到您的资料", "Your application has arrived"),
    button=Label("提交资料", "Submit application"),
    privacy=Label(
        "资料和附件只由{company}负责合作伙伴甄选的人员查看，保存在{company}自己的服务器和工作簿里，用于评审和联系您。",
        "Only the staff of {company} who choose partners see this. It is kept on the servers and in the workbook of {company}, to review the application and to reach you.",
    ),
    declaration=Label("我有权代表企业提交，以上内容属实", "I may submit this for the company, and it is true"),
    steps=(
        Step(("received",), Label("已提交", "Sent"), Label("回执号是凭证，请保存。", "The receipt number is your proof; keep it.")),
        Step(
            ("reviewing", "returned"), Label("资料审阅", "Review of the papers"),
            Label("先核实企业和联系人，再审阅资料。资料不全会退回补正，要补什么写在本页。", "Company and contact are checked first, then the papers. What has to be added is written on this page."),
        ),
        Step(("scoring",), Label("评分与评审会", "Scoring and panel"), Label("按公布的五个维度评分，由评审会讨论。", "Scored on the five published dimensions and discussed by a panel.")),
        Step(
            ("recommended", "declined", "withdrawn"), Label("通知结果", "Decision"),
            Label("无论是否入选，结果都会写在本页。", "Either way, the result is written on this page."),
        ),
    ),
    guide=True,
    by_publication=True,
    autocomplete={"legal_name": "organization", "contact": "name"},
)  # fmt: skip

SATISFACTION = FormPage(
    slug="satisfaction",
    table=Satisfaction,
    title=Label("合作满意度调查", "Satisfaction survey"),
    lede=Label("五个方面，约 3 分钟。", "Five topics, about 3 minutes."),
    who=Label("与{company}合作的企业，以及{company}的项目人员；实名", "Partners of {company} and its own project staff; named"),
    minutes=3,
    received=Label("已收到您的答卷", "Your answer has arrived"),
    button=Label("实名提交", "Submit with my name"),
    privacy=Label(
        "答卷连同姓名和邮箱保存在{company}的服务器和工作簿里，由负责合作关系的人员查看，用于改进合作和回复您。",
        "Your answer is kept with name and mail on the servers and in the workbook of {company}; the staff who look after the relation use it to improve and to answer you.",
    ),
    declaration=Label("我知道这份答卷是实名的", "I know that this answer carries my name"),
    before=(
        Label("这是实名调查：评分、意见、姓名和邮箱保存在一起。", "This survey is named: marks, words, name and mail are kept together."),
        Label("{company}负责合作关系的人员能看到全部内容。", "The staff of {company} who look after the relation see all of it."),
        Label("说不准的方面请选“不了解”，不计分。", "Choose “Cannot say” where you cannot judge; it does not count."),
    ),
    steps=(
        Step(("received",), Label("已提交", "Sent"), Label("回执号是凭证，请保存。", "The receipt number is your proof; keep it.")),
        Step(("read",), Label("阅读", "Read"), Label("由负责合作关系的人员阅读。", "The staff who look after the relation read it.")),
        Step(("discussed",), Label("沟通", "Talk"), Label("需要时按您留的邮箱联系您。", "If need be they write to your mail address.")),
        Step(("acted",), Label("改进", "Improvement"), Label("改进措施写在本页。", "What changes is written on this page.")),
    ),
    autocomplete={"company": "organization", "respondent": "name"},
)  # fmt: skip

INCIDENT = FormPage(
    slug="incident",
    table=Incidents,
    title=Label("突发事件报告", "Incident report"),
    lede=Label("先报已知的，约 5 分钟。不清楚的写“待查”。", "Report what is known, about 5 minutes. Write “unknown” for the rest."),
    who=Label("发现中断、泄露、质量或安全事故的合作伙伴", "Partners who notice an interruption, a leak, a quality or safety incident"),
    minutes=5,
    received=Label("已收到您的报告", "Your report has arrived"),
    button=Label("提交报告", "Submit report"),
    privacy=Label(
        "报告由{company}负责应急处理的人员查看，保存在{company}自己的服务器和工作簿里，用于处理事件和联系您。",
        "The staff of {company} who handle emergencies see this. It is kept on the servers and in the workbook of {company}, to handle the incident and to reach you.",
    ),
    declaration=Label("我如实报告目前所知", "This is what I know at present"),
    steps=(
        Step(("reported",), Label("已报告", "Reported"), Label("回执号是凭证，请保存。", "The receipt number is your proof; keep it.")),
        Step(("assessment",), Label("初步评估", "Initial assessment"), Label("核对事实，确定严重程度。", "The facts are checked and the severity is set.")),
        Step(("responsibility",), Label("责任界定", "Responsibility"), Label("查明原因和责任方。", "Cause and responsible party are found.")),
        Step(("measures",), Label("措施实施", "Measures"), Label("采取措施，进展写在本页。", "Measures are taken; progress is written on this page.")),
        Step(("repair_check", "closed"), Label("修复验证", "Verification"), Label("验证通过后关闭。", "The incident is closed after the repair is verified.")),
    ),
    autocomplete={"company": "organization", "reporter": "name"},
)  # fmt: skip

ISSUE = FormPage(
    slug="issue",
    table=Issues,
    title=Label("问题反馈", "Report an issue"),
    lede=Label("一个问题一份，约 5 分钟。提交后立刻显示应响应和应解决的时间。", "One issue a form, about 5 minutes. Its due times are shown as soon as it is sent."),
    who=Label("合作中遇到问题、有变更或需要答复的合作伙伴，以及{company}的员工", "Partners with an issue, a change or a question, and the staff of {company}"),
    minutes=5,
    received=Label("已收到您反馈的问题", "Your issue has arrived"),
    button=Label("提交问题", "Submit issue"),
    privacy=Label(
        "内容和附件由{company}负责处理问题的人员查看，保存在{company}自己的服务器和工作簿里，用于处理问题和联系您。",
        "The staff of {company} who handle issues see this. It is kept on the servers and in the workbook of {company}, to handle the issue and to reach you.",
    ),
    declaration=Label("我如实反馈目前所知", "This is what I know at present"),
    before=(
        Label("紧急：业务停了、数据或安全受影响。请立刻打电话，同时提交本表，时限从收到时起算。", "Urgent: work has stopped, or data or safety is affected. Call at once and send this form as well; the clock runs from its arrival."),
        Label("一般：其他问题。在这里提交或用日常渠道反馈，处理进展写在回执页。", "Ordinary: everything else. Send it here or by the daily channel; progress is written on the receipt."),
        Label("泄露、事故和中断请用“突发事件报告”。", "For leaks, accidents and interruptions use the incident report."),
    ),
    steps=(
        Step(("open",), Label("已提交", "Sent"), Label("回执号是凭证，请保存。", "The receipt number is your proof; keep it.")),
        Step(("answered", "waiting"), Label("处理", "In progress"), Label("负责人先响应，再处理；等您答复时会暂停计时。", "Somebody answers, then works on it; the clock stops while we wait for you.")),
        Step(("resolved",), Label("解决与验证", "Solved, to be verified"), Label("由另一个人验证是否真的解决。", "Somebody else verifies that it is solved.")),
        Step(("closed",), Label("关闭", "Closed"), Label("验证通过并写明原因后关闭；没有解决可以重开。", "Closed once verified, with its cause; it can be reopened.")),
    ),
    timed=True,
    autocomplete={"company": "organization", "reporter": "name"},
)  # fmt: skip

INNOVATION = FormPage(
    slug="innovation",
    table=Proposals,
    title=Label("创新提案", "Innovation proposal"),
    lede=Label("一个提案一份，约 10 分钟。数字说不准可以不填。", "One proposal a form, about 10 minutes. Leave out figures that you do not have."),
    who=Label("对流程、技术、产品、成本或服务有改进办法的合作伙伴", "Partners who know how to improve a process, technology, product, cost or service"),
    minutes=10,
    received=Label("已收到您的提案", "Your proposal has arrived"),
    button=Label("提交提案", "Submit proposal"),
    privacy=Label(
        "提案和附件由{company}负责合作绩效和评估提案的人员查看，保存在{company}自己的服务器和工作簿里，用于评估提案和答复您。",
        "The staff of {company} who assess proposals and performance see this. It is kept on the servers and in the workbook of {company}, to assess the proposal and to answer you.",
    ),
    declaration=Label("我有权代表企业提出，提案不侵犯他人权利", "I may propose this for my company, and it infringes no rights of others"),
    before=(
        Label("采纳的提案计入绩效的创新贡献；节约金额由{company}核实，核实之前不计。", "An adopted proposal counts as innovation in your rating; a saving counts once {company} has verified it."),
        Label("不想公开的技术细节先不写，采纳后再约定保密。", "Leave out details that you keep secret; secrecy is agreed after adoption."),
    ),
    steps=(
        Step(("received",), Label("已提交", "Sent"), Label("回执号是凭证，请保存。", "The receipt number is your proof; keep it.")),
        Step(("assessing",), Label("价值评估", "Assessment"), Label("先核实企业，再评估价值和可行性。", "The company is checked first, then value and feasibility are assessed.")),
        Step(("adopted", "declined"), Label("通知结果", "Decision"), Label("无论是否采纳，结果都会写在本页。", "Either way, the result is written on this page.")),
        Step(("realised",), Label("实施与核实", "Put into practice"), Label("采纳的提案实施以后核实节约金额。", "Once an adopted proposal works, its saving is verified.")),
    ),
    autocomplete={"company": "organization", "proposer": "name"},
)  # fmt: skip

APPEAL = FormPage(
    slug="appeal",
    table=Appeals,
    title=Label("绩效申诉", "Appeal against a rating"),
    lede=Label("一项指标一份，约 5 分钟。请写明哪个数不对，依据是什么。", "One measure a form, about 5 minutes. Say which number is wrong, and why."),
    who=Label("收到{company}绩效结果通知、对结果有异议的合作伙伴", "Partners who received a rating from {company} and disagree with it"),
    minutes=5,
    received=Label("已收到您的申诉", "Your appeal has arrived"),
    button=Label("提交申诉", "Submit appeal"),
    privacy=Label(
        "申诉和附件由{company}负责复核绩效的人员查看，保存在{company}自己的服务器和工作簿里，用于复核结果和答复您。",
        "The staff of {company} who look at ratings again see this. It is kept on the servers and in the workbook of {company}, to review the result and to answer you.",
    ),
    declaration=Label("我有权代表企业申诉，以上内容属实", "I may appeal for my company, and this is true"),
    before=(
        Label("请准备好结果通知：要填其中的考核周期和指标。", "Have the notice at hand: the form asks for its period and measure."),
        Label("申诉期间原结果有效；更正时另出一份结果，原来的保留。", "The result stands meanwhile; a correction is a new result, and the old one is kept."),
    ),
    steps=(
        Step(("received",), Label("已提交", "Sent"), Label("回执号是凭证，请保存。", "The receipt number is your proof; keep it.")),
        Step(("reviewing",), Label("复核", "Review"), Label("先核实企业，再核对原始记录和您的依据。", "The company is checked first, then the records and your evidence.")),
        Step(("upheld", "corrected"), Label("通知结果", "Decision"), Label("维持或更正，理由都写在本页。", "Upheld or corrected, the reasons are written on this page.")),
    ),
    autocomplete={"company": "organization", "appellant": "name"},
)  # fmt: skip

FORMS: tuple[FormPage, ...] = (CANDIDATE, ISSUE, SATISFACTION, INCIDENT, INNOVATION, APPEAL)
BY_SLUG: dict[str, FormPage] = {form.slug: form for form in FORMS}
