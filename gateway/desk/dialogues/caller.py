"""A caller who holds a test dialogue on the line: a `Leg` that acts when its moment has come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gateway.desk.conversation import Ending
from gateway.desk.dialogues.examiner import Examiner
from gateway.desk.dialogues.line import TelephoneLine
from gateway.desk.dialogues.model import Step
from gateway.desk.telling import Did, Line, told_event
from gateway.dialogue.actions import Outcome, Understood
from gateway.events import CallEnded, Event, NodeEntered, PromptStarted, SurveyAnswered, Turn, TurnFinished
from gateway.media.frames import FRAME_SAMPLES, Frame, Pcm, to_frames
from gateway.privacy import mask
from gateway.prompts.clips import stretch
from gateway.transport.leg import HandOver, HotlineState, LegInfo, LegInput

ANSWER_AFTER_MS = 300
TALK_OVER_AFTER_MS = 1000
KEY_EVERY_MS = 200
SLOWER = 0.85
"""How people say a thing once more."""
PATIENCE_MS = 120_000
"""A hotline that does nothing for so long is given up."""


@dataclass(frozen=True, slots=True)
class Wits:
    """What a caller knows and can do, besides the dialogue."""

    sound: Callable[[Step], Pcm]
    """What is said at a step, as it leaves the mouth."""
    yes: Pcm | None
    """A yes; None for a caller who can't say more than the dialogue has."""
    is_question: Callable[[str], bool]
    """Whether a node waits for an answer, so that one may talk over its prompt."""
    meant: Callable[[Step], Understood | None]
    """How what is said at a step is taken when every word of it is heard."""


class AloudCaller:
    """The far end of one call.

    It does as people do who aren't heard rightly: what would be understood, if every word were heard, it says once
    more when it wasn't, and to a confirmation of it that wouldn't be needed it says yes. `repeats` counts how often.

    Args:
        examiner: hands out the acts and judges what the hotline says.
        line: what becomes of the sound.
        info: who calls whom.
    """

    def __init__(self, examiner: Examiner, wits: Wits, line: TelephoneLine, info: LegInfo) -> None:
        self.lines: list[Line] = []
        """The conversation so far."""
        self.repeats = 0
        self.survey: int | None = None
        """What they answered to the survey."""
        self._examiner = examiner
        self._wits = wits
        self._line = line
        self._info = info
        self._idle = deque(to_frames(line.idle))
        self._saying: deque[Frame] = deque()
        self._pressing: deque[str] = deque()
        self._next_key_ms = 0.0
        self._silences = 0
        self._step: Step | None = None
        """Whose act is being done."""
        self._repeated = False
        self._taken: Turn | None = None
        """How the last act was understood; None when the hotline took it for noise."""
        self._said: list[PromptStarted] = []
        """By the hotline, since the caller's last act."""
        self._reacted = False
        self._node = ""
        self._listening_since: float | None = None
        self._quiet_since = 0.0
        self._handed_over: HandOver | None = None
        self._gone = False

    @property
    def info(self) -> LegInfo:
        return self._info

    @property
    def line(self) -> None:
        """There is no network."""

    def tell(self, event: Event) -> None:
        """Something happened in the call."""
        if isinstance(event, NodeEntered):
            self._node = event.node
        if isinstance(event, PromptStarted):
            self._said.append(event)
            self._reacted = True
        if isinstance(event, TurnFinished):
            self._taken = event.turn
        if isinstance(event, SurveyAnswered):
            self.survey = event.score
        if (line := told_event(event)) is not None:
            self.lines.append(line)
        self._quiet_since = event.at_ms

    def receive(self, now_ms: float, state: HotlineState) -> LegInput:
        """The caller's next 20 ms."""
        if not state.listening:
            self._listening_since = None
        elif self._listening_since is None:
            self._listening_since = now_ms
        if not (self._gone or self._saying or self._pressing):
            self._act(now_ms, state)
        keys = self._press(now_ms)
        handed_over, self._handed_over = self._handed_over, None
        return LegInput(self._frame(), keys, hung_up=self._gone, handed_over=handed_over)

    def send(self, frame: Frame) -> None:
        """The caller hears by the events, so that every difference has words; nothing is kept."""
        if frame.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples, not {frame.shape}")

    def transfer(self, queue: str) -> None:  # noqa: ARG002 - people answer in every queue
        """Be handed to a human, at once."""
        self._handed_over = HandOver(ok=True)

    def hang_up(self, reason: str) -> None:  # noqa: ARG002 - nobody at the far end who could read it
        """End the call from the hotline's side; idempotent."""
        self._gone = True

    def finish(self, ended: CallEnded) -> Ending:
        """The call is over: judge what was said last."""
        queue = ended.transfer["queue"] if ended.transfer else None
        ending = Ending(ended.disposition, ended.reason, queue)
        if self._step is not None and self._step.silent is not None and self._silences > 1:
            self._examiner.cut_short(self._step.silent - self._silences + 1, ending)
        self._examiner.next(self._reply, self._node, ending)
        return ending

    @property
    def _reply(self) -> str:
        return "".join(prompt.text for prompt in self._said)

    def _act(self, now_ms: float, state: HotlineState) -> None:
        listened_ms = 0.0 if self._listening_since is None else now_ms - self._listening_since
        if self._may_talk_over(now_ms, state) or (self._reacted and listened_ms >= ANSWER_AFTER_MS):
            self._reacted = False
            self._silences -= 1
            if self._silences <= 0:
                self._begin_next()
        elif now_ms - self._quiet_since >= PATIENCE_MS:
            self._examiner.refuse("热线有反应", "等了两分钟没有反应")
            self._gone = True

    def _may_talk_over(self, now_ms: float, state: HotlineState) -> bool:
        step = self._examiner.upcoming
        if step is None or step.talks_over is None or not state.speaking or not self._said:
            return False
        prompt = self._said[-1]
        long_enough = now_ms - prompt.at_ms >= TALK_OVER_AFTER_MS
        return long_enough and self._wits.is_question(prompt.node) and self._examiner.hears_all(self._reply)

    def _begin_next(self) -> None:
        if self._insist():
            return
        step = self._step = self._examiner.next(self._reply, self._node, None)
        self._repeated = False
        if step is None or step.hangs_up:
            self._gone = True
        if step is not None:
            self._begin(step)

    def _insist(self) -> bool:
        """Whether the caller confirms or repeats instead of going on."""
        step, turn = self._step, self._taken
        meant = self._wits.meant(step) if step is not None and step.speech is not None else None
        if step is None or meant is None or meant.outcome is Outcome.NO_MATCH:
            return False
        if (turn is None or turn.outcome in {"no_match", "no_input"}) and not self._repeated:
            self._repeated = True
            self._begin(step)
        elif turn is not None and self._wits.yes is not None and _needlessly_asked(turn, meant):
            self._said.clear()
            self._taken = None
            self.lines.append(Did("“对”（确认）"))
            self._speak(self._wits.yes, "yes")
        else:
            return False
        self.repeats += 1
        return True

    def _begin(self, step: Step) -> None:
        self._said.clear()
        self._taken = None
        self.lines.append(Did(mask(_step_text(step)) + ("（再说一遍）" if self._repeated else "")))
        if step.keys is not None:
            self._pressing.extend(step.keys)
        elif step.silent is not None:
            self._silences = step.silent
        elif step.speech is not None or step.records is not None:
            sound = self._wits.sound(step)
            self._speak(stretch(sound, SLOWER) if self._repeated else sound, _step_text(step))

    def _speak(self, pcm: Pcm, name: str) -> None:
        self._saying.extend(to_frames(self._line.carry(pcm, f"{name}{self.repeats}")))

    def _press(self, now_ms: float) -> tuple[str, ...]:
        if not self._pressing or now_ms < self._next_key_ms:
            return ()
        self._next_key_ms = now_ms + KEY_EVERY_MS
        return (self._pressing.popleft(),)

    def _frame(self) -> Frame:
        if self._saying:
            return self._saying.popleft()
        self._idle.rotate(-1)
        return np.asarray(self._idle[-1])


def _needlessly_asked(turn: Turn, meant: Understood) -> bool:
    """Whether the hotline asks to confirm the right thing, which it would have taken."""
    return turn.outcome == "confirm" and meant.outcome is Outcome.ACCEPT and turn.matched == meant.matched


def _step_text(step: Step) -> str:
    if step.speech is not None:
        return f"“{step.speech}”" + ("（插话）" if step.talks_over else "")
    if step.keys is not None:
        return f"按键 {step.keys}"
    if step.records is not None:
        return f"（留言 {step.records / 1000:.0f} 秒）"
    return "（挂机）" if step.hangs_up else "（没有说话）"
