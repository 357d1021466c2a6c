"""Telephone numbers that callers dictate, read back and put right as a call does it; for `bench_hearing.py`.

The dialogue of the bundled hotline asks, reads back and asks again. Who hears a wrong number says what is recorded for
that: the part that is wrong, if it is only the last four digits, else all of it once more behind a no. Of a number with
nothing but itself recorded, the caller says no and the same recording again. To the right number the caller says yes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from asr.bench.figures import Share
from asr.bench.measure import Sample
from asr.engine import ClosedAnswer, Engine, Pcm, Transcript, transcribe
from asr.text import parse_digits
from gateway.desk.asked import AskedAt
from gateway.dialogue.actions import Heard, Listen, NoInput
from gateway.dialogue.machine import Dialogue

PHONE_DIGITS = 11
LAST_GROUP = 4
YES, NO = Transcript("对", 1.0), Transcript("不对", 1.0)

Line = Callable[[Sample], Pcm]
"""What arrives of a recording."""


@dataclass(slots=True)
class Dictated:
    """One caller's recordings of one number."""

    number: str
    said: Sample
    corrections: dict[str, Sample] = field(default_factory=dict)
    """`again`: all of it behind a no; `part`: its last four digits."""

    def after(self, read_back: str) -> Sample | None:
        """What the caller says to a wrong number; None: a plain no."""
        only_the_last = read_back[:-LAST_GROUP] == self.number[:-LAST_GROUP]
        return self.corrections.get("part" if only_the_last else "again")


def dictated(samples: Sequence[Sample]) -> list[Dictated]:
    """Numbers of eleven digits; files NAME_said, NAME_again and NAME_part belong together."""
    parts: dict[str, dict[str, Sample]] = {}
    for one in samples:
        name, _, part = one.entry.path.stem.rpartition("_")
        known = part in {"said", "again", "part"}
        parts.setdefault(name if known else one.entry.file, {})[part if known else "said"] = one
    found = []
    for recorded in parts.values():
        said = recorded.pop("said", None)
        number = parse_digits(said.entry.text) if said else None
        if said and number and len(number) == PHONE_DIGITS:
            found.append(Dictated(number, said, recorded))
    return found


def shares(engine: Engine, line: Line, asked: AskedAt, numbers: Sequence[Dictated]) -> tuple[Share, Share]:
    """How many were read back right at the first try, and how many were settled before the flow gave up."""
    results = [dictate(engine, line, asked, one) for one in numbers]
    of = len(results)
    return Share(sum(first for first, _ in results), of), Share(sum(settled for _, settled in results), of)


def dictate(engine: Engine, line: Line, asked: AskedAt, number: Dictated) -> tuple[bool, bool]:
    """Whether the number was read back right at once, and whether it was settled before the caller went to a human."""
    dialogue, say, tries = asked.dialogue(), number.said, list[str]()
    listens: tuple[tuple[str, ...], ClosedAnswer | None] | None = asked.hints, asked.answer
    while listens:
        hints, answer = listens
        listens = _told(dialogue, transcribe(engine, line(say), hints, answer=answer))
        pending = dialogue.state.pending
        read_back = str(pending.value) if pending and pending.is_value else ""
        tries.append(read_back)
        if read_back == number.number:
            _told(dialogue, YES)
            return len(tries) == 1, number.number in dialogue.state.slots.values()
        correction = number.after(read_back) if read_back else None
        if read_back and correction is None and listens:
            listens = _told(dialogue, NO)
        say = correction or number.said
    return False, False


def _told(dialogue: Dialogue, heard: Transcript) -> tuple[tuple[str, ...], ClosedAnswer | None] | None:
    """Tell the dialogue; with which hints and for which answer it listens next, None when it gives up."""
    given = Heard(heard.text, heard.confidence, heard.alternatives) if heard.text else NoInput()
    listens = [action for action in dialogue.step(given) if isinstance(action, Listen)]
    return (listens[-1].hints, listens[-1].answer) if listens else None
