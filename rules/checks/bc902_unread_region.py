"""BC902 unread-region."""

from collections.abc import Iterator

from models.records.finding import Finding, Location, Severity
from rules.engine.base import LOGIC, DocumentRule, Source
from rules.engine.context import DocumentContext

READ_ALL_THE_SAME = frozenset({"hidden-sheet"})
"""Kinds of problem that leave nothing unread."""


class UnreadRegion(DocumentRule):
    """文件中有一处内容未能读取，因而未检查。

    ## 为什么
    看上去像指标表而未能识别的区域、被截断的单元格、未读取的宏，如果不提示，会被误认为“检查通过”。

    ## 反例
    ```yaml
    document:
      projects: [{name: 河道清淤经费}]
      problems: [{kind: unread-table, message: 第 3 个表格疑似指标表但表头无法识别，请核对表头文字}]
    fires: [document]
    ```

    ## 正例
    ```yaml
    document: {projects: [{name: 河道清淤经费}]}
    ```

    ## 依据
    数据逻辑。
    """

    code = "BC902"
    name = "unread-region"
    title = "内容未读取"
    severity = Severity.WARNING
    severities = frozenset({Severity.INFO})
    handbook = ()
    dimension = "完整性"
    reads = frozenset()
    opinion_code = "11"
    source = Source(LOGIC, "未读取的内容应当如实列出")
    fold = "never"
    fact = "{message}"
    impact = "该处未检查，本报告不完整"
    advice = "请按提示处理后重新检查，或人工核对该处"

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        for problem in ctx.document.problems:
            read = problem.kind in READ_ALL_THE_SAME
            yield self.found(
                ctx,
                location=Location(ctx.path, None, problem.source),
                subcode=problem.kind,
                severity=Severity.INFO if read else None,
                impact="隐藏的内容可能不在审核范围之内" if read else None,
                advice="请核实后保留或删除" if read else None,
                message=problem.message.rstrip("。"),
            )


RULE = UnreadRegion
