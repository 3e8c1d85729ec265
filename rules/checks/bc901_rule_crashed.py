"""BC901 rule-crashed."""

from models.records.finding import Severity
from rules.engine.base import LOGIC, EngineRule, Source


class RuleCrashed(EngineRule):
    """某条规则在检查过程中出错，该处未完成检查。

    ## 为什么
    程序自身的缺陷不应被当作“没有问题”，也不应使整份文件无法检查。其余规则照常运行，报告标记为不完整。

    ## 反例
    规则运行时抛出异常。

    ## 正例
    规则正常返回。

    ## 依据
    数据逻辑。
    """

    code = "BC901"
    name = "rule-crashed"
    title = "规则运行出错"
    severity = Severity.WARNING
    handbook = ()
    dimension = "完整性"
    opinion_code = "11"
    source = Source(LOGIC, "未完成的检查应当如实列出")
    fold = "never"
    fact = "规则「{rule}」在此处运行出错（{error}）"
    impact = "该规则的结论缺失，本报告不完整"
    advice = "请人工核对此处，并将规则编号反馈给标尺维护者"


RULE = RuleCrashed
