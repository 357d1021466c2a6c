"""What an editor shows a designer at each key of a flow file, in Chinese: docs/flows.zh.md in a line each."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.dialogue.fields import Strict

EVERYWHERE = "*"
"""The row of the keys that mean the same wherever they stand."""

FLOW_TITLE = "热线流程"
SUBFLOW_TITLE = "子流程"
NODE = "一个节点：由其中一个键决定类型，其余的键是它的设置"
SUBFLOW_FILE = "或者写成一个文件，路径相对于流程文件"
SHORT = {
    "Slot": "写一个类型，如 phone；choice 要写成 {type: choice, options: {…}}",
    "Variable": "写一个类型，如 text；有初值就写成 {type: number, value: 0}",
}
"""Of what may be written as its `type` alone."""

MODELS: Mapping[str, str] = {
    "Flow": "一条热线",
    "Subflow": "几个地方、几条热线共用的一段：由 call 进入，到 return 回去",
    "Slot": "向来电者收集的一项内容",
    "Pick": "choice 的一个选项：值是选项的名字，念出来是它的 label",
    "Variable": "流程自己记的一个值，用 vars.名字 来读",
    "Hours": "一份营业时间；写进 closed 或 open 的日子只按那里写的算",
    "Week": "一周里各天的营业时间；没写的那天不营业",
    "KeysOnly": "来电太多、顾不上听的时候怎么请来电者用按键",
    "Answers": "所有提问的默认设置；写在某个提问里的只对那一个有效",
    "Universal": "任何时候都可以说的话、可以按的键",
    "Mode": "叠加的模式，只写与平时不同的地方",
    "EnterOn": "来电者怎样进入这个模式",
    "LeaveOn": "来电者怎样退出这个模式",
    "Override": "一个节点在这个模式里的提示语；没写的与平时一样",
    "SubflowMode": "子流程的节点在这个模式里的提示语",
    "Option": "菜单的一个选项；名字与 universals 或 modes 里相同的，没写的部分从那里取，如 agent: {}",
    "Group": "一起念的几个选项",
    "Case": "一个条件和它的去处；算不出来的条件当作不成立",
    "To": "转到哪里，转接前说什么",
    "Order": "工单的内容",
    "Play": "说一句话，然后去 then",
    "Menu": "提问，让来电者选；去所选选项的 go",
    "Collect": "提问，把回答放进 slot，然后去 then",
    "Branch": "按条件分岔，都不成立就去 otherwise",
    "Lookup": "向业务系统查询或办理，然后去 then",
    "Ticket": "开工单，然后去 then",
    "Message": "请来电者留言，录下来，然后去 then",
    "Survey": "请来电者打分，1 到 5 分，然后去 then",
    "Call": "进入子流程，回来后去 then",
    "Transfer": "转人工，已经知道的一切会一起交给坐席",
    "Hangup": "说再见，结束通话",
}
"""What each part of a flow is, by its model."""

_TYPES = (
    "digits 数字串，phone 电话号码，id_card 身份证号，number 数，amount 金额，date 日期，month 月份，yes_no 是或不是"
)
_BARGE_IN = "off 不许，dtmf 只许按键，speech 说话和按键都可以，keyword 说中选项才算"
_DAYS = {"mon": "一", "tue": "二", "wed": "三", "thu": "四", "fri": "五", "sat": "六", "sun": "日"}

KEYS: Mapping[str, Mapping[str, str]] = {
    EVERYWHERE: {
        "then": "下一步去哪个节点；在子流程里写 return 就是回去",
        "set": "办成以后给槽位或变量赋值，如 {tries: vars.tries + 1}；文字要再加一层引号",
        "go": "去哪个节点",
        "label": "确认时怎么称呼它；不写就用第一个说法",
        "phrases": "来电者的说法，多写几种",
        "key": '按哪个键，写在引号里，如 "1"、"*"、"#"',
        "entry": "从哪个节点开始",
        "save": "结果叫什么名字，字段写在 records 里；之后写 名字.字段 来用",
    },
    "Flow": {
        "flow": "热线的名字，小写英文字母开头",
        "title": "热线的中文名称",
        "version": "版本名，如 2026.11；每通电话的记录里写着它和流程内容的指纹",
        "recorded_texts": "{… | text} 允许读出的词；没有录过的词不会被读出来",
        "slots": "向来电者收集的内容，各是什么类型；写 slots.名字 来用",
        "variables": "流程自己记的值，各是什么类型；写 vars.名字 来用",
        "records": f"每次查询的结果里有哪些字段，各是什么类型：{_TYPES}，data 流量，text 文字",
        "hours": "营业时间；hours.名字 在营业时成立",
        "maintenance": "系统停机维护、等不到通话打完时说的话，说完就挂机；不能读数据。不写就直接挂机",
        "resumed": "电话断线的人再打进来、从断的地方接着办时先说的话；不能读数据。不写就直接接着问",
        "keys_only": "来电太多、一时顾不上听的时候怎么请来电者用按键；不写就照常提问，只是听得粗一些",
        "answers": "所有提问的默认设置",
        "universals": "任何时候都可以说的话、可以按的键：agent 转人工（必须有），repeat 重听，back 返回，more 念下一组",
        "modes": "叠加的模式，例如长者模式",
        "nodes": "全部节点，按名字写；名字用小写英文字母开头",
        "subflows": "子流程：几个地方、几条热线共用的一段",
    },
    "Subflow": {
        "slots": "这一段收集的内容，与热线自己的合在一起",
        "variables": "这一段记的值，与热线自己的合在一起",
        "modes": "这一段的节点在热线的各个模式里怎么说",
        "nodes": "这一段的节点；可以去同一段里的，也可以去热线的，return 表示回去",
    },
    "Slot": {
        "type": f"类型：{_TYPES}，choice 几样里选一样，text 来电者的原话",
        "options": "choice 可以选的几样；其他类型不写",
    },
    "Pick": {"label": "提示语里怎么念它"},
    "Variable": {
        "type": f"类型：{_TYPES}，data 流量，text 文字",
        "value": "开始时的值；不写就是还没有值",
    },
    "Hours": {
        "weekly": '各天几点到几点，如 {mon: "08:00-20:00"}；没写的那天不营业',
        "closed": "不营业的日子，如节假日：2026-10-01 或 2026-10-01..2026-10-07",
        "open": '另有安排的日子，如调休上班：{"2026-10-10": "08:00-20:00"}',
        "timezone": "时区，不写就是北京时间",
    },
    "Week": {day: f'星期{name}几点到几点，如 "08:00-20:00"；几段写成列表，可以跨过半夜' for day, name in _DAYS.items()},
    "KeysOnly": {
        "notice": "每次提问前先说的话；不能读数据",
        "option": "怎样念菜单的一个选项：必须用 {option | text} 和 {key | number}",
    },
    "Universal": {"go": "去哪个节点；repeat、back、more 自己会做，不写"},
    "Mode": {
        "label": "模式的名称",
        "enter_when": "条件成立就进入，例如 caller.age >= 65",
        "enter_on": "来电者怎么说、失败几次就进入",
        "leave_on": "来电者怎么说就退出",
        "entered": "来电者要求进入时说的话",
        "struggling": "因多次没听懂而进入时说的话",
        "left": "退出时说的话",
        "pace": "语速，1 是平时，0.8 是放慢两成",
        "gain_db": "加大几分贝",
        "times": "所有等待时间乘以几",
        "max_options": "一次最多念几个选项；更多的用 groups 分组，或者只念 offers 里的",
        "barge_in": f"这个模式里能不能插话：{_BARGE_IN}",
        "on_error": "在这个模式里第一次失败就去哪个节点",
        "nodes": "各节点在这个模式里的提示语，按节点的名字写",
    },
    "EnterOn": {
        "phrases": "来电者怎么说就进入这个模式",
        "errors": "同一个问题失败几次就进入；不写就是 2，写 null 就不因失败进入",
    },
    "LeaveOn": {"phrases": "来电者怎么说就退出这个模式"},
    "SubflowMode": {"nodes": "这一段的各节点在这个模式里的提示语"},
    "Override": {
        "play": "在这个模式里改说这句话",
        "menu": "在这个模式里改这样问，让来电者选",
        "collect": "在这个模式里改这样问，收集回答",
        "hangup": "在这个模式里道别的话",
        "transfer": "在这个模式里转到哪个队列，转接前说什么",
        "again": "在这个模式里换个说法再问的话，第一次、第二次……",
        "survey": "在这个模式里请来电者打分的话",
        "message": "在这个模式里留言前说的话",
        "offers": "在这个模式里提示语念到的选项",
        "groups": "在这个模式里怎样分组念选项",
    },
    "Settings": {
        "timeout": "多久没有声音算没回答，如 5s",
        "speech_timeout": "说完后静多久算说完：菜单半秒多，报号码要 1.5 到 2.5 秒",
        "complete_timeout": "听到的已经是完整的回答（确定的说法、十一位号码）时，静多久算说完",
        "incomplete_timeout": "明显还没说完（嗯、那个、报了一半的号码）时，静多久算说完；"
        "不写就比 speech_timeout 长 0.8 秒，报号码至少 3 秒",
        "engine": "用哪个识别引擎听回答：设置里 engines 的名字；不写就用默认的",
        "inter_digit_timeout": "两次按键之间最多隔多久，如 3s",
        "max_speech": "一次最多说多久，如 15s",
        "max_retries": "第几次失败转人工；没回答、没听懂、确认时说不对，合在一起数",
        "barge_in": f"插话：{_BARGE_IN}",
        "confirm": "要不要确认：always 总要，low_confidence 把握不大时要，never 不要",
        "accept_score": "多大把握直接接受，0 到 1，一般不用改",
        "confirm_score": "多大把握去确认，0 到 1，一般不用改；再低就算没听懂",
        "confirm_prompt": "确认的问法；可用 {option | text}（菜单的选项）或 {value | …}（槽位的值）",
        "confirm_again": "确认没听懂时的问法，第一次、第二次……",
        "denied": "来电者说不对时的回答",
        "no_input": "没声音时先说的话，第一次、第二次……；说完再问一遍",
        "no_match": "没听懂时先说的话，第一次、第二次……；说完再问一遍",
    },
    "Question": {
        "again": "换个说法再问，第一次、第二次……；不要原样重复",
        "hints": "除了各种说法，识别时还要留意的词",
        "on_error": "失败到 max_retries 次去哪个节点；不写就转人工",
    },
    "Play": {
        "play": "说的话；要读出的数据写成 {account.balance | amount}",
        "on_error": "有数据读不出来时去哪个节点；不写就转人工",
        "barge_in": f"这句话能不能插话：{_BARGE_IN}",
        "done": "true 表示来电者要办的事到这里已经办到，之后挂机算“自助办结”",
    },
    "Menu": {
        "menu": "问题，把选项念给来电者听",
        "options": "选项，按名字写",
        "include": "把另一个菜单的选项也算进来：那个菜单的名字",
        "offers": "提示语里念到的选项，识别时优先考虑",
        "groups": "选项多的时候分组念；来电者说“其他”（universals 里的 more）就念下一组，念完从头来",
    },
    "Option": {
        "means": "除了 phrases，任何表示“是”（yes）或“不是”（no）的说法也选中它",
        "mode": "切换到哪个模式；standard 是退出。没写 go 就在那个模式里再问一遍",
        "set": "选它时顺便填好哪些槽位或变量，如 {light: \"'红灯'\"}；文字要再加一层引号",
    },
    "Group": {"say": "念这一组的话", "offers": "这一组念到的选项"},
    "Collect": {
        "collect": "问题",
        "slot": "回答放进哪个槽位",
        "skip_when": "条件成立就不问，直接去 then",
        "min_digits": "最少几位；只用于 digits 和 phone",
        "max_digits": "最多几位；只用于 digits 和 phone",
        "finish_on_key": '按哪个键表示输完，如 "#"',
    },
    "Branch": {"branch": "一串 {when: 条件, go: 节点}，从上往下第一个成立的算数", "otherwise": "都不成立时去哪个节点"},
    "Case": {"when": "条件，例如 account.due > 0 and not caller.vip"},
    "Lookup": {
        "lookup": "查询的名字，如 account.balance",
        "with": "参数：名字和条件式，如 {number: caller.number}；文字要再加一层引号",
        "on_error": "查询失败或超时后去哪个节点；不写就转人工",
        "timeout": "最多等业务系统多久",
    },
    "Ticket": {
        "ticket": "工单：类别、说明、期限",
        "on_error": "工单没开成或超时后去哪个节点；不写就转人工",
        "timeout": "开工单最多等业务系统多久",
    },
    "Order": {
        "category": "类别，如 broadband_fault",
        "summary": "一句话说明（条件式，文字要再加一层引号），如 \"'光猫' + vars.light\"",
        "deadline": "多久之内办完：30m、4h、2d，从现在起不分昼夜",
        "with": "还要告诉业务系统什么；不写 number 就是来电号码",
    },
    "Message": {
        "message": "留言前说的话，之后自动响一声“嘀”",
        "finish_on_key": '按哪个键表示说完；不写就是 "#"',
        "barge_in": "留言前说的话能不能打断；不写就是 dtmf，只许按键",
        "timeout": "多久没开口算没有留言",
        "speech_timeout": "停多久算说完",
        "max_speech": "留言最长多久",
        "max_retries": "第几次没有留言就去 on_error",
        "on_error": "没有留言去哪个节点；不写就去 then",
    },
    "Survey": {
        "survey": "请来电者打分的问题；可以说“很满意”“打三分”，也可以按 1 到 5",
        "max_retries": "第几次没有回答就不再问，去 then",
        "on_error": "没有回答去哪个节点；不写就去 then",
    },
    "Call": {
        "call": "子流程的名字，写在 subflows 里的",
        "with": "进入之前给它的变量或槽位赋值，如 {purpose: \"'查话费'\"}",
        "on_error": "要赋的值算不出来时去哪个节点；不写就转人工",
        "set": "回来以后给槽位或变量赋值，如 {tries: vars.tries + 1}；文字要再加一层引号",
    },
    "Transfer": {
        "transfer": "{queue: 队列, say: 转接前说的话}",
        "unavailable": "没有人接时去哪个节点",
    },
    "To": {"queue": "转到哪个队列", "say": "转接前说的话"},
    "Hangup": {"hangup": "道别的话", "reason": "记录里的结束原因；不写就是 completed"},
}
"""What each key is for: by the model that it belongs to, or that this one is made from, else EVERYWHERE."""


def description(model: type[Strict], key: str) -> str:
    """Of a model's key, from the nearest row that has it. Raises KeyError."""
    for row in (*(base.__name__ for base in model.__mro__), EVERYWHERE):
        if key in KEYS.get(row, ()):
            return KEYS[row][key]
    raise KeyError(f"{model.__name__}.{key} has no description; add one to {__name__}")
