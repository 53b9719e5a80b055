"""Owns the refusals of evaluation: one class per cause; they are also ValueErrors, because the functions are pure."""

from __future__ import annotations

from collections.abc import Sequence

from workbook.errors import PartnerBookError


class EvaluationRefused(PartnerBookError, ValueError):
    """Base of every refusal of `workbook.evaluation`: the values given cannot be evaluated."""


class NotANumber(EvaluationRefused):
    """A value that should be a finite number is not one."""

    def __init__(self, value: object, where: str = ""):
        self.value, self.where = value, where
        place = f"{where}：" if where else ""
        super().__init__(
            f"{place}{value!r} 不是有限的数字。请改成普通数字（例如 3.5），不要用空格、文字、真假值或错误值。"
        )


class PartsDoNotAddUp(EvaluationRefused):
    """Parts that differ from their total by more than rounding cannot be shown as adding up to it."""

    def __init__(self, parts: str, total: str):
        super().__init__(f"各部分合计 {parts}，与总数 {total} 相差超过一个末位，不能按最大余数法配平。请核对各部分。")


class WeightsRefused(EvaluationRefused):
    """Weights cannot be used; `where` names the dimension (or the whole tree) they belong to."""

    def __init__(self, where: str, problem: str):
        self.where = where
        super().__init__(f"{where}的权重不能用：{problem}")


class TreeRefused(EvaluationRefused):
    """The tree of indicators names a key twice or misses one that the policy uses."""

    def __init__(self, problem: str):
        super().__init__(f"评价指标的结构不能用：{problem}")


class MatrixRefused(EvaluationRefused):
    """A table of numbers has the wrong shape or a value that the method cannot take."""

    def __init__(self, problem: str):
        super().__init__(f"数据表不能用：{problem}")


class JudgementsRefused(EvaluationRefused):
    """A pairwise comparison matrix is no such matrix (not square, not positive, not reciprocal)."""

    def __init__(self, problem: str):
        super().__init__(f"两两比较矩阵不能用：{problem}")


class ConstantColumn(EvaluationRefused):
    """A column without differences says nothing, so a weight drawn from differences has no meaning."""

    def __init__(self, column: int):
        self.column = column
        super().__init__(f"第 {column} 列的数值全都相同，不含区分信息，不能由数据算权重。请去掉这一列再算。")


class SamplingRefused(EvaluationRefused):
    """Random draws are asked for in a way that cannot be done."""

    def __init__(self, problem: str):
        super().__init__(f"随机抽样不能做：{problem}")


class AgreementRefused(EvaluationRefused):
    """The marks of several reviewers say nothing about their agreement or their leniency."""

    def __init__(self, problem: str):
        super().__init__(f"评分一致性不能算：{problem}")


class ProportionRefused(EvaluationRefused):
    """Counts or answers of which no share or mean can be taken."""

    def __init__(self, problem: str):
        super().__init__(f"比例和均值不能算：{problem}")


class RiskTableRefused(EvaluationRefused):
    """A table of risk levels has holes, is not monotone, or does not have the place that is asked for."""

    def __init__(self, problem: str):
        super().__init__(f"风险等级表不能用：{problem}")


class BandsRefused(EvaluationRefused):
    """Bands leave a gap, overlap, or are not readable."""

    def __init__(self, problem: str):
        super().__init__(f"档位不能用：{problem}")


class OutsideBands(EvaluationRefused):
    """A value lies in no band."""

    def __init__(self, value: str, low: str, high: str):
        super().__init__(f"数值 {value} 不在任何档位里（现有档位从 {low} 到 {high}）。请核对数值，或补上缺的档位。")


class UnknownCandidate(EvaluationRefused):
    """A mark names a candidate that is not in the panel."""

    def __init__(self, source: str, candidate: str):
        self.source, self.candidate = source, candidate
        super().__init__(f"评分 {source} 的候选 {candidate} 不在这次评审里。请改正候选编号，或把它加进评审会。")


class UnknownIndicator(EvaluationRefused):
    """A mark names an indicator that the tree does not have, or that is not marked in this way."""

    def __init__(self, source: str, indicator: str, problem: str = "不在这个规则版本里"):
        self.source, self.indicator = source, indicator
        super().__init__(f"评分 {source} 的指标 {indicator} {problem}。请改正指标编号或规则版本。")


class MarkOutOfScale(EvaluationRefused):
    """A mark is not a whole number from 1 to 5."""

    def __init__(self, source: str, value: object):
        self.source, self.value = source, value
        super().__init__(f"评分 {source} 的分数是 {value}，只能是 1 到 5 的整数；不适用请选“不适用”，不要填 0。")


class DoubledCandidate(EvaluationRefused):
    """A candidate stands in one panel more than once."""

    def __init__(self, candidates: Sequence[str]):
        self.candidates = tuple(candidates)
        super().__init__(f"候选 {'、'.join(candidates)} 在同一次评审里出现了不止一次。请只保留一行。")
