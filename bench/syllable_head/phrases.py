"""What is said in the training of the syllable head beside answers: what callers of any hotline say, and any Mandarin else.

Pure, and the same for the same generator and files. No line is a wording of `audio_samples/menus`.
"""

# ruff: noqa: SIM905, E501  word lists are read and changed more easily in one string

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

from pypinyin.phrases_dict import phrases_dict

BEFORE = (
    "我想 我要 帮我 请帮我 麻烦你帮我 你好我想 那个 嗯我要 能不能 可以 我来 怎么 在哪里 给我 我需要 请问怎么".split()
)
DEEDS = (
    "查 查询 办理 取消 开通 修改 咨询 投诉 预约 补办 退订 申请 激活 解绑 打印 续费 挂失 报修 转 变更 核实 催一下 了解 换 关掉 "
    "看看 问问 登记 处理 确认 领取 购买 升级 暂停 恢复 注销 缴 充"
).split()
MATTERS = (
    "话费 余额 账单 流量 套餐 宽带 光纤 信号 密码 银行卡 信用卡 发票 积分 会员 快递 包裹 订单 退款 保险 理赔 挂号 体检 报告 "
    "社保 医保 公积金 水费 电费 燃气 物业 维修 安装 地址 电话号码 手机号 身份证 合同 贷款 利息 额度 航班 机票 酒店 房间 行李 "
    "车票 违章 驾照 学费 课程 成绩 户口 签证 门诊 专家号 疫苗 药品 会议室 停车费 路由器 机顶盒 电视 空调 洗衣机 漫游 短信 "
    "彩铃 副卡 靓号 网络 欠费 滞纳金 优惠活动 营业厅 工单 进度 结果 人工客服 服务员 值班经理 语音信箱 验证码 账户 转账记录"
).split()
BEHIND = "谢谢 吧 可以吗 一下 好吗 多少钱 怎么办 啊 呢 行不行 快一点 现在 今天 这个月".split()
ALONE = (
    "返回 重听 上一步 主菜单 继续 退出 确定 取消 下一个 第一个 第二项 没有了 不用了 对的 不对 好的 是的 不是 可以 不行 算了 "
    "等等 听不清 再说一次 太快了 人工 客服 前台 总机 报修 充值 投诉 咨询 缴费 停机 断网 没信号 改密码 挂失 销户 过户 开户"
).split()

SENTENCE_MARKS = re.compile(r"[，。？！、；：… ,.?!]+")
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
LONGEST = 12
FIRST_COMMON, LAST_COMMON = 0xB0, 0xD7
"""Rows of GB 2312 with the 3755 characters of level 1."""


def common_words() -> list[str]:
    """pypinyin's words of two to four common characters."""
    return [
        word for word in phrases_dict if 2 <= len(word) <= 4 and CHINESE.fullmatch(word) and all(map(_is_common, word))
    ]


def _is_common(character: str) -> bool:
    try:
        return FIRST_COMMON <= character.encode("gb2312")[0] <= LAST_COMMON
    except UnicodeEncodeError:
        return False


def common_characters() -> list[str]:
    """The 3755 characters of level 1 of GB 2312."""
    rows = (bytes((row, cell)) for row in range(FIRST_COMMON, LAST_COMMON + 1) for cell in range(0xA1, 0xFF))
    return [pair.decode("gb2312") for pair in rows if pair < b"\xd7\xfa"]


def written_lines(files: Sequence[Path]) -> list[str]:
    """The Chinese clauses of text files, at most `LONGEST` characters each; of a table, those of its first column."""
    clauses = []
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                clauses += SENTENCE_MARKS.split(line.split("\t")[0])
    return [clause for clause in clauses if CHINESE.fullmatch(clause) and len(clause) <= LONGEST]


class Sentences:
    """Draws lines: a third about services, a third of them ordinary clauses, a third words that have no connection.

    Args:
        files: texts that ordinary clauses are taken from.
        barred: lines that are never drawn.
    """

    def __init__(self, files: Sequence[Path], barred: Sequence[str], chance: random.Random) -> None:
        self._clauses, self._words, self._characters = written_lines(files), common_words(), common_characters()
        self._barred, self._chance = frozenset(barred), chance

    def draw(self) -> str:
        """One line of 1 to about 12 characters."""
        while (line := self._any()) in self._barred:
            pass
        return line

    def _any(self) -> str:
        chance, kind = self._chance, self._chance.random()
        if kind < 0.28:
            return self._service()
        if kind < 0.36:
            return chance.choice(ALONE)
        if kind < 0.62:
            return chance.choice(self._clauses)
        if kind < 0.92:
            return "".join(chance.choice(self._words) for _ in range(chance.choice((1, 2, 2, 3))))
        return "".join(chance.choice(self._characters) for _ in range(chance.randint(1, 4)))

    def _service(self) -> str:
        chance = self._chance
        said = chance.choice(DEEDS) + chance.choice(MATTERS) if chance.random() < 0.7 else chance.choice(MATTERS)
        if chance.random() < 0.5:
            said = chance.choice(BEFORE) + said
        return said + chance.choice(BEHIND) if chance.random() < 0.3 else said
