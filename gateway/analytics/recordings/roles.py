"""Which of two voices is the agent's: by what only somebody at work says, compared by its sound."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from gateway.dialogue.grammar.pinyin import spoken

_AGENT_PHRASES = """
    很高兴为您服务 竭诚为您服务 为您服务 请问有什么可以帮您 有什么可以帮您 有什么能帮您 有什么可以帮助您
    有什么需要帮助 欢迎致电 欢迎您的来电 感谢您的来电 感谢您致电 感谢您的支持 感谢您的耐心等待 客户服务中心 客服中心
    客服工号 话务员 工号 请讲 请您稍等 请稍等 请您稍后 稍等一下我帮您 让您久等了 请不要挂机 请保持电话畅通 帮您查询
    为您查询 帮您查一下 帮您核实 为您核实 帮您登记 为您登记 帮您反馈 为您办理 帮您办理 给您办理 为您安排 给您答复
    给您回复 联系您 回复您 通知您 请问您 请您提供 您提供一下 您的手机号码是 您的身份证号 麻烦您提供 给您带来不便
    给您带来的不便 非常抱歉 十分抱歉 很抱歉 理解您的心情 还有其他可以帮您 还有其他需要 请问还有什么 祝您生活愉快 祝您
    请对我的服务 做出评价 满意度评价 这边帮您 这边给您 先生您 女士您 您这边 您可以 您现在用的 给您做
"""
_CUSTOMER_PHRASES = """
    我要投诉 我想问一下 我想查 我想咨询 帮我查 帮我看 帮我办 帮我改 给我查 给我办 给我退 你们公司 你们这 你们怎么
    你们是不是 我家的 我家里 我的手机 我的卡 我的套餐 我的话费 我这个月 我不想 我要求 我要退 转人工 我打了 你帮我
    你给我 你们给我 我都
"""
_LEAD = 2.0
"""Tell-tale phrases that one side must be ahead by: 您可以 alone may be anybody's."""
_OPENING = 2
"""Whoever says one in their first so many pieces, says it twice as surely: agents greet and introduce themselves."""


@lru_cache(maxsize=1)
def _sounds() -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(_sound(phrase) for phrase in _AGENT_PHRASES.split()), tuple(
        _sound(phrase) for phrase in _CUSTOMER_PHRASES.split()
    )


def _sound(text: str) -> str:
    # `spoken` caches what it gets: a monologue would stay in memory for good.
    return f" {' '.join(spoken(text[:400]).syllables)} "


def agent_score(texts: Sequence[str]) -> float:
    """How much one side talks like an agent: above 0 more like one, below like a customer.

    Args:
        texts: what it says, in order.
    """
    agents, customers = _sounds()
    score = 0.0
    for place, text in enumerate(texts):
        sound = _sound(text)
        weight = 2.0 if place < _OPENING else 1.0
        score += weight * sum(phrase in sound for phrase in agents)
        score -= weight * sum(phrase in sound for phrase in customers)
    return score


def agent_of(sides: Sequence[Sequence[str]]) -> int | None:
    """Which side is the agent; None when nobody can tell.

    Args:
        sides: what each says: of one or two.
    """
    scores = [agent_score(texts) for texts in sides]
    if len(scores) == 1:
        return 0 if scores[0] >= 2 * _LEAD else None
    lead = scores[0] - scores[1]
    if abs(lead) < _LEAD:
        return None
    return 0 if lead > 0 else 1
