"""Chinese text as syllables, and how far two syllables sound apart.

Recognition errors in Mandarin are near-homophones, so what a caller meant is compared by sound. A syllable is taken
apart into initial, medial, nucleus, coda and tone; the costs below say what regional speech merges (n/l, zh/z, f/h,
an/ang, ...) and what a telephone line blurs (it ends at 3400 Hz, where s, sh, x, f and h differ most).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pypinyin import Style, pinyin
from pypinyin.constants import PINYIN_DICT
from pypinyin.contrib.tone_convert import to_finals, to_initials

TONE_COST = 0.08
"""Tones are what recognisers and dialects get wrong first, so they decide only between equals."""
_TONE_SCALE = 2
_MAX_READINGS = 3
_UNKNOWN = "?"

_DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
# How callers pronounce letters (几个G is heard as 几个季).
_LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz", "诶必西弟伊艾季艾爱杰开艾艾恩欧批丘啊艾提优微达艾外贼", strict=True))

_INITIALS = ("b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "zh", "ch", "sh", "r", "z", "c", "s")
_NEAR_INITIALS: dict[float, str] = {
    0.15: "n-l zh-z ch-c sh-s",
    0.25: "f-h r-l r- x-sh",
    0.4: "j-zh q-ch j-z q-c x-s b-p d-t g-k j-q zh-ch z-c m-n n-r h- sh-f s-f x-h b-d p-t k-h",
    0.6: "b-m d-n d-l g-h t-ch t-c t-q d-zh d-z d-j ch-sh c-s q-x zh-sh z-s g-d k-t b-f p-f h-sh m- l- n- g-j zh-x",
}

# final -> (medial, nucleus, coda); "-i" is the vowel of zi and zhi.
_FINALS: dict[str, tuple[str, str, str]] = {
    "a": ("", "a", ""), "o": ("", "o", ""), "e": ("", "e", ""), "ê": ("", "e", ""), "er": ("", "e", "r"),
    "ai": ("", "a", "i"), "ei": ("", "e", "i"), "ao": ("", "a", "u"), "ou": ("", "o", "u"),
    "an": ("", "a", "n"), "en": ("", "e", "n"), "ang": ("", "a", "ng"), "eng": ("", "e", "ng"), "ong": ("u", "e", "ng"),
    "i": ("", "i", ""), "-i": ("", "-i", ""), "ia": ("i", "a", ""), "io": ("i", "o", ""), "ie": ("i", "e", ""),
    "iao": ("i", "a", "u"), "iou": ("i", "o", "u"), "ian": ("i", "a", "n"), "in": ("", "i", "n"),
    "iang": ("i", "a", "ng"), "ing": ("", "i", "ng"), "iong": ("v", "e", "ng"),
    "u": ("", "u", ""), "ua": ("u", "a", ""), "uo": ("u", "o", ""), "uai": ("u", "a", "i"), "uei": ("u", "e", "i"),
    "uan": ("u", "a", "n"), "uen": ("u", "e", "n"), "uang": ("u", "a", "ng"), "ueng": ("u", "e", "ng"),
    "v": ("", "v", ""), "ve": ("v", "e", ""), "van": ("v", "a", "n"), "vn": ("", "v", "n"),
    "n": ("", "e", "n"), "ng": ("", "e", "ng"), "m": ("", "e", "n"), "g": ("", "e", "ng"),
}  # fmt: skip
_MERGED_CODAS = ({"n", "ng"}, {"", "r"})
"""What regional speech and a final 儿 make the same: 余额 is heard as 鱼儿."""
_NEAR_NUCLEI: dict[float, str] = {
    0.25: "o-e",
    0.4: "i-v i--i u-o u-v e--i",
    0.6: "a-e a-o i-e",
}


@dataclass(frozen=True, slots=True)
class Syllable:
    """One reading of one character. `initial` is empty for vowels; `tone` is 1 to 5, 5 being neutral."""

    initial: str
    final: str
    tone: int

    @property
    def toneless(self) -> str:
        return self.initial + self.final.lstrip("-")


Readings = tuple[Syllable, ...]
"""What one character may sound like, likeliest first; never empty."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text as it sounds: `chars[i]` is said as one of `readings[i]`. Punctuation is gone."""

    chars: str
    readings: tuple[Readings, ...]

    def __len__(self) -> int:
        return len(self.chars)

    @property
    def syllables(self) -> tuple[str, ...]:
        """The likeliest reading of each character, toneless."""
        return tuple(options[0].toneless for options in self.readings)


def _syllable(reading: str) -> Syllable | None:
    plain, tone = (reading[:-1], int(reading[-1])) if reading[-1:].isdigit() else (reading, 5)
    initial, final = to_initials(plain, strict=True), to_finals(plain, strict=True)
    if not final:  # hm, hng, m, n, ng: syllables without a vowel
        initial, final = "", plain[-1:]
    if initial in ("zh", "ch", "sh", "r", "z", "c", "s") and final == "i":
        final = "-i"
    return Syllable(initial, final, tone) if final in _FINALS else None


@lru_cache(maxsize=4096)
def _parse(options: tuple[str, ...]) -> Readings:
    found = dict.fromkeys(syllable for option in options if option and (syllable := _syllable(option)))
    return tuple(found)[:_MAX_READINGS]


@lru_cache(maxsize=2048)
def spoken(text: str) -> Spoken:
    """Any string as syllables: digits and letters as they are said one by one, everything unpronounceable left out."""
    said = "".join(_DIGITS.get(char, _LETTERS.get(char, char)) for char in text.lower())
    said = "".join(char for char in said if ord(char) in PINYIN_DICT)
    if not said:
        return Spoken("", ())
    options = pinyin(said, style=Style.TONE3, heteronym=True, neutral_tone_with_five=True)
    pairs = [(char, _parse(tuple(option))) for char, option in zip(said, options, strict=True)]
    pairs = [(char, readings) for char, readings in pairs if readings]
    return Spoken("".join(char for char, _ in pairs), tuple(readings for _, readings in pairs))


def _near(table: dict[float, str]) -> dict[tuple[str, str], float]:
    costs: dict[tuple[str, str], float] = {}
    for cost, pairs in table.items():
        for pair in pairs.split():
            first, _, second = pair.partition("-")
            costs[first, second] = costs[second, first] = cost
    return costs


def _initial_costs() -> NDArray[np.float32]:
    names, near = ("", *_INITIALS), _near(_NEAR_INITIALS)
    return np.array([[0.0 if a == b else near.get((a, b), 1.0) for b in names] for a in names], np.float32)


def _final_cost(a: str, b: str, nuclei: dict[tuple[str, str], float]) -> float:
    (medial_a, nucleus_a, coda_a), (medial_b, nucleus_b, coda_b) = _FINALS[a], _FINALS[b]
    medial = 0.0 if medial_a == medial_b else 0.15 if {medial_a, medial_b} == {"i", "v"} else 0.35
    nucleus = 0.0 if nucleus_a == nucleus_b else 0.7 * nuclei.get((nucleus_a, nucleus_b), 1.0)
    coda = 0.0 if coda_a == coda_b else 0.12 if {coda_a, coda_b} in _MERGED_CODAS else 0.4
    return min(1.0, medial + nucleus + coda)


def _final_costs() -> NDArray[np.float32]:
    nuclei = _near(_NEAR_NUCLEI)
    return np.array([[_final_cost(a, b, nuclei) for b in _FINALS] for a in _FINALS], np.float32)


_INITIAL_INDEX = {name: index for index, name in enumerate(("", *_INITIALS))}
_FINAL_INDEX = {name: index for index, name in enumerate(_FINALS)}
_INITIAL_COSTS, _FINAL_COSTS = _initial_costs(), _final_costs()


@lru_cache(maxsize=8192)
def _codes(readings: Readings) -> NDArray[np.int16]:
    """Shape (3, 3): initial, final, tone of up to three readings; fewer are repeated, which changes no minimum."""
    padded = (readings * _MAX_READINGS)[:_MAX_READINGS]
    return np.array([[_INITIAL_INDEX[s.initial], _FINAL_INDEX[s.final], s.tone] for s in padded], np.int16)


def codes(readings: Sequence[Readings]) -> NDArray[np.int16]:
    """Characters as numbers, for `costs`: shape (n, 3 readings, 3)."""
    return np.stack([_codes(each) for each in readings]) if readings else np.zeros((0, _MAX_READINGS, 3), np.int16)


def costs(a: NDArray[np.int16], b: NDArray[np.int16]) -> NDArray[np.float32]:
    """How far each character of `a` (n codes) sounds from each of `b` (m codes): shape (n, m), 0.0 to 1.0."""
    left, right = a[:, None, :, None, :], b[None, :, None, :, :]
    sound = 0.5 * _INITIAL_COSTS[left[..., 0], right[..., 0]] + 0.5 * _FINAL_COSTS[left[..., 1], right[..., 1]]
    tones = np.where(left[..., 2] == right[..., 2], 0.0, TONE_COST)
    cost: NDArray[np.float32] = np.minimum(1.0, sound + tones).min(axis=(2, 3)).astype(np.float32)
    return cost


def distance(a: str, b: str) -> float:
    """How far two texts sound apart: edit distance over syllables by the longer one's length, 0.0 to 1.0, symmetric."""
    left, right = spoken(a), spoken(b)
    if not len(left) or not len(right):
        return float(len(left) != len(right))
    table = costs(codes(left.readings), codes(right.readings))
    row = list(range(len(right) + 1)) if len(right) else []
    previous = [float(value) for value in row]
    for i in range(len(left)):
        current = [float(i + 1)]
        for j in range(len(right)):
            current.append(min(previous[j] + float(table[i, j]), previous[j + 1] + 1.0, current[j] + 1.0))
        previous = current
    return previous[-1] / max(len(left), len(right))
