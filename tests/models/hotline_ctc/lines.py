"""The lines that the test model learns from, for the synthesiser of `audio_samples/make.py`.

    python tests/models/hotline_ctc/lines.py > say.tsv      NAME<tab>WORDS<tab>VOICE<tab>SPEED

Wordings: `phrases.txt` (what callers say to the bundled flows, and everyday sentences), the same put into the frames
that callers use, and spoken numbers. No wording of `audio_samples` is in it, but for the phrases of up to five
characters that are menu phrases as well. Voices: five; `girl` and `elder_man` are held out, and so is each wording
whose CRC-32 is divisible by 20 (`is_held_out`), which both of them and one of the five speak for measuring.
"""

from __future__ import annotations

import csv
import random
import re
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).parent
SAMPLES = HERE.parents[2] / "audio_samples" / "lines.tsv"

VOICES = ("hotline", "woman", "man", "deep", "elder_woman")
HELD_OUT_VOICES = ("girl", "elder_man")

DIGITS = "零一二三四五六七八九"
BEFORE = ("我想", "我要", "帮我", "麻烦你帮我", "请帮我", "我想问一下", "你好我想", "那个我想", "给我", "能不能帮我")
VERBS = ("查一下", "看一下", "查", "查查", "看看", "问问", "了解一下")
WHOSE = ("", "我的", "这个月的", "上个月的", "我这个月的", "我手机的", "我家的")
THINGS = (
    "话费",
    "流量",
    "余额",
    "套餐",
    "账单",
    "投诉进度",
    "报修进度",
    "宽带",
    "积分",
    "业务",
    "话费余额",
    "剩余流量",
)
LEFT = ("还剩多少", "还有多少", "用了多少", "是不是用完了", "怎么这么少", "够不够用", "怎么样了")
WISHES = (
    *("换一个便宜的套餐", "改一下套餐", "办理套餐变更", "报修宽带", "投诉你们", "提一个投诉", "转人工", "接人工客服"),
    *("找个真人说话", "取消这个业务", "修一下宽带", "退订业务", "办一张新卡", "升级一下宽带", "听人工服务"),
)
AFTER = ("", "", "", "谢谢", "可以吗", "行不行", "吧", "好吗")


def read_phrases() -> list[str]:
    """The frozen wordings, one a line."""
    return (HERE / "phrases.txt").read_text(encoding="utf-8").split()


def sample_wordings() -> set[str]:
    """What `audio_samples` say, without punctuation."""
    with SAMPLES.open(encoding="utf-8", newline="") as file:
        return {re.sub(r"[^\w]", "", row["text"]) for row in csv.DictReader(file, delimiter="\t")}


def is_held_out(wording: str) -> bool:
    """Whether this wording is for measuring only."""
    return zlib.crc32(wording.encode()) % 20 == 0


def framed(rng: random.Random) -> str:
    """A request as callers put it."""
    kind = rng.random()
    if kind < 0.45:
        return rng.choice(BEFORE) + rng.choice(VERBS) + rng.choice(WHOSE) + rng.choice(THINGS) + rng.choice(AFTER)
    if kind < 0.7:
        return rng.choice(WHOSE) + rng.choice(THINGS) + rng.choice(LEFT)
    return rng.choice(BEFORE) + rng.choice(WISHES) + rng.choice(AFTER)


def digits(rng: random.Random) -> str:
    """4 to 11 digits, one read as 幺 in half of them."""
    said = "".join(rng.choice(DIGITS) for _ in range(rng.choice((4, 4, 6, 7, 8, 11, 11))))
    return said.replace("一", "幺") if rng.random() < 0.5 else said


def spoken_number(rng: random.Random) -> str:
    """An amount, a month, a date or an hour."""
    tens = rng.choice(("", "十", *(f"{digit}十" for digit in DIGITS[2:])))
    below = tens + rng.choice(DIGITS[1:])
    shape = rng.choice(
        ("{0}块钱", "{0}块", "{1}百{0}元", "{1}千{2}百块", "{3}月份", "{3}月{4}号", "{4}号上午", "{5}点半", "{0}个")
    )
    one, two = rng.choice(DIGITS[1:]), rng.choice(DIGITS[1:])
    month, hour = rng.choice((*DIGITS[1:], "十", "十一", "十二")), rng.choice((*DIGITS[1:], "十", "两"))
    day = rng.choice(("", "十", "二十")) + rng.choice(DIGITS[1:])
    return shape.format(below, one, two, month, day, hour)


def wordings(seed: int = 6) -> list[str]:
    """All distinct wordings, shuffled."""
    rng = random.Random(seed)
    phrases = read_phrases()
    others = [make(rng) for make, many in ((framed, 900), (digits, 420), (spoken_number, 280)) for _ in range(many)]
    joined = [rng.choice(phrases) + rng.choice(phrases) for _ in range(250)]
    kept_back = {said for said in sample_wordings() if len(said) > 5}
    every = sorted({*phrases, *others, *joined} - kept_back)
    rng.shuffle(every)
    return every


def main() -> None:
    """Write the synthesiser's lines: each wording in one voice, short ones in two, held-out ones in three."""
    rng = random.Random(7)
    for number, said in enumerate(wordings()):
        if is_held_out(said):
            voices = [*HELD_OUT_VOICES, rng.choice(VOICES)]
        else:
            voices = rng.sample(VOICES, 2 if len(said) <= 6 else 1)
        for voice in voices:
            sys.stdout.write(f"{number:04d}-{voice}\t{said}\t{voice}\t{rng.choice((0.9, 1.0, 1.1, 1.2))}\n")


if __name__ == "__main__":
    main()
