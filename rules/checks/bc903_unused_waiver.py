"""BC903 unused-waiver."""

from models.records.finding import Severity
from rules.engine.base import LOGIC, EngineRule, Source


class UnusedWaiver(EngineRule):
    """豁免或基线中的一条已不再对应任何问题，或已过期。

    ## 为什么
    失效的豁免会掩盖以后出现的同类问题，应及时清理。

    ## 反例
    豁免清单中的指纹在本次检查中没有出现。

    ## 正例
    豁免清单中的每一条都对应本次检查发现的问题。

    ## 依据
    数据逻辑。
    """

    code = "BC903"
    name = "unused-waiver"
    title = "豁免未使用"
    severity = Severity.INFO
    handbook = ()
    dimension = "完整性"
    opinion_code = "11"
    source = Source(LOGIC, "豁免应与现存问题对应")
    fold = "never"
    fact = "豁免项「{label}」没有对应的问题"
    impact = "失效的豁免可能掩盖以后出现的同类问题"
    advice = "请从豁免清单或基线中删除该项"


RULE = UnusedWaiver
