"""Every listener hears every event, whatever another one does."""

from __future__ import annotations

import pytest

from gateway.bus import fan_out
from gateway.events import Event, KeyPressed

pytestmark = pytest.mark.unit


def test_a_listener_that_fails_is_left_out_and_spares_the_others(caplog: pytest.LogCaptureFixture) -> None:
    first: list[Event] = []
    last: list[Event] = []

    def fails(event: Event) -> None:
        raise OSError("broken pipe")

    emit = fan_out(first.append, fails, last.append)
    told = [KeyPressed(call_id="c1", at_ms=i, key=str(i)) for i in range(3)]
    for event in told:
        emit(event)
    assert first == last == told
    (complaint,) = caplog.records
    assert "a listener failed on key_pressed" in complaint.getMessage()
