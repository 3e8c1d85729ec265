"""Names over many sectors; for every function the look-alikes that must not be taken."""

from __future__ import annotations

import pytest

from nlp import naming

RATES = [
    "疫苗接种率", "义务教育巩固率", "管网水质达标率", "耕地占比", "旱厕改造比例", "图书流通率",
    "道路完好率提升", "案件办结率达到98%", "苗木成活率（三年）", "旅客投诉率", "调解成功率", "治疗有效率",
    "农民收入增幅", "毛利率", "第三产业比重", "系统可用率情况",
]  # fmt: skip
NO_RATES = [
    "办事效率", "行政审批效率", "设备使用频率", "水泵功率", "贷款利率", "外汇汇率", "采样频率", "增值税税率",
    "劳动生产率", "读者满意度", "培训人次", "率先完成改造", "提高工作效率", "是否提高了检出率", "图像分辨率", "发挥表率",
]  # fmt: skip


@pytest.mark.parametrize("name", RATES)
def test_rates(name: str) -> None:
    assert naming.is_rate(name)


@pytest.mark.parametrize("name", NO_RATES)
def test_no_rates(name: str) -> None:
    assert not naming.is_rate(name)
    assert not naming.is_capped_rate(name)


@pytest.mark.parametrize(
    ("name", "cap"),
    [
        ("抽检合格率", "hard"), ("窗口及时办结率", "hard"), ("居民知晓率", "hard"), ("参保率", "hard"),
        ("巡护任务完成率", "soft"), ("成本控制率", "soft"), ("营业收入增长率", None), ("国有资产保值增值率", None),
        ("高等教育毛入学率", None), ("小学净入学率", "hard"), ("病床使用率", None), ("设备使用率", "hard"),
        ("拨备覆盖率", None), ("公交站点覆盖率", "hard"), ("资产收益率", None), ("游客增速", None),
    ],
)  # fmt: skip
def test_cap(name: str, cap: str | None) -> None:
    assert naming.rate_cap(name) == cap
    assert naming.is_capped_rate(name) is (cap is not None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("家长满意度", True), ("用水户满意率", True), ("参训人员满意程度", True), ("旅客是否满意", True),
        ("比较满意的患者占比", True), ("满意度调查次数", False), ("满意度问卷回收率", False), ("圆满完成率", False),
        ("群众认可度", False),
    ],
)  # fmt: skip
def test_satisfaction(name: str, expected: bool) -> None:
    assert naming.is_satisfaction(name) is expected


@pytest.mark.parametrize(
    "name",
    [
        "学生家长满意度", "群众对公交服务的满意度", "参训人员满意度", "资助对象满意度", "护林员满意度",
        "困难群体满意度", "社区居民满意度", "服务企业满意度", "用水户满意度", "提高住院患者满意度", "来访人员满意度",
    ],
)  # fmt: skip
def test_respondent_is_named(name: str) -> None:
    assert naming.names_respondent(name)


@pytest.mark.parametrize(
    "name",
    [
        "服务对象满意度", "满意度", "人员满意度", "受益对象满意度", "服务满意度", "培训满意度", "保障对象满意度",
        "相关人员满意度", "提升服务对象满意度", "对象和满意度", "工作满意度", "受益群体满意率",
    ],
)  # fmt: skip
def test_respondent_is_not_named(name: str) -> None:
    assert not naming.names_respondent(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("培训人次", True), ("改造面积", True), ("图书购置册数", True), ("管护里程", True), ("受益人口数", True),
        ("日处理污水量", True), ("开放天数", True), ("家庭医生签约人数(人)", True), ("演出场次", True),
        ("工程质量", False), ("战斗力量", False), ("空气质量指数", False), ("考核分数", False), ("相关系数", False),
        ("参训率", False), ("培训费", False), ("是否增加床位数", False), ("营养素含量", False), ("补助数额", False),
    ],
)  # fmt: skip
def test_count(name: str, expected: bool) -> None:
    assert naming.is_count(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("补贴发放及时率", True), ("工程按期完成率", True), ("报告提交时限", True), ("接警响应时间", True),
        ("按合同时间交付设备", True), ("管网维修工期", True), ("信息报送及时性", True), ("病虫害防治完成时间", True),
        ("图书馆开放时间", False), ("设备使用年限", False), ("普及率", False), ("资金支付进度", False),
        ("是否缩短办理环节", False), ("质保期限", False), ("汛情信息准确率", False),
    ],
)  # fmt: skip
def test_timeliness(name: str, expected: bool) -> None:
    assert naming.is_timeliness(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("竣工时间", True), ("审批时限", True), ("设备使用年限", True), ("施工工期（天）", True), ("及时率", False),
        ("按时完成率", False), ("时间节点完成率", False), ("志愿服务时长", True),
    ],
)  # fmt: skip
def test_time_point_or_span(name: str, expected: bool) -> None:
    assert naming.is_time_point_or_span(name) is expected


@pytest.mark.parametrize(
    ("name", "cost", "unit"),
    [
        ("培训人均成本", True, True), ("每亩补助标准", True, True), ("每公里养护费用", True, True),
        ("单位造价", True, True), ("设备采购单价", True, True), ("户均补贴", True, True), ("生均公用经费", True, True),
        ("物业管理费", True, False), ("项目总成本", True, False), ("成本控制数", True, False),
        ("印刷费支出", True, False), ("是否超出定额标准", True, False), ("成本节约率", True, False),
        ("外聘教师工资", True, False), ("维修资金", True, False), ("农民人均纯收入", False, False),
        ("降低患者用药费用", False, False), ("节约行政成本", False, False), ("人均住房面积", False, False),
        ("经费支持保障完成", False, False), ("资金保障", False, False), ("资金保障率", False, False),
        ("工作任务完成率", False, False), ("无安全事故发生", False, False), ("验收合格率", False, False),
        ("发放及时率", False, False), ("按时缴纳电费", False, False), ("预算执行率", False, False),
        ("资金使用规范性", False, False), ("游客满意度", False, False), ("每年维护次数", False, False),
        ("旅游收入", False, False),
    ],
)  # fmt: skip
def test_cost(name: str, cost: bool, unit: bool) -> None:
    assert naming.is_cost(name) is cost
    assert naming.is_unit_cost(name) is unit


def test_not_a_cost_says_why() -> None:
    entry = naming.not_a_cost("专项经费支持工作保障完成")
    assert entry is not None
    assert entry.why
    assert entry.hint
    for name in (
        "培训人均成本",
        "补助标准",
        "成本控制在预算内",
        "资助标准达标率",
        "专项交通费控制目标完成率",
    ):
        assert naming.not_a_cost(name) is None, name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("人均补助金额", True), ("旅游收入", True), ("设备购置费", True), ("村集体增收", True), ("带动投资额", True),
        ("收入增长率", False), ("资助人数", False), ("按时缴纳保费", False), ("资金保障", False), ("验收标准", False),
        ("财政资金到位率", False), ("补助资金到位时间", False),
    ],
)  # fmt: skip
def test_money_name(name: str, expected: bool) -> None:
    assert naming.is_money_name(name) is expected


LOW = [
    "设备故障率", "信访投诉次数", "群众有效投诉", "生产安全事故起数", "录入差错率", "办结时限", "救护车响应时间",
    "资金结余率", "较大火灾发生率", "孕产妇死亡率", "婴儿死亡率", "单位能耗", "碳排放量", "人均培训成本", "运行费用",
    "管网漏损率", "辍学率", "返贫率", "不合格率", "项目完成时间", "患者不满意率", "客户投诉率", "成本控制率",
    "刑事发案率", "停水时间",
]  # fmt: skip
HIGH = [
    "成本节约率", "成本控制达标率", "事故下降率", "发案率下降幅度", "投诉处理率", "投诉办结率", "事故处置率",
    "故障处置及时率", "死亡率降低率", "患者满意度", "产品合格率", "减排量", "矛盾化解率", "不合格产品处置率",
    "垃圾无害化处理率", "空气优良天数", "故障修复率", "平均无故障时间", "旅游收入增长率", "完成率",
]  # fmt: skip
UNKNOWN = [
    "培训人次", "受理投诉件数", "查处案件数量", "火灾演练次数", "办理案件数", "检出率", "设备使用年限", "开放时间",
    "降低患者用药费用", "犯罪增长率", "缩短办理时限", "无重大事故发生", "社会影响力", "是否降低成本", "阳性率",
    "按时缴纳费用", "补助标准", "人口出生率",
]  # fmt: skip


@pytest.mark.parametrize("name", LOW)
def test_lower_is_better(name: str) -> None:
    assert naming.lower_is_better(name) is True


@pytest.mark.parametrize("name", HIGH)
def test_higher_is_better(name: str) -> None:
    assert naming.lower_is_better(name) is False


@pytest.mark.parametrize("name", UNKNOWN)
def test_direction_unknown(name: str) -> None:
    assert naming.lower_is_better(name) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("无食品安全事故发生", True), ("汛期无人员伤亡", True), ("安全事故为零", True), ("零投诉", True),
        ("未发生重大舆情", True), ("重大事故发生数为0", True), ("无害化处理率", False), ("无障碍设施改造数量", False),
        ("无人机巡查次数", False), ("事故处置率", False), ("是否发生事故", False), ("无偿献血人次", False),
        ("有无投诉渠道", False), ("安全生产事故起数", False), ("无纸化会议次数", False),
    ],
)  # fmt: skip
def test_zero_event(name: str, expected: bool) -> None:
    assert naming.is_zero_event(name) is expected


def test_prefixes_and_case_do_not_matter() -> None:
    assert naming.is_rate("指标2：路灯亮灯率") == naming.is_rate("路灯亮灯率")
    assert naming.is_unit_cost("★每名网格员ＡＰＰ费用")
    assert naming.names_respondent("*用水户满意度（≥**%）")


@pytest.mark.parametrize(
    "text", ["、" * 20000, "提高" * 10000, "经济社会" * 5000, "(" * 20000, "率" * 20000, "无" * 20000]
)
def test_long_text_comes_to_an_end(text: str) -> None:
    # A quadratic step would take minutes here.
    for function in (
        naming.is_rate, naming.is_cost, naming.lower_is_better, naming.is_zero_event, naming.has_measurable_noun,
        naming.double_barrelled, naming.vague_words, naming.typos, naming.placeholders, naming.slogan,
        naming.category_cues, naming.management_word, naming.goal_phrase, naming.respondent, naming.is_basis,
        naming.basis_names_document, naming.is_bare_kind,
    ):  # fmt: skip
        function(text)
