"""BC207 shared-boilerplate."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from models.records.finding import Evidence, Finding, Severity
from rules.engine.base import LOGIC, DocumentRule, Source
from rules.engine.context import DocumentContext, RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_at
from rules.rewriting.costs import unit_costs_of
from rules.rewriting.rows import joined, replaced
from rules.support.boilerplate import common_blocks, name_clusters


class SharedBoilerplate(DocumentRule):
    """多个项目套用同一指标名称或同一组指标。

    ## 为什么
    不同项目用途不同，套用同一套话的指标不能反映各自的内容。合格率、及时率、满意度等各项目通用的规范指标不计入；
    相近写法合并为一组。

    ## 反例
    ```yaml
    document:
      projects:
        - {name: 河道保洁, rows: [{level2: 成本指标, name: 财政资金保障任务顺利推进, value: ≥95%}]}
        - {name: 泵站维修, rows: [{level2: 成本指标, name: 财政资金保障任务推进, value: ≥95%}]}
        - {name: 水质监测, rows: [{level2: 成本指标, name: 财政资金保障任务顺利推进, value: ≤8万元}]}
    fires: [document]
    severity: warning
    ```
    ```yaml
    document:
      projects:
        - name: 文化下乡
          rows:
            - {level2: 数量指标, name: 下乡演出场次, value: ≥30场}
            - {level2: 社会效益指标, name: 丰富群众文化生活, value: ≥90%}
            - {level2: 可持续影响指标, name: 培育文化氛围, value: ≥90%}
        - name: 农家书屋
          rows:
            - {level2: 数量指标, name: 下乡演出场次, value: ≥30场}
            - {level2: 社会效益指标, name: 丰富群众文化生活, value: ≥90%}
            - {level2: 可持续影响指标, name: 培育文化氛围, value: ≥90%}
    fires: [document]
    ```

    ## 正例
    ```yaml
    document:
      projects:
        - {name: 河道保洁, rows: [{level2: 质量指标, name: 验收合格率, value: ＝100%}]}
        - {name: 泵站维修, rows: [{level2: 质量指标, name: 验收合格率, value: ＝100%}]}
        - {name: 水质监测, rows: [{level2: 质量指标, name: 验收合格率, value: ＝100%}]}
    ```
    ```yaml
    document:
      projects:
        - {name: 河道保洁, rows: [{level2: 服务对象满意度指标, name: 服务对象满意度, value: ≥95%}]}
        - {name: 泵站维修, rows: [{level2: 服务对象满意度指标, name: 服务对象满意度, value: ≥95%}]}
        - {name: 水质监测, rows: [{level2: 服务对象满意度指标, name: 服务对象满意度, value: ≥95%}]}
    ```

    ## 建议的把握
    逐个项目换成其自身的指标，数字由填报人填写。

    ## 依据
    数据逻辑。
    """

    code = "BC207"
    name = "shared-boilerplate"
    title = "多项目套用同一指标"
    cure = True
    severity = Severity.WARNING
    handbook = ("XP-01",)
    dimension = "相关性"
    reads = frozenset({"name", "operator", "value", "unit", "rows"})
    local = True
    opinion_code = "3"
    source = Source(LOGIC, "绩效指标应当与项目内容相关")
    confident = False
    fact = "三级指标{names}在全文 {projects} 个项目中重复使用（{where}），疑似套用模板"
    impact = "指标没有反映各项目自身的内容，评价时可能按与项目无关的指标扣分"
    advice = "建议核实，按各项目的资金用途分别设置指标〔待填：各项目的产出、成本和效益〕"

    @dataclass(frozen=True)
    class Options:
        """Options of BC207."""

        min_projects: int = 3
        """Projects in which one name must stand."""
        similarity: float = 0.8
        """Likeness (0 to 1) from which two writings count as one name."""
        block_rows: int = 3
        """Rows with equal name and value that make a copied block."""

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        if len(ctx.whole.projects) < 2:
            return
        named: set[str] = set()
        for cluster in name_clusters(ctx, self.options.similarity, self.options.min_projects):
            named.update(row.name for row in cluster)
            yield self._found(ctx, list(cluster), "name")
        for block in common_blocks(ctx, self.options.block_rows):
            if not {row.name for row in block} <= named:
                yield self._found(ctx, list(block), "block")

    def _found(self, ctx: DocumentContext, rows: list[RowContext], subcode: str) -> Finding:
        names = list(dict.fromkeys(str(row.words()["name"]) for row in rows))
        projects = list(dict.fromkeys((row.project.index, str(row.words()["project"])) for row in rows))
        shown = "、".join(f"「{name}」" for name in names[:3]) + (
            f"等 {len(names)} 种写法" if len(names) > 3 else ""
        )
        where = "、".join(name or f"第 {index + 1} 个项目" for index, name in projects[:8])
        return self.found(
            ctx,
            subcode=f"{subcode}:{rows[0].name}",
            related=[row.at("name") for row in rows],
            evidence=[Evidence("peer", f"{shown}：{len(rows)} 行")],
            names=shown,
            projects=len(projects),
            where=where + ("等" if len(projects) > 8 else ""),
        )

    def cures(self, ctx: DocumentContext, finding: Finding) -> Iterator[Draft]:
        rows = [row for place in finding.related if (row := row_at(ctx, place.path)) is not None]
        parts = [_own(row) for row in rows]
        found = [part for part in parts if part is not None]
        if found and len(found) == len(parts):
            yield joined(found[0], *found[1:], title="各项目改为自身的指标")


def _own(row: RowContext) -> Draft | None:
    """Return the first draft that gives the row an indicator of its own project."""
    why = "多个项目使用同一写法，看不出本项目的内容"
    costs = unit_costs_of(row, why=why) if row.category == "成本" else iter(())
    return next(chain(costs, replaced(row, why=why)), None)


RULE = SharedBoilerplate
