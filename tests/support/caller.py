"""One caller's call: its plan, and its course from the INVITE to the end. Those who keep all calls are `Callers`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.support.caller_rtp import Line, Sound
from tests.support.caller_sip import Message, Words

REPEAT_S = 0.5
ANSWER_WITHIN_S = 10.0
BYE_WITHIN_S = 5.0
_AUDIO = re.compile(r"m=audio (\d+) ")
_HOST = re.compile(r"c=IN IP4 (\S+)")

UP, OVER = "up", "over"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one caller is going to do."""

    number: str = "echo"
    hold_s: float | None = 5.0
    """From the answer to our BYE; None: until told."""
    sound: Sound | None = None
    """What is said; None: no packets at all."""
    keys: str = ""
    """Pressed one after the other, from 300 ms after the answer, every 200 ms."""
    cancel_after_s: float | None = None
    keep: bool = False
    """Keep the payloads that come."""


class Owner(Protocol):
    """What a call needs of those who keep them all."""

    repeated: int

    def tell(self, data: bytes) -> None:
        """Send a message to the server."""

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Call `call` once, later."""

    def speak(self, call: Call) -> None:
        """Send its sound from now on."""

    def silence(self, call: Call) -> None:
        """Send nothing more; idempotent."""

    def ended(self, call: Call) -> None:
        """It is over."""


class Call:
    """One call of a caller."""

    def __init__(self, owner: Owner, plan: Plan, words: Words, line: Line) -> None:
        self.plan, self.words, self.line = plan, words, line
        self.state = "inviting"
        self.outcome = ""
        """Once over: `ended`, `cancelled`, `hung up` (by the server), `refused 486`, `no answer`, `bye unanswered`."""
        self.setup_ms: float | None = None
        self.keys_sent = 0
        self._owner = owner
        self._began_s = time.perf_counter()
        self._cancelling = False
        self._say(words.invite())
        self._repeat(words.invite(), "inviting", REPEAT_S, ANSWER_WITHIN_S)
        if plan.cancel_after_s is not None:
            owner.later(plan.cancel_after_s, self.cancel)

    def _say(self, data: bytes) -> None:
        self._owner.tell(data)

    def _repeat(self, data: bytes, state: str, pause_s: float, left_s: float) -> None:
        def again() -> None:
            if self.state != state:
                return
            if left_s <= 0:
                self._over("no answer" if state == "inviting" else "bye unanswered")
                return
            self._say(data)
            self._owner.repeated += 1
            self._repeat(data, state, min(2 * pause_s, 4.0), left_s - pause_s)

        self._owner.later(pause_s, again)

    def cancel(self) -> None:
        """Take the INVITE back, if there is no answer yet."""
        if self.state in ("inviting", "ringing"):
            self._cancelling = True
            self._say(self.words.cancel())
            self._owner.later(ANSWER_WITHIN_S, self._unheard)

    def hang_up(self) -> None:
        """Say BYE, once."""
        if self.state == UP:
            self.state = "leaving"
            self._owner.silence(self)
            data = self.words.within("BYE")
            self._say(data)
            self._repeat(data, "leaving", REPEAT_S, BYE_WITHIN_S)

    def press_next(self) -> None:
        """The next of the plan's keys."""
        if self.state == UP and self.keys_sent < len(self.plan.keys):
            self.line.press(self.plan.keys[self.keys_sent])
            self.keys_sent += 1
            self._owner.later(0.2, self.press_next)

    def on_response(self, message: Message) -> None:
        """An answer of the server's."""
        if message.method == "INVITE":
            self._on_invited(message)
        elif message.method == "BYE" and self.state == "leaving":
            self._over("ended" if message.status < 300 else f"bye answered {message.status}")

    def _on_invited(self, message: Message) -> None:
        status = message.status
        if status < 200:
            if self.state == "inviting":
                self.state = "ringing"
                self._owner.later(ANSWER_WITHIN_S, self._unheard)
            return
        self.words.to = message.first("to")
        if status < 300:
            contact = message.first("contact")
            self.words.target = contact.partition("<")[2].partition(">")[0]
        self._say(self.words.ack(status, int(message.first("cseq").split()[0])))
        if self.state not in ("inviting", "ringing"):
            return
        if status >= 300:
            self._over("cancelled" if status == 487 and self._cancelling else f"refused {status}")
            return
        self._answered(message)

    def _answered(self, message: Message) -> None:
        self.setup_ms = (time.perf_counter() - self._began_s) * 1000
        self.state = UP
        port, host = _AUDIO.search(message.body), _HOST.search(message.body)
        if port and host and self.plan.sound is not None:
            self.line.connect((host[1], int(port[1])))
            self._owner.speak(self)
        if self._cancelling:
            self.hang_up()
        elif self.plan.hold_s is not None:
            self._owner.later(self.plan.hold_s, self.hang_up)
        if self.plan.keys:
            self._owner.later(0.3, self.press_next)

    def on_request(self, message: Message) -> None:
        """They want something: they get it, but for a transfer."""
        if message.method == "ACK":
            return
        self._say(self.words.answer(message, 603 if message.method == "REFER" else 200))
        if message.method == "BYE" and self.state in (UP, "leaving"):
            self._over("hung up")

    def _unheard(self) -> None:
        if self.state in ("inviting", "ringing"):
            self._over("no answer")

    def _over(self, outcome: str) -> None:
        self.state, self.outcome = OVER, outcome
        self._owner.ended(self)
