"""The sound of calls by plain HTTP, and what a page shows of a call: ranges, path tricks, masking, who is on record."""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile as sf
from sqlalchemy import text, update

from gateway.analytics.copies import redacted_copy
from gateway.console.app import create_app
from gateway.console.call.marks import player_data
from gateway.console.call.sound import Outlines, SilentError
from gateway.console.call.view import load
from gateway.console.call.words import clock, lines
from gateway.console.config import ConsoleConfig
from gateway.console.logins import Logins
from gateway.console.rights import Scope
from gateway.console.wording import told_detail
from gateway.settings import Settings
from gateway.store import Store
from gateway.store import accounts as kept
from gateway.store.tables import CallRow
from tests.support.console import PASSWORD, account
from tests.support.flagged_calls import LENGTH_MS, NUMBER, RATE_HZ, SAID_MS, FlaggedCall, add_call, record

pytestmark = pytest.mark.unit

BASE = "http://127.0.0.1:8090"
ALL = Scope(view="all")
AUDIO = "/api/calls/call-1/audio"
BYTES = int(RATE_HZ * LENGTH_MS / 1000) * 4 + 44


class Site:
    """The console without its pages, on no socket, over a store with one flagged call."""

    def __init__(self, store: Store) -> None:
        self.store = store
        config = ConsoleConfig()
        self._logins = Logins(store, config)
        self._app = create_app(Settings(console=config), store, logins=self._logins, with_pages=False)
        self._tokens: dict[str, str] = {}
        for role in ("qa", "floor", "agent", "designer"):
            kept.add_account(store, account(role))

    def ask(self, path: str, role: str = "qa", method: str = "GET", **headers: str) -> httpx.Response:
        """One answer; each role logs in once."""
        if role not in self._tokens:
            opened = self._logins.attempt(role, PASSWORD, "127.0.0.1")
            assert opened is not None
            self._tokens[role] = opened.token
        cookie = {"Cookie": f"vg_login={self._tokens[role]}"}

        async def whole() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False, client=("127.0.0.1", 40_000))
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                return await client.request(method, path, headers={**cookie, **headers})

        return asyncio.run(whole())

    def heard(self) -> list[Mapping[str, Any]]:
        """What is on record of listenings, oldest first."""
        return [told.detail for _, told in kept.list_audit(self.store, action="listen")][::-1]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def site(store: Store) -> Site:
    add_call(store, FlaggedCall())
    return Site(store)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for tests that change nothing, and don't ask for what is on record."""
    with Store.open(tmp_path_factory.mktemp("shared")) as opened:
        add_call(opened, FlaggedCall())
        yield Site(opened)


def samples(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return sf.read(io.BytesIO(answer.content), dtype="int16", always_2d=True)[0]


def point(store: Store, where: str | None) -> None:
    """Let the call's row say that its recording is elsewhere."""
    with store.writing() as session:
        session.execute(update(CallRow).values(recording=where))


# --------------------------------------------------------------------------------------------------------------- ranges


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=0-99", 0, 99), ("bytes=100-", 100, BYTES - 1), ("bytes=-10", BYTES - 10, BYTES - 1),
     (f"bytes=0-{BYTES + 999}", 0, BYTES - 1)],
)  # fmt: skip
def test_a_range_is_answered_with_its_bytes(shared: Site, wanted: str, first: int, last: int) -> None:
    whole = shared.ask(AUDIO)
    part = shared.ask(AUDIO, Range=wanted)

    assert (whole.status_code, whole.headers["accept-ranges"], len(whole.content)) == (200, "bytes", BYTES)
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes {first}-{last}/{BYTES}"
    assert part.content == whole.content[first : last + 1]
    assert part.headers["content-type"] == "audio/wav"
    assert "no-store" in part.headers["cache-control"]


def test_a_range_beyond_the_file_is_refused_with_the_length(shared: Site) -> None:
    answer = shared.ask(AUDIO, Range=f"bytes={BYTES}-")

    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{BYTES}")
    assert len(answer.content) < 100


def test_head_tells_the_length_and_is_no_listening(site: Site) -> None:
    answer = site.ask(AUDIO, method="HEAD")

    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(BYTES), b"")
    assert site.heard() == []


def test_each_page_that_listens_is_on_record_once_however_many_ranges_it_fetches(site: Site) -> None:
    for page in ("one", "one", "two"):
        for wanted in ("bytes=0-99", "bytes=100-"):
            assert site.ask(f"{AUDIO}?page={page}", Range=wanted).status_code == 206

    assert site.heard() == [{"original": False}, {"original": False}]


def test_nobody_hears_anything_that_cannot_be_put_on_record(site: Site) -> None:
    site.ask("/api/calls/call-1/peaks")  # logged in, and the copy is there
    with site.store.writing() as session:
        session.execute(text("ALTER TABLE audit RENAME TO audit_away"))

    answer = site.ask(AUDIO)

    assert answer.status_code == 503
    assert "存储" in answer.json()["detail"]


# -------------------------------------------------------------------------------------------------------------- masking


def test_numbers_are_silent_for_who_may_not_hear_them(shared: Site) -> None:
    heard = samples(shared.ask(AUDIO))
    whole = sf.read(shared.store.recordings / "call-1.wav", dtype="int16", always_2d=True)[0]
    copy = sf.read(redacted_copy(shared.store, "call-1"), dtype="int16", always_2d=True)[0]

    assert np.array_equal(heard, copy)
    number = slice(int(3.1 * RATE_HZ), int(4.0 * RATE_HZ))
    assert np.abs(whole[number, 0]).max() > 10_000
    assert not heard[number, 0].any()
    assert np.array_equal(heard[: 2 * RATE_HZ], whole[: 2 * RATE_HZ])


def test_the_original_is_for_who_may_unmask_and_asks_for_it(site: Site) -> None:
    refused = site.ask(f"{AUDIO}?original=1")
    assert refused.status_code == 403
    assert "隐去号码" in refused.json()["detail"]
    assert site.ask("/api/calls/call-1/peaks?original=1").status_code == 403

    original = site.ask(f"{AUDIO}?original=1", "floor").content
    assert original == (site.store.recordings / "call-1.wav").read_bytes()
    assert site.ask(AUDIO, "floor").content != original
    assert site.heard() == [{"original": True}, {"original": False}]


@pytest.mark.parametrize("role", ["agent", "designer"])
def test_who_may_not_see_the_call_or_not_listen_hears_nothing(site: Site, role: str) -> None:
    wanted = {"agent": 404, "designer": 403}[role]

    for path in (AUDIO, "/api/calls/call-1/peaks", "/api/calls/call-1/messages/0/audio"):
        assert site.ask(path, role).status_code == wanted
    assert site.heard() == []


# ----------------------------------------------------------------------------------------------------------- the folder


@pytest.mark.parametrize(
    "where", ["{outside}/secret.wav", "../../outside/secret.wav", "/etc/passwd", "..", "", "\x00", "link.wav"]
)
def test_no_row_leads_out_of_the_folder_of_recordings(site: Site, tmp_path: Path, where: str) -> None:
    outside = tmp_path / "outside"
    record(outside, "secret.wav")
    (site.store.recordings / "link.wav").symlink_to(outside / "secret.wav")
    point(site.store, where.format(outside=outside))

    for role, query in (("qa", ""), ("floor", "?original=1")):
        answer = site.ask(AUDIO + query, role)
        assert answer.status_code == 404
        assert "录音" in answer.json()["detail"]
    assert [file.name for file in outside.iterdir()] == ["secret.wav"]


@pytest.mark.parametrize("call_id", ["..%2f..%2fetc%2fpasswd", "%00", "' OR 1=1 --", "\ud83d%ed%a0%80"[2:], "x" * 5000])
def test_no_address_leads_anywhere_else(shared: Site, call_id: str) -> None:
    assert shared.ask(f"/api/calls/{call_id}/audio").status_code == 404


def test_a_store_that_was_moved_still_finds_its_recordings(site: Site) -> None:
    point(site.store, "/where/it/was/before/call-1.wav")

    assert site.ask(AUDIO).status_code == 200


def test_what_retention_has_removed_is_told_in_words(site: Site) -> None:
    (site.store.recordings / "call-1.wav").unlink()
    for where in (str(site.store.recordings / "call-1.wav"), None):
        point(site.store, where)
        answer = site.ask(AUDIO)
        assert answer.status_code == 404
        assert "保留期限" in answer.json()["detail"]


def test_a_call_that_is_going_on_is_heard_later(store: Store) -> None:
    add_call(store, FlaggedCall(ended=False))

    answer = Site(store).ask(AUDIO)

    assert answer.status_code == 409
    assert "结束后" in answer.json()["detail"]


# ------------------------------------------------------------------------------------------- messages that were left


MESSAGE = "/api/calls/call-1/messages/0/audio"


@pytest.fixture
def left(store: Store) -> Site:
    """A call in which a message was left, of the length of the call."""
    file = record(store.recordings, "call-1-message-0.wav")
    message = {"node": "leave", "path": str(file), "start_ms": 0.0, "end_ms": LENGTH_MS}
    add_call(store, FlaggedCall(messages=(message,)))
    return Site(store)


def test_a_message_is_heard_by_its_number(left: Site) -> None:
    heard = samples(left.ask(MESSAGE))

    assert not heard[int(3.4 * RATE_HZ) : int(4.0 * RATE_HZ)].any()
    for number in ("1", "-1", "9" * 30):
        assert left.ask(f"/api/calls/call-1/messages/{number}/audio").status_code == 404
    for number in ("x", "0.5", "0%00"):
        assert left.ask(f"/api/calls/call-1/messages/{number}/audio").status_code == 422
    [heard_of] = left.heard()
    assert heard_of == {"original": False, "message": "0"}
    assert told_detail(heard_of) == "未遮住号码的录音：否；留言：第 1 条"


def test_ranges_of_a_message_are_one_listening_which_is_not_that_of_the_call(left: Site) -> None:
    whole = left.ask(f"{MESSAGE}?page=one").content

    for wanted, first, last in (("bytes=0-99", 0, 99), ("bytes=100-", 100, BYTES - 1)):
        part = left.ask(f"{MESSAGE}?page=one", Range=wanted)
        assert (part.status_code, part.headers["content-range"]) == (206, f"bytes {first}-{last}/{BYTES}")
        assert part.content == whole[first : last + 1]
    assert left.ask(MESSAGE, Range=f"bytes={BYTES}-").status_code == 416
    assert left.ask(f"{MESSAGE}?page=two", method="HEAD").content == b""
    left.ask(f"{AUDIO}?page=one")
    message = {"original": False, "message": "0"}
    assert left.heard() == [message, message, {"original": False}]


def test_the_original_of_a_message_is_for_who_may_unmask_and_asks_for_it(left: Site) -> None:
    assert left.ask(f"{MESSAGE}?original=1").status_code == 403

    original = left.ask(f"{MESSAGE}?original=1", "floor").content

    assert original == (left.store.recordings / "call-1-message-0.wav").read_bytes()
    assert left.ask(MESSAGE, "floor").content != original
    assert left.heard() == [{"original": True, "message": "0"}, {"original": False, "message": "0"}]


@pytest.mark.parametrize(("role", "status"), [("agent", 404), ("designer", 403)])
def test_who_may_not_see_the_call_or_not_listen_hears_no_message(left: Site, role: str, status: int) -> None:
    assert left.ask(MESSAGE, role).status_code == status
    assert left.heard() == []


@pytest.mark.parametrize(
    "where", ["{outside}/secret.wav", "../../outside/secret.wav", "/etc/passwd", "..", "", None, "\x00", "link.wav"]
)
def test_no_message_leads_out_of_the_folder_of_recordings(left: Site, tmp_path: Path, where: str | None) -> None:
    outside = tmp_path / "outside"
    record(outside, "secret.wav")
    (left.store.recordings / "link.wav").symlink_to(outside / "secret.wav")
    told = {"node": "leave", "path": where and where.format(outside=outside), "start_ms": 0.0, "end_ms": LENGTH_MS}
    with left.store.writing() as session:
        session.execute(update(CallRow).values(messages=[told]))

    for role, query in (("qa", ""), ("floor", "?original=1")):
        answer = left.ask(MESSAGE + query, role)
        assert answer.status_code == 404
        assert "录音" in answer.json()["detail"]
    assert [file.name for file in outside.iterdir()] == ["secret.wav"]
    assert left.heard() == []


def test_a_message_that_retention_has_removed_is_told_in_words(left: Site) -> None:
    (left.store.recordings / "call-1-message-0.wav").unlink()

    for role, query in (("qa", ""), ("floor", "?original=1")):
        answer = left.ask(MESSAGE + query, role)
        assert answer.status_code == 404
        assert "保留期限" in answer.json()["detail"]
    assert left.heard() == []


def test_a_page_knows_of_each_message_how_long_it_is_and_whether_it_is_kept(store: Store) -> None:
    kept_one = {"node": "leave", "path": "a.wav", "start_ms": 1000.0, "end_ms": 4500.0}
    add_call(store, FlaggedCall(messages=(kept_one, {**kept_one, "path": None})))
    shown = load(store, ALL, "call-1")

    assert shown is not None
    assert [(one.node, one.begin_ms, one.length_ms, one.has_file) for one in shown.messages] == [
        ("leave", 1000.0, 3500.0, True),
        ("leave", 1000.0, 3500.0, False),
    ]


# ---------------------------------------------------------------------------------------------------------- the outline


def test_the_outline_shows_each_side_where_it_speaks_and_silence_where_numbers_are(shared: Site) -> None:
    told = shared.ask("/api/calls/call-1/peaks?buckets=80").json()

    (low, high), (_, hotline) = told["sides"]
    assert told["duration_ms"] == LENGTH_MS
    assert len(low) == len(high) == 80
    assert max(high[:20]) == 0  # before they speak
    assert max(high[32:40]) == min(low[32:40]) == 0  # the number
    assert max(high[60:69]) == pytest.approx(0.4 * 127, abs=2)
    assert min(hotline[:19]) > 20
    assert max(hotline[21:]) <= 1


@pytest.mark.parametrize("buckets", ["0", "-1", "4001", "1e9", "x"])
def test_an_outline_of_too_many_pieces_is_refused(shared: Site, buckets: str) -> None:
    assert shared.ask(f"/api/calls/call-1/peaks?buckets={buckets}").status_code == 422


def test_an_outline_is_reckoned_once_and_anew_for_another_file(tmp_path: Path) -> None:
    outlines = Outlines()
    file = record(tmp_path, "x.wav")

    first = outlines.of(file, 100)
    assert outlines.of(file, 100) is first
    os.utime(file, ns=(0, 0))
    assert outlines.of(file, 100) is not first
    sf.write(tmp_path / "mono.wav", np.zeros(50), 8000)
    assert [len(low) for low, _ in outlines.of(tmp_path / "mono.wav", 100).sides] == [50]
    (tmp_path / "broken.wav").write_bytes(b"RIFF no more")
    with pytest.raises(SilentError, match="读不出来"):
        outlines.of(tmp_path / "broken.wav", 100)
    with pytest.raises(SilentError):
        outlines.of(tmp_path / "gone.wav", 100)


# ----------------------------------------------------------------------------------------------------- what pages show


def test_nothing_that_a_page_shows_has_a_number_in_it_until_it_is_unmasked(store: Store) -> None:
    add_call(store, FlaggedCall(queue="general"))

    masked = load(store, ALL, "call-1")
    whole = load(store, ALL, "call-1", unmasked=True)

    assert masked is not None
    assert whole is not None
    assert NUMBER not in repr(masked)
    assert NUMBER not in json.dumps(player_data(masked))
    assert repr(whole).count(NUMBER) >= 5
    assert masked.caller_number == "139****1004"
    assert dict(lines(masked.handed_over))["来电者"] == "号码：139****1004"
    assert masked.silences
    assert whole.silences == ()


def test_the_words_that_raised_a_flag_are_marked_behind_masks_too(store: Store) -> None:
    add_call(store, FlaggedCall())
    shown = load(store, ALL, "call-1")
    assert shown is not None

    data = player_data(shown)

    said = data["segments"][1]
    assert "".join(part["text"] for part in said["parts"]) == "我的电话是[电话号码]，再不退钱我就去工信部投诉"
    [marked] = [part for part in said["parts"] if "title" in part]
    assert (marked["text"], marked["flags"]) == ("工信部", [0])
    assert said["mood"]
    [stretch] = data["flags"][0]["spans"]
    assert (stretch["who"], SAID_MS[0] < stretch["begin"] < stretch["end"] <= SAID_MS[1]) == ("customer", True)


def test_texts_stay_texts_whatever_is_in_them(store: Store) -> None:
    bad = "<script>alert(1)</script>{{ 1+1 }}\u202e\x07" + "长" * 100_000
    add_call(store, FlaggedCall(words=bad, threat="<script>", node='a["]-->b<img onerror=x>', title="<b>{{x}}"))
    shown = load(store, ALL, "call-1")
    assert shown is not None

    said = player_data(shown)["segments"][1]

    whole = "".join(part["text"] for part in said["parts"])
    assert whole.startswith("<script>alert(1)</script>{{ 1+1 }}��长")
    assert len(whole) == 5000
    assert said["parts"][0] == {"text": "<script>", "flags": [0], "title": "<b>{{x}}"}


def test_a_call_out_of_sight_is_not_loaded(store: Store) -> None:
    add_call(store, FlaggedCall(queue="vip"))

    assert load(store, Scope(view="own", queues=("general",)), "call-1") is None
    assert load(store, Scope(view="own", queues=("vip",)), "call-1") is not None
    assert load(store, ALL, "nothing") is None


def test_a_call_that_is_going_on_shows_what_there_is(store: Store) -> None:
    add_call(store, FlaggedCall(ended=False))
    shown = load(store, ALL, "call-1")

    assert shown is not None
    assert not shown.ended
    assert [flag.flag for flag in shown.flags] == ["regulator"]
    assert shown.findings is None
    assert shown.duration_ms == SAID_MS[1]


@pytest.mark.parametrize(("at_ms", "told"), [(0.0, "00:00"), (61_999.0, "01:01"), (3_725_000.0, "1:02:05")])
def test_moments_of_a_call_are_told_as_clocks(at_ms: float, told: str) -> None:
    assert clock(at_ms) == told


def test_plain_json_is_told_in_lines_however_deep_it_is() -> None:
    deep: dict[str, Any] = {"x": 1}
    for _ in range(100):
        deep = {"x": deep}

    assert dict(lines({"mode": "elderly", "empty": {}, "none": None, "path": ["a", "b"]})) == {
        "模式": "elderly",
        "路径": "a、b",
    }
    assert len(dict(lines({"deep": deep, "long": "长" * 9999}))["long"]) == 600
