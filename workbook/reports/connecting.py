"""Owns how finance connects its own programs to the lines: Power Query, Power BI, WPS and pandas, three lines each."""

from __future__ import annotations

from typing import NamedTuple

from workbook.schema import Label

NO_ADDRESS = Label("https://伙伴簿的地址", "https://partnerbook.address")
WAYS: tuple[tuple[Label, tuple[Label, Label, Label]], ...] = (
    (
        Label("Excel · Power Query", "Excel · Power Query"),
        (
            Label("数据 → 获取数据 → 自其他源 → 自 OData 数据源，地址填 {address}/finance/v1/odata/", "Data → Get Data → From Other Sources → From OData Feed, address {address}/finance/v1/odata/"),
            Label("访问方式选“基本”：用户名是令牌编号，密码是令牌（不要选“Web API”，它会把令牌写进网址）。", "Choose Basic: the user name is the token's id, the password is the token (not Web API, which writes it into the address)."),
            Label("选 BudgetExecution（明细）或 BudgetTotals（汇总），加载；以后在“数据”里点“全部刷新”。", "Choose BudgetExecution (lines) or BudgetTotals (sums) and load; later press Refresh All."),
        ),
    ),
    (
        Label("Power BI", "Power BI"),
        (
            Label("主页 → 获取数据 → OData 数据源，地址填 {address}/finance/v1/odata/", "Home → Get data → OData feed, address {address}/finance/v1/odata/"),
            Label("凭据选“基本”，用户名填令牌编号，密码填令牌，级别选这个地址。", "Credentials: Basic, the token's id as user name and the token as password, applied to this address."),
            Label("选 BudgetExecution，加载；把“约定预算”“实际发生”设为求和，“执行率”不要求和。", "Choose BudgetExecution and load; sum Budget and Actual, never Execution rate."),
        ),
    ),
    (
        Label("WPS 表格", "WPS Spreadsheets"),
        (
            Label("用浏览器打开 {address}/finance/v1/budget-execution.xlsx", "Open {address}/finance/v1/budget-execution.xlsx in a browser"),
            Label("用户名填令牌编号，密码填令牌，保存文件，用 WPS 表格打开。", "Give the token's id as user name and the token as password, save the file and open it with WPS."),
            Label("要某一天的数，在地址后面加 ?as_of=2026-11-24。", "For the figures of a day add ?as_of=2026-11-24 to the address."),
        ),
    ),
    (
        Label("Python · pandas", "Python · pandas"),
        (
            Label("import io, pandas, requests", "import io, pandas, requests"),
            Label('answer = requests.get("{address}/finance/v1/budget-execution.csv", auth=("令牌编号", "令牌"))', 'answer = requests.get("{address}/finance/v1/budget-execution.csv", auth=("token id", "token"))'),
            Label("lines = pandas.read_csv(io.BytesIO(answer.content), dtype=str, keep_default_na=False)", "lines = pandas.read_csv(io.BytesIO(answer.content), dtype=str, keep_default_na=False)"),
        ),
    ),
)  # fmt: skip


class Way(NamedTuple):
    """A program and the three lines that connect it; `code` when they are typed as they stand."""

    program: str
    lines: tuple[str, ...]
    code: bool


def ways(address: str, lang: str) -> tuple[Way, ...]:
    """The ways in `zh-CN` or `en`; an empty address becomes a placeholder."""
    base = (address or NO_ADDRESS.get(lang)).rstrip("/")
    return tuple(
        Way(
            program.get(lang),
            tuple(line.get(lang).replace("{address}", base) for line in lines),
            lines[0].en.startswith("import "),
        )
        for program, lines in WAYS
    )
