"""BC106 same-name-two-classes."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import is_satisfaction
from rules.engine.base import LOGIC, DocumentRule, Source
from rules.engine.context import DocumentContext, RowContext, shorten


class SameNameTwoClasses(DocumentRule):
    """同一名称的三级指标在一份文件里归入不同的二级指标。

    ## 为什么
    同一件事在一个项目里算社会效益、在另一个项目里算可持续影响，至少有一处需要核实，汇总时口径也不一致。

    ## 反例
    ```yaml
    document:
      projects:
        - {name: 校车安全经费, rows: [{level2: 社会效益指标, name: 学生出行安全水平, value: ≥95%}]}
        - {name: 护学岗经费, rows: [{level2: 可持续影响指标, name: 学生出行安全水平, value: ≥95%}]}
    fires: ["projects[0].rows[0].level2"]
    severity: warning
    ```
    ```yaml
    document:
      projects:
        - {name: 灌区维修, rows: [{level2: 质量指标, name: 渠系维修完成率, value: ≥95%}]}
        - {name: 灌区管护, rows: [{level2: 时效指标, name: 渠系维修完成率, value: ≥95%}]}
    fires: ["projects[0].rows[0].level2"]
    ```

    ## 正例
    ```yaml
    document:
      projects:
        - {name: 校车安全经费, rows: [{level2: 社会效益指标, name: 学生出行安全水平, value: ≥95%}]}
        - {name: 护学岗经费, rows: [{level2: 社会效益指标, name: 学生出行安全水平, value: ≥90%}]}
    ```
    ```yaml
    document:
      projects:
        - {name: 灌区维修, rows: [{level2: 质量指标, name: 渠系维修合格率, value: ≥95%}]}
        - {name: 灌区管护, rows: [{level2: 时效指标, name: 渠系维修完成时间, value: 11月底前}]}
    ```

    ## 依据
    数据逻辑。
    """

    code = "BC106"
    name = "same-name-two-classes"
    title = "同名指标归类不一致"
    severity = Severity.WARNING
    handbook = ("CLS-07",)
    dimension = "完整性"
    opinion_code = "7"
    source = Source(LOGIC, "同一指标在一份文件中的归类应当一致")
    fact = "三级指标「{name}」在全文出现 {hits} 次，归入不同的类型：{classes}"
    impact = "同一指标口径不一，至少一处归类需要核实"
    advice = "请核实该指标的含义，建议统一为同一类型；含义不同的，请用不同名称区分"

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        by_name: dict[str, list[RowContext]] = {}
        for project in ctx.projects:
            for row in project.live_rows:
                if len(row.name) >= 3 and row.category is not None:
                    by_name.setdefault(row.name, []).append(row)
        for rows in by_name.values():
            classes: dict[str, list[RowContext]] = {}
            for row in rows:
                classes.setdefault(str(row.category), []).append(row)
            if len(classes) < 2 or is_satisfaction(rows[0].text("name")):
                continue
            named = "；".join(
                f"「{members[0].text('level2')}」（{_projects(members)}）" for members in classes.values()
            )
            yield self.found(
                rows[0],
                "level2",
                related=[row.at("level2") for row in rows[1:]],
                evidence=[Evidence("peer", named)],
                hits=len(rows),
                classes=named,
            )


def _projects(rows: list[RowContext]) -> str:
    names = list(dict.fromkeys(shorten(row.project.project.name.text, 16) for row in rows))
    return "、".join(names[:3]) + (f"等 {len(names)} 个项目" if len(names) > 3 else "")


RULE = SameNameTwoClasses
