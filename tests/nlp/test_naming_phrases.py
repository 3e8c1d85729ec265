"""Wording, template residue, goals, bases and whole projects."""

from __future__ import annotations

import pytest

from nlp import naming


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("公共服务保障能力提升情况", "情况"), ("治安稳定水平", "水平"), ("文化影响力", "影响力"),
        ("食品监管力度", "力度"), ("应急处置能力", "能力"), ("环保意识增强", "增强"), ("工作效率", "效率"),
        ("宣传效果", "效果"), ("重点场所管控", "管控"), ("流程规范性", "规范性"),
    ],
)  # fmt: skip
def test_abstract_only(name: str, phrase: str) -> None:
    assert naming.abstract_only(name) == phrase
    assert not naming.has_measurable_noun(name)
    entry = naming.abstract_entry(name)
    assert entry is not None
    assert entry.hint


@pytest.mark.parametrize(
    "name",
    [
        "空气质量", "人均工资水平", "污水处理能力", "群众安全感指数", "宣传覆盖率", "培训效果满意度", "灌溉面积",
        "项目完成情况及时率", "知晓率提升情况", "保障人数", "无事故发生情况", "水质", "是否提升能力", "购置图书",
        "村医培训", "道路硬化",
    ],
)  # fmt: skip
def test_not_abstract(name: str) -> None:
    assert naming.abstract_only(name) is None


@pytest.mark.parametrize(
    ("name", "verb"),
    [
        ("确保校园安全", "确保"), ("提高供水服务质量", "提高"), ("维护社会治安秩序", "维护"), ("完成巡河任务", "完成"),
        ("实现数据共享", "实现"), ("增加", None), ("提高森林覆盖率", None), ("保障性住房配租", None),
        ("保障人数", None), ("维护设备", None), ("完成率", None), ("维护费", None), ("提升泵站改造", None),
        ("完成改造面积", None), ("图书采购", None), ("保证金退还", None),
    ],
)  # fmt: skip
def test_goal_phrase(name: str, verb: str | None) -> None:
    assert naming.goal_phrase(name) == verb


def test_vague_words_with_offsets() -> None:
    text = " 服务水平逐年提升，效果较好"
    found = naming.vague_words(text)
    assert [(phrase, text[start:end]) for phrase, start, end, _ in found] == [
        ("逐年提升", "逐年提升"),
        ("较好", "较好"),
    ]
    assert all(naming.weak_phrase(entry_id).hint for *_, entry_id in found)


@pytest.mark.parametrize(
    "text", ["明显改善", "有所提高", "稳步提高", "显著提升", "效果明显", "进一步加强", "若干", "有效"]
)
def test_vague(text: str) -> None:
    assert naming.vague_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "有效投诉≤3件", "有效发明专利数", "有效灌溉面积", "培训有效率", "优秀/良好/合格", "良好以上", "≥95%", "12月底前",
        "较大事故起数", "中长期贷款", "资金到位率", "正常运行率", "上下游水质", "第一批次", "显著性检验", "大幅面打印机",
        "满意度", "满意/基本满意/不满意", "部分达成", "积极性", "高标准农田面积", "多层次医疗保障参保率", "可持续影响",
    ],
)  # fmt: skip
def test_not_vague(text: str) -> None:
    assert naming.vague_words(text) == ()


@pytest.mark.parametrize(
    "name",
    [
        "资金到位率", "预算执行率", "资金支付率", "支出进度", "资金使用效益", "资金使用合规性", "财务管理制度健全",
        "会议记录完整", "专款专用率", "预算资金完成率", "财政资金执行进度",
    ],
)  # fmt: skip
def test_management(name: str) -> None:
    entry = naming.management_word(name)
    assert entry is not None
    assert entry.why


@pytest.mark.parametrize(
    "name",
    [
        "设备到位率", "教师到位率", "补助资金到位及时率", "养老金发放率", "合同执行率", "医保基金支付率", "任务完成率",
        "长效管护制度健全", "法律援助案件执行率", "电子支付率", "档案数字化率", "会议场次", "移动支付率", "判决执行率",
    ],
)  # fmt: skip
def test_not_management(name: str) -> None:
    assert naming.management_word(name) is None


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("学生满意度", "服务对象满意度"), ("补贴发放及时率", "时效"), ("路面验收合格率", "质量"), ("巡查次数", "数量"),
        ("户均改厕成本", "成本"), ("带动农户增收", "经济效益"), ("政策知晓率", "社会效益"), ("森林覆盖率", "生态效益"),
        ("水泵使用年限", "可持续影响"), ("施工扰民投诉", "社会成本"), ("占用耕地面积", "生态环境成本"),
        ("按期完成率", "时效"), ("按时缴纳电费", "时效"), ("系统故障率", "质量"),
    ],
)  # fmt: skip
def test_certain_cues(name: str, category: str) -> None:
    certain = [item[0] for item in naming.category_cues(name) if item[2] == "certain"]
    assert certain == [category]


@pytest.mark.parametrize(
    "name", ["任务完成率", "网络覆盖率", "居民参保率", "受益村数量", "补助发放率", "设备更新率"]
)
def test_borderline_has_no_certain_cue(name: str) -> None:
    assert all(strength == "likely" for *_, strength in naming.category_cues(name))


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("满意度调查次数", "服务对象满意度"), ("降低患者用药费用", "成本"), ("支出进度", "时效"), ("开放时间", "时效"),
        ("生产效率", "质量"),
    ],
)  # fmt: skip
def test_look_alikes_give_no_cue(name: str, category: str) -> None:
    assert category not in [item[0] for item in naming.category_cues(name)]


@pytest.mark.parametrize(
    ("name", "halves"),
    [
        ("数据准确、及时率", ("数据准确率", "数据及时率")),
        ("政策知晓率和群众满意度", ("政策知晓率", "群众满意度")),
        ("病床周转次数及出院人数", ("病床周转次数", "出院人数")),
        ("入学率与巩固率", ("入学率", "巩固率")),
        ("报送及时性以及准确性", ("报送及时性", "准确性")),
        ("增加就业岗位，提高村民收入", ("增加就业岗位", "提高村民收入")),
        ("改善水质，放流鱼苗尾数量", ("改善水质", "放流鱼苗尾数量")),
        ("档案完整、准确、规范率", ("档案完整率", "档案准确率、档案规范率")),
    ],
)  # fmt: skip
def test_double_barrelled(name: str, halves: tuple[str, str]) -> None:
    assert naming.double_barrelled(name) == halves


@pytest.mark.parametrize(
    "name",
    [
        "补贴发放及时率", "义务教育普及率", "涉及农户数量", "社会和谐指数", "参与率", "参与和谐社区创建户数",
        "教师和学生满意度", "城市、农村供水合格率", "乡镇和村覆盖率", "服务对象和满意度", "加强宣传，提高知晓率",
        "呼和浩特市游客人数", "堤防、护岸长度", "改造道路（主干道、支路）里程", "和平路改造长度", "人数、次数统计准确率",
        "以及时处置为目标的办结率", "元/平方米造价", "新建和改建公厕数量", "水量、水质达标率", "是否降低事故率和投诉率",
    ],
)  # fmt: skip
def test_single_measure(name: str) -> None:
    assert naming.double_barrelled(name) is None


@pytest.mark.parametrize(
    ("text", "wrong", "right", "certainty"),
    [
        ("受理收益群众咨询", "收益群众", "受益群众", "certain"),
        ("完成电梯按装", "按装", "安装", "certain"),
        ("布署冬季防火", "布署", "部署", "certain"),
        ("召开坐谈会", "坐谈会", "座谈会", "certain"),
        ("截止到2024年底", "截止到", "截至", "likely"),
        ("分析当前安全工作形式", "工作形式", "工作形势", "likely"),
        ("全面贯切政策", "贯切", "贯彻", "certain"),
        ("河道防讯物资", "防讯", "防汛", "certain"),
        ("危机生命安全", "危机生命", "危及生命", "certain"),
    ],
)  # fmt: skip
def test_typos(text: str, wrong: str, right: str, certainty: str) -> None:
    start = text.index(wrong)
    assert (start, start + len(wrong), wrong, right, certainty) in naming.typos(text)


@pytest.mark.parametrize(
    "text",
    [
        "按装机容量计算", "按装备标准配备", "灵活的工作形式", "投资收益率", "年收益村集体10万元", "通讯期间畅通", "资讯期刊",
        "国防讯息", "反复盖章", "批复盖章", "部分功能区", "十分功能", "所有单位", "按排放标准", "按排名奖励", "覆盖绿地",
        "完成绿化面积", "完成律师培训", "满意读者占比", "指标直接下达", "树立目标直观展示", "以经济建设为中心", "统一但不限于",
        "上级时限要求", "公安致力于平安建设", "监管互认", "保养值班车辆", "各种值班任务", "杜绝策划违规", "各种经验", "采购值班用品",
        "应急救住院患者", "目的的实现", "效率率先提升", "不以及时为由", "温和和平", "会议议见证", "手续效率", "面积效益",
        "水土保持", "人工智能安全形式化验证", "依法治县", "合同签订率", "法制审核", "形势分析", "中介机构", "预定时间完成",
    ],
)  # fmt: skip
def test_no_typos(text: str) -> None:
    assert naming.typos(text) == ()


@pytest.mark.parametrize(
    ("text", "kind", "span"),
    [
        ("1.目标内容1改善饮水", "template", "目标内容1"), ("指标1：井盖更换数量", "template", "指标1："),
        ("★发放种子数量", "star", "★"), ("*发放种子数量", "star", "*"), ("发放面积（≥**亩）", "blank-value", "≥**亩"),
        ("XX单位培训", "blank-value", "XX"), ("待定", "pending", "待定"), (" 暂无 ", "lone", "暂无"),
        ("无", "lone", "无"), ("/", "lone", "/"), ("请填写指标名称", "instruction", "请填写"),
        ("三级指标1", "template", "三级指标1"), ("≥ %", "blank-value", "≥ %"), ("同上", "instruction", "同上"),
    ],
)  # fmt: skip
def test_placeholders(text: str, kind: str, span: str) -> None:
    assert (kind, span) in [(found, text[start:end]) for start, end, found in naming.placeholders(text)]


@pytest.mark.parametrize(
    "text",
    [
        "无害化处理率", "目标任务完成率", "100%", "≥95%", "XXL号工作服数量", "5*3米展板数量", "申请填写率",
        "无重大事故发生", "指标生数量", "3.目标人群覆盖率", "绩效目标一是改善水质", "10-20人", "≤5个工作日", "长1.5×宽2米",
    ],
)  # fmt: skip
def test_no_placeholders(text: str) -> None:
    assert naming.placeholders(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "便于工作开展", "保障各项工作顺利开展", "1.目标内容1确保机关正常运转。", "提高工作效率", "促进经济社会高质量发展",
        "维护社会和谐稳定", "更好地服务群众", "完成上级交办的各项工作任务", "加强内部管理", "取得良好的社会效益",
        "保障日常工作正常运行，提高工作效率", "满足日常办公需要",
    ],
)  # fmt: skip
def test_slogans(text: str) -> None:
    entry = naming.slogan(text)
    assert entry is not None
    assert entry.hint


@pytest.mark.parametrize(
    "text",
    [
        "保障240名村医按月领取补助", "完成3条农村公路养护", "为留守儿童提供心理辅导", "改造县图书馆少儿阅览室", "绩效目标",
        "提高农村饮水安全保障水平，新增供水管网", "发放困难学生助学金", "维护铁路沿线治安，化解矛盾纠纷", "提高小麦单产", "",
    ],
)  # fmt: skip
def test_no_slogans(text: str) -> None:
    assert naming.slogan(text) is None


@pytest.mark.parametrize(
    ("text", "kind", "is_basis", "document"),
    [
        ("行业标准", "行业标准", True, False), ("计划", "计划标准", True, False), ("历史标准。", "历史标准", True, False),
        ("行业标准《生活饮用水卫生标准》", "行业标准", True, True), ("县财〔2023〕15号", None, True, True),
        ("GB 5749-2022", None, True, True), ("按施工合同约定", None, True, True), ("2023年度工作计划", None, True, True),
        ("上年完成值", None, True, True), ("按照考核要求", None, True, False), ("%", None, False, False),
        ("万元", None, False, False), ("人次", None, False, False), ("图书借阅册数", None, False, False), ("", None, False, False),
        ("95", None, False, False), ("读者满意度", None, False, False),
    ],
)  # fmt: skip
def test_basis(text: str, kind: str | None, is_basis: bool, document: bool) -> None:
    assert naming.basis_kind(text) == kind
    assert naming.is_basis(text) is is_basis
    assert naming.basis_names_document(text) is document


def test_bare_kind() -> None:
    assert naming.is_bare_kind("行业标准")
    assert naming.is_bare_kind("计划标准、历史标准")
    assert not naming.is_bare_kind("行业标准《城镇供水服务》")
    assert not naming.is_bare_kind("合同约定")


@pytest.mark.parametrize(
    ("name", "purpose", "internal"),
    [
        ("机关物业管理费", "支付办公楼保洁费用", True),
        ("劳务派遣人员经费", "支付派遣人员工资", True),
        ("信息化运维费", "机房设备维护", True),
        ("办公设备购置", "更新电脑打印机", True),
        ("农村饮水安全工程", "新建供水管网", False),
        ("办公用房改造", "改造后用于接待群众来访", False),
        ("公共图书馆免费开放", "购书与读者活动", False),
        ("困难学生资助", "发放助学金", False),
    ],
)
def test_internal_project(name: str, purpose: str, internal: bool) -> None:
    assert naming.is_internal_project(name, purpose) is internal
    if internal:
        assert not naming.serves_public(name, purpose)


def test_serves_public() -> None:
    assert naming.serves_public("乡村公路养护", "养护村道")
    assert naming.serves_public("其他工作经费", "", "为残疾人发放辅具")
    assert not naming.serves_public("机房运维", "更换交换机")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("县医院门诊楼新建工程", True), ("执法车辆购置", True), ("小学校舍维修改造", True), ("智慧水务平台建设", True),
        ("图书采购", True), ("基建项目管理费", False), ("防溺水宣传", False), ("队伍建设经费", False), ("村医补助", False),
    ],
)  # fmt: skip
def test_needs_cost_row(name: str, expected: bool) -> None:
    assert naming.needs_cost_row(name) is expected


@pytest.mark.parametrize(
    ("name", "side"), [("培训场次", "产出"), ("政策知晓率", "效益"), ("村民就业率", "效益"), ("覆盖率", None)]
)
def test_side(name: str, side: str | None) -> None:
    assert naming.side(name) == side
