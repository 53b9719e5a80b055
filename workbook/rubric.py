"""Owns the words of the rubric: what a 1, a 3 and a 5 look like for each indicator that reviewers mark."""

from __future__ import annotations

from collections.abc import Mapping

from workbook.schema import Label

Rubric = tuple[Label, Label, Label]

RUBRIC: Mapping[str, Rubric] = {
    # S2 行业匹配度
    "S2.1": (
        Label("主营业务与我方战略方向没有交集，客户案例都在别的行业", "Main business has nothing in common with our strategy; all cases are in other industries."),
        Label("业务部分重合，有一个同行业案例，关键场景还要一起摸索", "Fields overlap in part; one case in our industry, key situations still to be explored together."),
        Label("深耕我方所在行业，三个以上同类案例可以回访，方向一致", "At home in our industry; three or more like cases that we can call on; same direction."),
    ),
    "S2.2": (
        Label("技术栈与本次需求不相干，要从头学起或整体外包", "Technology unrelated to the need; they would learn from scratch or subcontract all of it."),
        Label("技术栈能接入，两三处需要改造，有可行的改造说明", "Technology can be connected; two or three places need rework, with a workable plan."),
        Label("核心技术正是需求所缺，自有并在产，能与我方一起演进", "Core technology is what we lack; their own, in production, able to grow with us."),
    ),
    "S2.3": (
        Label("现有产品或服务满足不到一半的需求条目", "Products or services meet less than half of the items asked for."),
        Label("满足大部分需求条目，缺的部分有替代办法和时间表", "Most items are met; for the rest there are other ways and a schedule."),
        Label("全部需求条目有现成产品或服务，并带来需求之外的价值", "Every item is met by what exists already, and they add value that was not asked for."),
    ),
    # S3 技术实力
    "S3.2": (
        Label("没有白皮书或演示，交流中答不出关键技术问题", "No white paper or demonstration; key technical questions stay unanswered."),
        Label("有演示，水平与同行相当；难点能说明，但没有验证数据", "A demonstration on a par with peers; hard points explained, but no measured proof."),
        Label("原型或产线实测达标，有公开技术成果，能解决我方难点", "Prototype or line test meets the target; published results; solves our hard points."),
    ),
    "S3.4": (
        Label("近三年没有独立的研发支出，技术靠采购或外包", "No R&D spending of its own in three years; technology is bought or subcontracted."),
        Label("研发支出约占营收 5%，逐年持平，投向与合作方向有关", "R&D is about 5% of revenue, steady, and related to our cooperation."),
        Label("研发支出占营收 10% 以上并逐年增加，有明确的路线图", "R&D is over 10% of revenue and growing, with a clear road map."),
    ),
    "S3.5": (
        Label("架构陈旧、文档缺失，接口封闭，改一处要停全部", "Outdated and undocumented; closed interfaces; one change stops everything."),
        Label("模块化，有接口文档，部分组件仍是单点，扩容要停机", "Modular with documented interfaces; some single points; growing needs downtime."),
        Label("分层清楚、接口开放、可平滑扩容，有容灾演练记录", "Clear layers, open interfaces, grows without downtime, recovery drills on record."),
    ),
    # S4 资金实力
    "S4.2": (
        Label("连续两年亏损且没有可信的扭亏计划", "Two years of losses without a credible plan to turn round."),
        Label("盈利微薄或时有波动，利润率低于同行，原因说得清", "Thin or uneven profit, below peers, for reasons that are explained."),
        Label("连续三年盈利，利润率高于同行，财务报告经过审计", "Three years of profit above peers, in audited reports."),
    ),
    "S4.3": (
        Label("经营现金流为负，依赖借款，拖欠过供应商或工资", "Negative operating cash flow, living on loans, suppliers or wages paid late."),
        Label("经营现金流基本为正，旺季需要短期借款，没有拖欠", "Operating cash flow mostly positive; short loans in season; nothing overdue."),
        Label("经营现金流连年为正，现金够用半年以上，付款信用好", "Positive for years, cash for over half a year, a good payer."),
    ),
    "S4.4": (
        Label("融资来源不明，或股权频繁质押、被冻结", "Unclear sources of funds, or shares often pledged or frozen."),
        Label("股东出资到位，有一两次融资或授信，用途可查", "Capital paid in; one or two rounds or credit lines, their use on record."),
        Label("股东稳定、融资记录清楚，有充足授信且很少动用", "Stable shareholders, clear record, ample credit that is rarely drawn."),
    ),
    # S5 市场影响力
    "S5.1": (
        Label("目标市场里没有听说过，公开资料很少", "Unknown in the target market; hardly any public trace."),
        Label("在本区域或细分行业里有一定知名度", "Known in the region or in its niche."),
        Label("目标市场公认的品牌，行业名录或奖项里常见", "A recognised brand in the target market, often on lists and among awards."),
    ),
    "S5.2": (
        Label("客户少于五家，或一家客户占营收一半以上", "Fewer than five customers, or one of them is over half of revenue."),
        Label("客户十家以上，老客户过半，集中度可以接受", "More than ten customers, over half of them returning, acceptable concentration."),
        Label("客户面广、续约率高，有同类大客户可以访谈", "Broad base, high renewal, large customers like us whom we may interview."),
    ),
    "S5.3": (
        Label("份额小且在下降，没有第三方数据", "A small and shrinking share, no third-party figure."),
        Label("份额居中，近两年稳定，有一份第三方数据", "A middling share, stable for two years, with one third-party figure."),
        Label("细分市场前三，份额上升，多个来源互相印证", "Among the first three of its niche and rising; several sources agree."),
    ),
    "S5.4": (
        Label("第三方平台差评集中，客户访谈有明显不满", "Bad ratings pile up; interviewed customers are plainly unhappy."),
        Label("评价中等，投诉有回应，访谈客户愿意继续合作", "Fair ratings, complaints answered, interviewed customers would stay."),
        Label("口碑一致良好，客户主动推荐，投诉很少且当天处理", "Praised throughout, recommended by customers; rare complaints, handled the same day."),
    ),
    # S6 运营管理能力
    "S6.1": (
        Label("没有项目计划和负责人，近期项目多数延期", "No plans or people in charge; most recent projects were late."),
        Label("有计划、例会和变更记录，项目偶有延期并能说明原因", "Plans, meetings and change records; the odd delay is explained."),
        Label("有项目管理体系，近三个项目按期交付，数据可以出示", "A managed system; the last three projects on time, with figures to show."),
    ),
    "S6.2": (
        Label("关键物料单一来源，没有备选，缺货靠临时找", "Key materials from one source, no alternative, shortages met ad hoc."),
        Label("关键物料有备选，供应商有名录，偶有短缺但不影响交付", "Alternatives for key materials, suppliers on a list; rare shortages do not hit delivery."),
        Label("供应商分级并定期评审，可追溯到批次，有断供预案", "Suppliers graded and reviewed, traceable to the batch, a plan for interruptions."),
    ),
    "S6.3": (
        Label("只做事后检验，没有质量记录，同样问题反复出现", "Inspection after the fact, no records, the same defects come back."),
        Label("有 ISO 9001 或同等体系，过程有检验，问题能闭环", "ISO 9001 or like it; in-process inspection; problems are closed."),
        Label("体系运行有效，用数据控制过程，客户审核没有重大不符", "A system that works, processes run by data, no major finding in customer audits."),
    ),
    # S7 合规性验证：超过最低要求的部分
    "S7.1": (
        Label("只满足最低准入，没有与本次合作有关的行业认证", "Meets the bare minimum; no certificate that matters for this cooperation."),
        Label("有一项相关认证且在有效期内，覆盖主要业务", "One relevant certificate, valid, that covers the main business."),
        Label("相关认证齐全，距到期一年以上，近期监督审核无不符", "All relevant certificates, valid for over a year, clean in the last audit."),
    ),
    # S8 过往记录
    "S8.1": (
        Label("近三年多次列入异常名录或受行政处罚，尚未整改", "Listed or fined several times in three years and not put right."),
        Label("有过一次轻微记录，已移出或整改，证明可查", "One minor record, removed or put right, with proof."),
        Label("公示系统和商业查询都没有不良记录，查询在有效期内", "Nothing adverse in public or commercial registers; the query is recent."),
    ),
    "S8.2": (
        Label("有未决的重大诉讼、失信或被执行记录", "Major lawsuits pending, or enforcement on record."),
        Label("有已结的一般纠纷，责任清楚，已经履行", "Ordinary disputes, closed, with clear blame, and settled."),
        Label("五年内没有重大纠纷，合同履约可以由客户证实", "No major dispute in five years; customers confirm that contracts were kept."),
    ),
    # S9 文化契合度：价值观
    "S9.1": (
        Label("有围标、转包或隐瞒的迹象，回避谈商业伦理", "Signs of collusion, hidden subcontracting or concealment; avoids the subject."),
        Label("有廉洁制度，访谈中态度一致，少数细节没有说清", "Rules on integrity and consistent answers; a few details remain open."),
        Label("制度公开并执行，主动披露利益关系，客户可以作证", "Open and lived rules; discloses interests unasked; customers vouch for it."),
    ),
    "S9.2": (
        Label("只讲合同条款，客户的问题要催多次", "Speaks of clauses only; customers must press again and again."),
        Label("响应及时，按约定办事，很少主动多做", "Answers in time and keeps to what was agreed, rarely more."),
        Label("站在客户角度想问题，问题当天说清，有回访制度", "Thinks from the customer's side, explains the same day, follows up."),
    ),
    "S9.3": (
        Label("做法多年不变，对新办法抵触", "Has done the same for years and resists new ways."),
        Label("愿意试新办法，需要我方推动", "Willing to try new ways when we push."),
        Label("主动提出改进，有小步试错和复盘的习惯", "Proposes improvements; tries in small steps and looks back."),
    ),
    # 沟通偏好
    "S9.4": (
        Label("不愿定期沟通，出了问题才联系", "No regular contact; calls when something is wrong."),
        Label("能按月开会，临时沟通要预约", "Monthly meetings; anything else by appointment."),
        Label("节奏与我方一致，例会按时，日常有人随时接上", "The same rhythm as ours; meetings on time and somebody always there."),
    ),
    "S9.5": (
        Label("渠道分散，没有固定联系人，信息常丢", "Scattered channels, no fixed contact, messages get lost."),
        Label("有固定联系人和群，重要事项偶尔只靠口头", "A contact and a group; important matters sometimes by word of mouth."),
        Label("愿意使用我方协作平台，重要事项都有书面记录", "Willing to use our platform; everything important in writing."),
    ),
    "S9.6": (
        Label("找不到能拍板的人，决定反复变化", "Nobody there can decide, and decisions keep changing."),
        Label("决策人明确，重大事项一周内答复", "It is clear who decides; large matters are answered within a week."),
        Label("授权清楚，现场能定的当场定，重大事项两天内答复", "Clear authority: on the spot where possible, large matters within two days."),
    ),
    # 合作态度
    "S9.7": (
        Label("只派兼职人员，不愿开放资料和环境", "Part-time people only; will not open documents or environments."),
        Label("投入专职人员，资料按需提供", "Dedicated people; documents on request."),
        Label("派驻骨干，开放测试环境和数据，愿意共建团队", "Key people on site, open test environment and data, a joint team."),
    ),
    "S9.8": (
        Label("要求我方承担全部风险，拒绝任何约束条款", "Wants us to bear all risks and refuses any clause that binds."),
        Label("接受常规违约责任，试点费用可以商量", "Accepts ordinary liability; open to talk about pilot costs."),
        Label("主动提出按效果付费或分担试点费用，责任写清楚", "Offers payment by result or shared pilot cost, with clear responsibility."),
    ),
    "S9.9": (
        Label("遇到困难先推责，过去合作中途退出过", "Blames others first; has left a cooperation half-way."),
        Label("遇到困难会协商，需要我方牵头", "Negotiates when it gets hard, with us in the lead."),
        Label("有与客户一起渡过难关的案例，愿意写进协议", "Has come through hard times with customers and will put it in the agreement."),
    ),
}  # fmt: skip

__all__ = ["RUBRIC"]
