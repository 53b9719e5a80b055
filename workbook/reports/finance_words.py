"""Owns the words of the finance workbook in both languages."""

from __future__ import annotations

from workbook.schema import Label

ABOUT = Label("说明", "About")
SUMMARY = Label("汇总", "Summary")
LINES = Label("预算执行", "Budget execution")
CHART_DATA = Label("图表数据", "Chart data")

TITLE = Label("预算执行：给财务的一份", "Budget execution for finance")
WHAT = Label(
    "“汇总”按伙伴，“预算执行”一行一笔。这是导出时的样子，改它不会改伙伴簿；金额都是人民币元，精确到分。",
    "By partner in Summary, line by line in Budget execution; amounts are yuan to the cent. Changing this file changes nothing in the book.",
)
COMPANY = Label("公司", "Company")
AS_OF = Label("数据截至", "As of")
SNAPSHOT = Label("快照", "Snapshot")
FINGERPRINT = Label("文件指纹", "Fingerprint")
LINE_COUNT = Label("行数", "Lines")
LEVEL = Label("数据级别", "Data level")
CONNECT = Label("怎样连到自己的程序", "How to connect your own programs")
COLUMNS = Label("每一列是什么", "What each column is")
NAME, HEADER, MEANING = Label("名称", "Name"), Label("表头", "Header"), Label("含义", "Meaning")

SUMMARY_TITLE = Label("预算执行汇总", "Budget execution by partner")
MEASURE = Label(
    "按伙伴的约定预算、实际发生和已承诺，万元，坐标从零开始；数据截至 {as_of}",
    "Budget, actual and committed by partner in 10,000 yuan, axis from zero; as of {as_of}",
)
AXIS = Label("万元", "10,000 yuan")
OTHERS = Label("其他 {count} 家", "{count} others")
UNMATCHED = Label("未匹配", "Without partner")
TOTAL = Label("合计", "Total")
PARTNER, LEGAL_NAME = Label("伙伴编号", "Partner"), Label("企业名称", "Partner name")
BUDGET, ACTUAL, COMMITTED = Label("约定预算", "Budget"), Label("实际发生", "Actual"), Label("已承诺", "Committed")

OVER = Label(
    "{name}超支最多：{amount} 元，执行率 {rate}%；共 {count} 家超出预算",
    "{name} is most over budget: {amount} yuan, execution rate {rate}%; {count} over budget in all",
)
WITHIN = Label(
    "{name}用得最多：执行率 {rate}%；没有一家超出预算", "{name} used most: execution rate {rate}%; none is over budget"
)
NO_RATE = Label("还没有约定预算，算不出执行率", "No budget yet, so there is no execution rate")
FOOT = Label("可用余额 = 约定预算 − 实际发生 − 已承诺；CPI、SPI 和完工估算只算有挣值的行", "Available = budget − actual − committed; CPI, SPI and EAC count only lines with an earned value")  # fmt: skip
FOOTER_PRODUCT = Label("伙伴簿", "PartnerBook")
FOOTER_PAGE = Label("第 &P / &N 页", "Page &P / &N")
