"""voice-gateway outbox: sees what waits and what is dead, beside the gateway that owns the store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.outbox import app
from gateway.delivery.courier import Courier, Place
from gateway.delivery.tries import OK, Outcome, Verdict
from gateway.errors import StoreError
from gateway.store import Store
from tests.support.sending import FOR_EVER, Desk, fresh_store, put, states

pytestmark = pytest.mark.unit


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Owned while the commands run; one document is dead, one delivered."""
    with fresh_store(tmp_path) as opened:
        put(opened, calls=2)
        hopeless = Outcome(Verdict.HOPELESS, "answered 422 Unprocessable Content: [missing]")
        deliver(opened, Desk(lambda parcel: OK if parcel.call_id == "c0" else hopeless))
        yield opened


def deliver(store: Store, desk: Desk) -> None:
    async def run() -> None:
        courier = Courier(store, [Place(name="crm", sink=desk)], keep=FOR_EVER, keep_dead=FOR_EVER)
        courier.start()
        await courier.stop()

    asyncio.run(run())


def run(store: Store, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words, "--store", str(store.directory)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_the_list_counts_and_tells_dead_letters(store: Store) -> None:
    code, told = run(store, "list")
    assert code == 0
    assert "crm　已送达 1 条" in told
    assert "crm　死信 1 条" in told
    assert "c1/event/0" in told
    assert "[missing]" in told
    assert "c0/event/0" not in told
    assert "c0/event/0" in run(store, "list", "--state", "delivered")[1]


def test_the_list_as_json(store: Store) -> None:
    told = json.loads(run(store, "list", "--json")[1])
    assert [(one["sink"], one["state"], one["count"]) for one in told["counts"]] == [
        ("crm", "dead", 1),
        ("crm", "delivered", 1),
    ]
    assert [one["key"] for one in told["letters"]] == ["c1/event/0"]


def test_a_document_is_shown_as_it_leaves(store: Store) -> None:
    assert json.loads(run(store, "show", "c1/event/0", "--json")[1])["Content"] == "查话费"
    assert "死信" in run(store, "show", "c1/event/0")[1]
    code, told = run(store, "show", "nothing")
    assert (code, "没有 nothing" in told) == (1, True)


def test_a_dead_letter_is_sent_again_while_the_gateway_owns_the_store(store: Store) -> None:
    code, told = run(store, "retry", "c1/event/0")
    assert (code, "1 条重新进入发送" in told) == (0, True)
    desk = Desk()
    deliver(store, desk)
    assert desk.taken == ["c1/event/0"]


def test_a_dead_letter_is_dropped(store: Store) -> None:
    assert run(store, "drop", "--sink", "crm")[0] == 0
    assert states(store, "crm") == {"delivered": 1, "dropped": 1}
    assert run(store, "drop", "--all")[0] == 1
    assert run(store, "retry", "--call", "c1")[0] == 0


@pytest.mark.parametrize("words", [["retry"], ["drop"], ["list", "--state", "lost"]])
def test_what_is_meant_has_to_be_said(store: Store, words: list[str]) -> None:
    assert run(store, *words)[0] == 2


def test_the_schemas_are_printed() -> None:
    told = CliRunner().invoke(app, ["schema", "call"])
    assert json.loads(told.output)["title"] == "voice-gateway call document 1.0"
    assert CliRunner().invoke(app, ["schema", "cal"]).exit_code == 2


def test_a_folder_without_a_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store of calls here"):
        Store.open_beside(tmp_path)
    assert not list(tmp_path.iterdir())
