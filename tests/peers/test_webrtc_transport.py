"""The browser transport with real clients on loopback: what they may do, what they must not, and that all is freed."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import random
import re
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import numpy as np
import pytest
from aiortc.rtcsctptransport import DataChunk

from gateway.media.frames import FRAME_MS, to_frames
from gateway.transport.switchboard import Refusal
from gateway.transport.webrtc.ice import MAX_PLACES, MAX_WAITING
from gateway.transport.webrtc.peer import MAX_BUFFERED_BYTES
from gateway.transport.webrtc.sctp import MAX_FRAGMENTS, MAX_OUT_OF_ORDER
from tests.support import webrtc_client
from tests.support.sound import tone
from tests.support.webrtc_client import LightCall, RefusedError, Trouble
from tests.support.webrtc_offer import CRLF, offer
from tests.support.webrtc_sound import line_noise
from tests.support.webrtc_switchboard import Office, Switchboard, TakenCall, office, soon, udp_ports

pytestmark = pytest.mark.peers

TOKEN = "a-token-of-this-test"  # noqa: S105
HERE = "127.0.0.1"
CONNECT_S = 1
VIDEO = """\
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=mid:2
a=sendrecv
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=setup:actpass"""

Visit = Callable[[Office], Coroutine[Any, Any, None]]


def run(visit: Visit, board: Switchboard | None = None, **settings: Any) -> None:
    """Have a visit to a transport, of which nothing may be left but the transport itself."""

    async def whole() -> None:
        async with office(board, **settings) as there:
            await visit(there)
            for call in there.callers.calls:
                await there.callers.let_go(call)
            await there.freed()

    asyncio.run(whole())


async def began(there: Office, **options: Any) -> tuple[LightCall, TakenCall]:
    """A call that is up, its data channel too, and what the switchboard has of it."""
    number = len(there.board.calls)
    page = await there.callers.call(there.url, **options)
    call = await there.taken(number)
    await soon(lambda: bool(page.messages), name="the first message")
    return page, call


async def ended(call: TakenCall, reason: str, within_s: float) -> float:
    """Until a call has ended, for that reason; how long that took, s."""
    took_s = await soon(lambda: call.reason is not None, within_s, f"the end of the call ({reason})")
    assert call.reason == reason
    return took_s


def told(page: LightCall, kind: str) -> list[Any]:
    """The messages of a kind that a page got."""
    return [message for _, message in page.messages if message["type"] == kind]


# ---------------------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize("clock_hz", [48_000, 8000])
def test_keys_by_telephone_event_come_once_each_and_in_order(clock_hz: int) -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        for key in "10*#":
            page.press(key, clock_hz=clock_hz)
            await asyncio.sleep(0.2)
        await soon(lambda: len(call.keys) == 4, name="that all keys have come")
        await asyncio.sleep(0.2)
        assert call.keys == ["1", "0", "*", "#"]
        assert (call.line["lost"], call.line["unexpected"]) == (0, 0)
        assert call.line["concealed_ms"] <= FRAME_MS, "keys leave no holes: four would be 400 ms"

    run(visit)


def test_keys_by_message_come_once_each_and_a_key_told_by_both_ways_is_one_press() -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        for key in "2299#":
            page.tell({"type": "key", "key": key})
        await soon(lambda: call.keys == list("2299#"), name="keys by message")
        for clock_hz in (48_000, 8000):
            page.press("5", clock_hz=clock_hz)
            page.tell({"type": "key", "key": "5"})
            await asyncio.sleep(0.3)
        assert call.keys == list("2299#55")

    run(visit)


# ---------------------------------------------------------------------------------------------------------- bad offers


def without(start: str) -> str:
    """The usual offer without the lines that begin so."""
    return "".join(line + CRLF for line in offer().split(CRLF)[:-1] if not line.startswith(start))


SECTION = offer(data=False).partition("m=audio")[2]
BAD = {
    "empty": "",
    "garbage": "\x00\xff\x00 no SDP",
    "JSON": json.dumps({"type": "offer", "sdp": offer()}),
    "session alone": offer().partition("m=")[0],
    "no audio": offer().replace("m=audio", "m=application"),
    "video alone": offer(data=False).replace("m=audio", "m=video"),
    "data alone": offer().partition("m=audio")[0] + "m=application" + offer().rpartition("m=application")[2],
    "no fingerprint": without("a=fingerprint"),
    "fingerprint of MD5": offer().replace("sha-256", "md5"),
    "no ufrag": without("a=ice-ufrag"),
    "no password": without("a=ice-pwd"),
    "active": offer().replace("setup:actpass", "setup:active"),
    "recvonly": offer().replace("sendrecv", "recvonly"),
    "no opus": offer().replace("opus/48000/2", "speex/16000"),
    "port 0": offer(data=False).replace("m=audio 9", "m=audio 0"),
    "17 audio lines": offer(data=False) + f"m=audio{SECTION}" * 16,
}


def test_a_bad_offer_is_refused_in_words_and_nothing_is_opened_for_it() -> None:
    async def visit(there: Office) -> None:
        for name, body in BAD.items():
            status, headers, text = await there.post(body.encode())
            assert (status, headers["Content-Type"]) == (400, "application/problem+json"), name
            assert json.loads(text)["reason"] == "bad_offer", name
            assert len(json.loads(text)["detail"]) > 20, name
        assert not there.board.admitted
        assert not there.left()

    run(visit)


def test_an_offer_of_a_megabyte_is_not_read() -> None:
    async def visit(there: Office) -> None:
        status, _, text = await there.post(io.BytesIO(offer().encode() + b"a=x:" + b"y" * 2**20 + b"\r\n"))
        assert (status, json.loads(text)["reason"]) == (413, "too_large")
        assert not there.board.admitted
        assert not there.left()

    run(visit)


@pytest.mark.parametrize("token", [None, "another-token-of-this-test"])
def test_without_the_token_nothing_is_opened(token: str | None) -> None:
    async def visit(there: Office) -> None:
        with pytest.raises(RefusedError) as refused:
            await there.callers.call(there.url, token=token)
        assert refused.value.status == 401
        assert json.loads(refused.value.body)["reason"] == "token"
        assert not there.board.admitted
        assert not there.left()
        page, call = await began(there, token=TOKEN)
        await soon(lambda: call.ticks > 10)
        assert page.up

    run(visit, access_token=TOKEN)


def test_video_beside_sound_is_not_taken_and_the_call_works(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_video(*args: Any) -> str:
        text = offer(*args).replace("BUNDLE 0 1", "BUNDLE 0 1 2")
        same = re.findall(r"^a=(?:ice-ufrag|ice-pwd|fingerprint):[^\r]*", text, re.MULTILINE)[:3]
        return text + "".join(line + CRLF for line in [*VIDEO.split("\n"), *same])

    async def visit(there: Office) -> None:
        page, call = await began(there)
        assert re.findall(r"^m=(\w+) (\d+)", page.answer, re.MULTILINE) == [
            ("audio", "9"),
            ("application", "9"),
            ("video", "0"),
        ]
        assert "a=group:BUNDLE 0 1\r\n" in page.answer
        page.tell({"type": "key", "key": "3"})
        await soon(lambda: call.keys == ["3"])
        await soon(lambda: len(call.watch.at_ms) > 1, 4.0, "the caller's clicks")
        assert page.came.packets > 50

    monkeypatch.setattr(webrtc_client, "offer", with_video)
    run(visit)


# ------------------------------------------------------------------------------------------------ calls that never are


def test_who_never_connects_is_given_up_and_all_is_freed() -> None:
    async def visit(there: Office) -> None:
        status, headers, answer = await there.post(offer())
        assert status == 201
        assert there.transport.calls == there.board.places == 1
        (port,) = udp_ports() - there.ports
        assert f"127.0.0.1 {port} typ host" in answer
        took_s = await there.freed(CONNECT_S + 1.5)
        assert took_s > CONNECT_S - 0.2
        assert not there.board.calls, "the switchboard was never given the call"
        async with there.session.delete(there.url + headers["Location"]) as response:
            assert response.status == 404

    run(visit, connect_timeout_s=CONNECT_S)


def test_a_page_with_another_certificate_than_it_offered_is_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def forged(*args: Any) -> str:
        return re.sub(r"sha-256 [0-9A-F:]+", "sha-256 " + ":".join(["AB"] * 32), offer(*args))

    async def visit(there: Office) -> None:
        monkeypatch.setattr(webrtc_client, "offer", forged)
        page = await there.callers.call(there.url)  # for itself it is connected: we made the handshake before we knew
        await soon(lambda: there.board.places == 0, CONNECT_S + 1.5)
        await there.callers.let_go(page)
        await there.freed(CONNECT_S + 1.5)
        assert there.board.admitted
        assert not there.board.calls
        monkeypatch.undo()
        await began(there)

    run(visit, connect_timeout_s=CONNECT_S)


def test_who_hangs_up_before_being_connected_is_freed_at_once() -> None:
    async def visit(there: Office) -> None:
        _, headers, _ = await there.post(offer())
        async with there.session.delete(there.url + headers["Location"]) as response:
            assert response.status == 200
        assert await there.freed() < 0.5
        assert not there.board.calls

    run(visit)


# ----------------------------------------------------------------------------------------------------------- strangers


def garbage(count: int) -> Iterator[bytes]:
    """What a stranger may send: nothing, noise of every kind, and STUN that is badly made."""
    chance = random.Random(9)
    yield from (b"", b"\x00", b"\x14", b"\x16", b"\x80", b"\xff" * 2000)
    cookie = bytes.fromhex("2112a442") + b"transaction!"
    for kind in (0x0006, 0x0009, 0x0020, 0x0024, 0x0025, 0x8028, 0x8029, 0x802A, 0x0008):
        for length in (0, 1, 3, 5, 9):
            attribute = kind.to_bytes(2, "big") + length.to_bytes(2, "big") + b"\xfe" * length + bytes(-length % 4)
            for message in (0x0001, 0x0101, 0x0111, 0x0011, 0x0003):
                yield message.to_bytes(2, "big") + len(attribute).to_bytes(2, "big") + cookie + attribute
    for _ in range(count):
        first = chance.choice((0, 1, 20, 22, 23, 63, 64, 128, 144, 191, 192, 255))
        yield bytes((first,)) + chance.randbytes(chance.choice((0, 1, 11, 12, 19, 40, 1200)))


def test_what_strangers_send_to_an_open_port_is_not_kept(caplog: pytest.LogCaptureFixture) -> None:
    """Between the answer and the connection anybody can reach it, and nobody reads."""

    async def visit(there: Office) -> None:
        _, headers, _ = await there.post(offer())
        (port,) = udp_ports() - there.ports
        call = there.transport.get(headers["Location"].rpartition("/")[2])
        assert call is not None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for number, data in enumerate([*garbage(1000), *[b"\x16" * 1200] * 1000]):
                stranger.sendto(data, (HERE, port))
                if number % 4 == 0:
                    await asyncio.sleep(0.001)
        assert 200 < call._peer._connection._queue.qsize() <= MAX_WAITING, "enough was sent, not all is kept"
        async with there.session.delete(there.url + headers["Location"]) as response:
            assert response.status == 200

    run(visit)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_what_strangers_send_into_a_call_does_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        (port,) = re.findall(r" (\d+) typ host", page.answer)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for number, data in enumerate(garbage(1000)):
                stranger.sendto(data, (HERE, int(port)))
                if number % 10 == 0:
                    await asyncio.sleep(0.005)
        page.tell({"type": "key", "key": "6"})
        await soon(lambda: call.keys == ["6"], name="a key after the garbage")
        await soon(lambda: len(call.watch.at_ms) > 1, 4.0, "the caller's clicks")
        assert (call.reason, call.line["lost"], call.line["malformed"]) == (None, 0, 0)

    run(visit)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_page_that_sends_checks_from_everywhere_is_not_followed_everywhere() -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        (port,) = re.findall(r" (\d+) typ host", page.answer)
        own, theirs = page._gatherer._connection, page._ice._connection
        for _ in range(300):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
                request = own.build_request(own._nominated[1], nominate=False)
                request.add_message_integrity(theirs.remote_password.encode())
                elsewhere.sendto(bytes(request), (HERE, int(port)))
            await asyncio.sleep(0.002)
        opened = there.transport.get(page.location.rpartition("/")[2])
        assert opened is not None
        connection = opened._peer._connection
        assert 100 < len(connection._check_list) <= MAX_PLACES
        assert len(connection.remote_candidates) <= MAX_PLACES
        ticks = call.ticks
        await soon(lambda: call.ticks > ticks + 20)
        assert call.reason is None

    run(visit)


# ------------------------------------------------------------------------------------------------------ how calls end


def test_who_hangs_up_by_delete_is_gone_and_can_only_do_it_once() -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        await soon(lambda: call.ticks > 50)
        assert await there.callers.hang_up(page) == 200
        assert await ended(call, "caller_hung_up", 1.0) < 0.3
        await there.freed()
        async with there.session.delete(page.location) as response:
            assert response.status == 404
        assert (await patch(there, page, '"any"'))[0] == 404

    run(visit)


async def patch(there: Office, page: LightCall, etag: str, candidates: int = 1) -> tuple[int, str]:
    """Candidates that the page found later."""
    body = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
    body += "".join(f"a=candidate:1 1 udp 2130706431 127.0.0.1 {20_000 + n} typ host\r\n" for n in range(candidates))
    headers = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": etag}
    async with there.session.patch(page.location, data=body, headers=headers) as response:
        return response.status, await response.text()


def test_candidates_may_come_later_and_their_number_is_bounded() -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        opened = there.transport.get(page.location.rpartition("/")[2])
        assert opened is not None
        for _ in range(5):
            assert await patch(there, page, f'"{opened.etag}"', candidates=60) == (204, "")
        assert len(opened._peer._connection.remote_candidates) <= 64 + 1
        assert (await patch(there, page, '"another"'))[0] == 412
        ticks, came = call.ticks, page.came.packets
        await asyncio.sleep(0.5)
        assert call.ticks - ticks > 20
        assert page.came.packets - came > 20

    run(visit)


def test_who_closes_without_delete_has_hung_up() -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        await soon(lambda: call.ticks > 20)
        await there.callers.let_go(page)
        assert await ended(call, "caller_hung_up", 1.0) < 1.0
        await there.freed()

    run(visit)


def test_who_says_bye_has_hung_up() -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        page.tell({"type": "bye"})
        await ended(call, "caller_hung_up", 1.0)
        await asyncio.wait_for(page.over.wait(), 1.0)

    run(visit)


def test_who_vanishes_is_noticed_within_three_seconds_and_freed() -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        await soon(lambda: call.ticks > 50)
        page.vanish()
        took_s = await ended(call, "connection_lost", 3.0)
        assert took_s > 2.0, "a moment's silence is no reason"
        await there.callers.let_go(page)
        await there.freed()

    run(visit)


def test_an_outage_of_two_seconds_is_survived() -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there, sound=line_noise())
        await soon(lambda: call.ticks > 50)
        page.outage(2.0)
        await asyncio.sleep(2.2)
        assert call.reason is None
        page.sound = webrtc_client.clicking()
        came = page.came.packets
        await soon(lambda: len(call.watch.at_ms) > 2, 5.0, "sound after the outage")
        assert page.came.packets - came > 100
        page.tell({"type": "key", "key": "7"})
        await soon(lambda: call.keys == ["7"], 5.0, "a key after the outage")
        assert call.line["playout_delay_ms"] < 100

    run(visit)


def test_a_page_that_is_there_but_sends_no_sound_has_lost_its_microphone() -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        await soon(lambda: call.ticks > 20)
        page.pause(60)

        async def alive() -> None:
            while page.up:
                page.tell({"type": "alive"})
                await asyncio.sleep(1.0)

        living = asyncio.create_task(alive())
        assert 2.8 < await ended(call, "rtp_timeout", 4.0) < 3.5
        await asyncio.wait_for(page.over.wait(), 1.0)
        living.cancel()
        await asyncio.wait([living])
        assert [message["reason"] for message in told(page, "ended")] == ["rtp_timeout"]

    run(visit, rtp_timeout_s=3)


def test_our_last_words_are_heard_whole_and_then_the_connection_closes() -> None:
    prompt_ms = 1500

    async def visit(there: Office) -> None:
        page, call = await began(there, keep=True)
        await ended(call, "done", 4.0)
        over_s = await soon(page.over.is_set, 2.0)
        assert [message["reason"] for message in told(page, "ended")] == ["done"]
        heard = page.came.pcm().astype(np.float64)
        level = np.sqrt(np.mean(heard[: len(heard) // 80 * 80].reshape(-1, 80) ** 2, axis=1))
        loud_ms = 5 * int((level > 1000).sum())
        too_late = call.line["sent_too_late"] + call.line["send_slots_skipped"]  # the machine is shared
        print(f"heard {loud_ms} of {prompt_ms} ms, {too_late} frames too late, closed {over_s * 1000:.0f} ms after")
        assert loud_ms >= prompt_ms - 10 - too_late * FRAME_MS, "the encoder holds back 6.5 ms"
        assert level[-1] < 100, "and silence follows"
        assert page.came.lost == 0

    run(visit, Switchboard(to_frames(tone(prompt_ms)), then_hang_up=True))


def test_stopping_ends_every_call_and_tells_the_pages() -> None:
    async def whole() -> None:
        async with office() as there:
            pages = [(await began(there))[0] for _ in range(3)]
            await there.post(offer())
            began_s = time.monotonic()
            await there.transport.stop()
            assert time.monotonic() - began_s < 2.0
            for page in pages:
                await there.callers.let_go(page)
            await there.freed()
            for page in pages:
                assert [message["reason"] for message in told(page, "ended")] == ["shutdown"]
            assert [call.reason for call in there.board.calls] == ["shutdown"] * 3

    asyncio.run(whole())


# ------------------------------------------------------------------------------------------------------ a bad line


def delays(page: LightCall, call: TakenCall) -> list[tuple[float, float]]:
    """When a click went out, and how long it took to be heard, ms; of those that were."""
    found = []
    for sent_ms in page.clicks:
        took = [heard_ms - sent_ms for heard_ms in call.watch.at_ms if 0 <= heard_ms - sent_ms < 400]
        found += [(sent_ms, took[0])] if took else []
    return found


def held_up_ms(there: Office, call: TakenCall) -> float:
    """For how long this process was late since it was last asked to forget, all in all: the machine is shared, and what
    comes of that is no fault of the transport's. A quarter of a packet's time is nothing."""
    return float(sum(ms for late in (there.callers.late_ms, call.late_ms) for ms in late if ms > FRAME_MS / 4))


def test_of_five_percent_loss_only_the_lost_frames_are_missing_and_delay_stays() -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there, sound=webrtc_client.clicking(every_ms=500))
        await asyncio.sleep(2.5)
        there.callers.forget()
        call.late_ms.clear()
        before = call.line
        page.begin_trouble(Trouble(loss=0.05, seed=3))
        from_ms = time.monotonic() * 1000
        await asyncio.sleep(6.0)
        page.begin_trouble(Trouble())
        to_ms = time.monotonic() * 1000
        await asyncio.sleep(2.5)
        line, dropped, late_ms = call.line, len(page.dropped), held_up_ms(there, call)
        took = delays(page, call)
        first = np.median([ms for at_ms, ms in took if at_ms < from_ms])
        last = np.median([ms for at_ms, ms in took if at_ms > to_ms])
        made_up = (line["concealed_ms"] - before["concealed_ms"]) // FRAME_MS
        late = line["late"] - before["late"]
        print(f"{dropped} of {page.sent} dropped, {made_up} made up, {late} late, we were {late_ms:.0f} ms late")
        print(f"delay {first:.0f} ms before, {last:.0f} ms after")
        assert dropped > 10
        assert line["lost"] == dropped
        assert dropped <= made_up <= dropped + late_ms / FRAME_MS
        assert late <= late_ms / FRAME_MS
        assert abs(last - first) < FRAME_MS + late_ms

    run(visit)


def test_jitter_and_another_order_lose_nothing() -> None:
    async def visit(there: Office) -> None:
        both = []
        for trouble in (Trouble(jitter_ms=40, seed=5), Trouble(reorder=0.1, seed=6)):
            page, call = await began(there)
            page.begin_trouble(trouble)
            both.append((page, call))
        await asyncio.sleep(2.0)  # it learns how the line is
        there.callers.forget()
        before = [call.line for _, call in both]
        for _, call in both:
            call.late_ms.clear()
        await asyncio.sleep(4.0)
        for (page, call), was in zip(both, before, strict=True):
            line, late_ms = call.line, held_up_ms(there, call)
            more = {name: line[name] - was[name] for name in ("late", "concealed_ms", "reordered", "packets_received")}
            print(more, f"delay {line['playout_delay_ms']} ms, we were {late_ms:.0f} ms late")
            assert (line["lost"], line["undecodable"]) == (0, 0)
            assert more["reordered"] > 10
            assert page.sent - line["packets_received"] < 10, "what is under way"
            assert more["late"] <= 0.03 * 200 + late_ms / FRAME_MS
            assert more["concealed_ms"] <= 0.03 * 4000 + late_ms
            assert line["playout_delay_ms"] <= 50 + late_ms

    run(visit)


# ------------------------------------------------------------------------------------------------------------- abuse


def test_a_flood_of_messages_ends_nothing_and_keys_are_limited() -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        await soon(lambda: call.ticks > 20)
        began_s = time.monotonic()
        for number in range(10_000):
            page.tell({"type": "key", "key": str(number % 10)})
            if number % 100 == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(3.0)
        took_s = time.monotonic() - began_s
        print(f"after {took_s:.1f} s: {len(call.keys)} keys, ticks {max(call.late_ms):.0f} ms late")
        assert 20 <= len(call.keys) <= 20 + 20 * (took_s + 0.5)
        ticks = call.ticks
        await asyncio.sleep(1.5)
        assert call.ticks - ticks > 50
        page.press("#")  # by the sound's own way: behind so many messages another would have to wait
        await soon(lambda: "#" in call.keys, name="a key after the flood")
        assert call.reason is None

    run(visit)


def test_what_is_no_message_is_not_heard() -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        channel = page._channel
        assert channel is not None
        chance = random.Random(4)
        nothing: list[str | bytes] = [
            "",
            "null",
            "[" * 500,
            '{"type":"key"}',
            '{"type":"key","key":"12"}',
            '{"type":"key","key":["1"]}',
            '{"type":["alive"]}',
            "\x00",
            "电话",
            '{"type":"key","key":"1"' + " " * 600 + "}",
            "x" * 60_000,
            b"",
            b'{"type":"key","key":"1"}',
            chance.randbytes(60_000),
        ]
        for message in nothing:
            channel.send(message)
            await asyncio.sleep(0.08)
        page.tell({"type": "key", "key": "4"})
        await soon(lambda: call.keys == ["4"], name="a key after the garbage")
        assert call.reason is None

    run(visit)


def test_a_page_that_reads_nothing_costs_no_memory() -> None:
    async def nothing(data: bytes) -> None:
        pass

    async def visit(there: Office) -> None:
        page, call = await began(there)
        await soon(lambda: bool(page.messages))
        page._sctp._handle_data = nothing  # type: ignore[method-assign,union-attr]
        opened = there.transport.get(page.location.rpartition("/")[2])
        assert opened is not None
        for _ in range(2000):
            opened.tell(json.dumps({"type": "said", "who": "hotline", "text": "话" * 500}))
        await asyncio.sleep(1.0)
        assert opened._peer._channel.bufferedAmount <= MAX_BUFFERED_BYTES + 2000
        assert call.reason is None
        assert page.came.late < 10

    run(visit)


def fragment(page: LightCall, ahead: int, flags: int, stream: int, kind: int, content: bytes) -> DataChunk:
    """A fragment of SCTP that no library would send; `ahead`: of the number that is next."""
    sctp, chunk = page._sctp, DataChunk()
    assert sctp is not None
    chunk.tsn, chunk.flags, chunk.stream_id = sctp._local_tsn + ahead & 0xFFFF_FFFF, flags, stream
    chunk.stream_seq, chunk.protocol, chunk.user_data = sctp._outbound_stream_seq.get(stream, 0), kind, content
    return chunk


TEXT, DCEP = 51, 50
FIRST, LAST = 2, 1
OPEN_CHANNEL = bytes.fromhex("03000000000000000001000078")
ENDLESS = {
    "a message without end": [(n, FIRST if n == 0 else 0, 0, TEXT, b"x" * 1000) for n in range(2000)],
    "nothing but what comes after": [(2 * n + 1, FIRST | LAST, 0, TEXT, b"{}") for n in range(2000)],
    "on every other channel": [(n, FIRST, n % 5000 + 1, TEXT, b"x" * 1000) for n in range(2000)],
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_what_has_no_end_is_not_kept(kind: str) -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        opened = there.transport.get(page.location.rpartition("/")[2])
        assert opened is not None
        sctp = opened._peer._sctp
        assert page._sctp is not None
        for number, told in enumerate(ENDLESS[kind]):
            await page._sctp._send_chunk(fragment(page, *told))
            if number % 10 == 0:
                await asyncio.sleep(0.002)
        await asyncio.sleep(0.2)
        kept = sum(len(stream.reassembly) for stream in sctp._inbound_streams.values())
        print(kind, kept, len(sctp._sack_misordered), max(call.late_ms))
        assert kept <= MAX_FRAGMENTS
        assert len(sctp._sack_misordered) <= MAX_OUT_OF_ORDER
        assert len(sctp._inbound_streams) <= 1
        ticks = call.ticks
        await soon(lambda: call.ticks > ticks + 20)
        assert call.reason is None

    run(visit)


def test_messages_that_no_library_sends_end_nothing_and_open_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def visit(there: Office) -> None:
        page, call = await began(there)
        opened = there.transport.get(page.location.rpartition("/")[2])
        assert opened is not None
        sctp = page._sctp
        assert sctp is not None
        for stream, content, kind in (
            (0, b"\xff\xfe", TEXT),
            (0, OPEN_CHANNEL, DCEP),
            (7, OPEN_CHANNEL, DCEP),
            (7, b"{}", TEXT),
            (0, b"\x02", DCEP),
            (0, b"\x03", DCEP),
            (0, b"\x03" + bytes(20), DCEP),
        ):
            chunk = fragment(page, 0, FIRST | LAST, stream, kind, content)
            sctp._local_tsn = sctp._local_tsn + 1 & 0xFFFF_FFFF
            sctp._outbound_stream_seq[stream] = chunk.stream_seq + 1
            await sctp._send_chunk(chunk)
        await page._dtls._send_data(b"no SCTP at all")
        assert set(opened._peer._sctp._data_channels) == {0}
        page.tell({"type": "key", "key": "8"})
        await soon(lambda: call.keys == ["8"], 4.0, "a key after all that")
        assert call.reason is None

    run(visit)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


# -------------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("refusal", "status", "retry"),
    [
        (Refusal.UNKNOWN_NUMBER, 404, False),
        (Refusal.BUSY, 503, True),
        (Refusal.FULL, 503, True),
        (Refusal.DRAINING, 503, True),
    ],
)
def test_who_is_not_let_in_is_told_why(refusal: Refusal, status: int, retry: bool) -> None:
    async def visit(there: Office) -> None:
        there.board.refusal = refusal
        got, headers, text = await there.post(offer())
        assert (got, json.loads(text)["reason"], "Retry-After" in headers) == (status, refusal.value, retry)
        assert not there.left()
        async with there.session.get(there.url + "/healthz") as response:
            assert response.status == 503

    run(visit)


def test_more_calls_than_one_address_may_place_are_refused() -> None:
    async def visit(there: Office) -> None:
        answers = [await there.post(offer()) for _ in range(6)]
        statuses = [status for status, _, _ in answers]
        assert statuses == [201] * 3 + [429] * 3
        assert answers[-1][1]["Retry-After"] == "10"
        assert json.loads(answers[-1][2])["reason"] == "too_many"
        assert there.transport.calls == 3
        await there.freed(CONNECT_S + 1.5)

    run(visit, calls_per_minute=6, connect_timeout_s=CONNECT_S)


def test_ports_that_are_all_taken_are_told_as_full() -> None:
    async def visit(there: Office) -> None:
        first, second, third = [await there.post(offer()) for _ in range(3)]
        assert (first[0], second[0]) == (201, 201)
        assert (third[0], json.loads(third[2])["reason"]) == (503, "full")
        assert there.board.places == 2
        assert udp_ports() - there.ports == {38_750, 38_751}
        await there.freed(CONNECT_S + 1.5)

    run(visit, media_ports="38750-38751", connect_timeout_s=CONNECT_S)
