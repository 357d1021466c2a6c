"""Reviews and appeals as the store keeps them: two at once, whose calls, who comes next, all of it on record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.console.rights import Scope
from gateway.errors import StoreError
from gateway.findings import Flag
from gateway.store import Store, reviews
from gateway.store.accounts import Audited, list_audit
from gateway.store.reviews import MAX_COMMENT, Opinion
from tests.support.flagged_calls import FlaggedCall, add_call

pytestmark = pytest.mark.unit

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ALL = Scope(view="all")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as opened:
        yield opened


def told(account: str = "qa", action: str = "review", call_id: str = "call-1", minutes: int = 0) -> Audited:
    at = NOON + timedelta(minutes=minutes)
    return Audited(at=at, account=account, action=action, call_id=call_id, detail={}, address="192.0.2.1")


def opinion(**values: object) -> Opinion:
    return Opinion(**{"call_id": "call-1", "flag": "regulator", "verdict": "confirmed", **values})  # type: ignore[arg-type]


def test_a_verdict_stands_with_its_comment_and_is_on_record(store: Store) -> None:
    add_call(store, FlaggedCall())

    done = reviews.review(store, opinion(comment="  确实说了\x00 "), told())

    assert done.taken
    assert (done.stands.verdict, done.stands.comment, done.stands.revision) == ("confirmed", "确实说了", 1)
    assert reviews.reviews(store, "call-1") == {"regulator": done.stands}
    [(_, entry)] = list_audit(store, action="review")
    assert (entry.account, entry.call_id, entry.at) == ("qa", "call-1", NOON)
    assert entry.detail == {"flag": "regulator", "verdict": "confirmed", "comment": "确实说了"}


def test_the_second_of_two_reviewers_is_told_of_the_first_and_overwrites_nothing(store: Store) -> None:
    add_call(store, FlaggedCall())
    first = reviews.review(store, opinion(comment="属实"), told("first"))

    second = reviews.review(store, opinion(verdict="dismissed", comment="玩笑"), told("second", minutes=1))

    assert not second.taken
    assert second.stands == first.stands
    assert reviews.reviews(store, "call-1")["regulator"].account == "first"
    assert len(list_audit(store, action="review")) == 1


def test_who_has_seen_what_stands_may_change_it_and_the_history_keeps_both(store: Store) -> None:
    add_call(store, FlaggedCall())
    first = reviews.review(store, opinion(comment="属实"), told("first"))

    changed = reviews.review(
        store, opinion(verdict="dismissed", expected_revision=first.stands.revision), told("second", minutes=1)
    )

    assert changed.taken
    assert changed.stands.revision == 2
    assert [(one.account, one.detail["verdict"]) for one in reviews.history(store, "call-1")] == [
        ("first", "confirmed"),
        ("second", "dismissed"),
    ]


def test_a_flag_that_the_call_has_not_cannot_be_judged(store: Store) -> None:
    add_call(store, FlaggedCall())

    with pytest.raises(StoreError, match="no flag 'churn'"):
        reviews.review(store, opinion(flag="churn"), told())

    assert list_audit(store, action="review") == []


def test_comments_are_cut_and_lose_what_no_database_holds(store: Store) -> None:
    add_call(store, FlaggedCall())

    done = reviews.review(store, opinion(comment="\ud800<script>" + "长" * 100_000), told())

    assert done.stands.comment.startswith("<script>长")
    assert len(done.stands.comment) == MAX_COMMENT


def test_an_appeal_is_open_once_and_decided_once(store: Store) -> None:
    add_call(store, FlaggedCall())
    made = reviews.appeal(store, "ivr/too_long", "线路故障", told("agent", "appeal"))
    again = reviews.appeal(store, "ivr/too_long", "又来", told("leader", "appeal", minutes=1))

    decided = reviews.decide(store, made.id, "upheld", "同意", told("manager", "decide", minutes=2))
    late = reviews.decide(store, made.id, "rejected", "不", told("floor", "decide", minutes=3))

    assert again == made
    assert (decided.decision, decided.decided_by, decided.decision_comment) == ("upheld", "manager", "同意")
    assert late == decided
    assert reviews.appeals(store, "call-1") == [decided]
    assert [one.action for one in reviews.history(store, "call-1")] == ["appeal", "decide"]


def test_an_appeal_is_decided_only_with_the_call_that_it_is_of(store: Store) -> None:
    add_call(store, FlaggedCall())
    add_call(store, FlaggedCall(id="call-2"))
    made = reviews.appeal(store, "regulator", "误报", told("agent", "appeal"))

    with pytest.raises(StoreError, match="no appeal"):
        reviews.decide(store, made.id, "upheld", "", told("floor", "decide", call_id="call-2"))
    with pytest.raises(StoreError, match="no call nothing"):
        reviews.appeal(store, "regulator", "误报", told("agent", "appeal", call_id="nothing"))


def test_the_next_call_is_the_gravest_then_the_newest_that_waits_for_a_verdict(store: Store) -> None:
    for number, (severity, hour) in enumerate([("medium", 11), ("high", 9), ("high", 10), ("critical", 8)]):
        at = f"2026-11-29T{hour:02d}:00:00+08:00"
        add_call(store, FlaggedCall(id=f"call-{number}", severity=severity, at=at))  # type: ignore[arg-type]
    add_call(store, FlaggedCall(id="going-on", severity="critical", ended=False))

    order, at = [], ""
    for _ in range(5):
        at = reviews.next_flagged(store, ALL, at) or ""
        order.append(at)
    assert order == ["call-3", "call-2", "call-1", "call-0", "call-3"]

    reviews.review(store, opinion(call_id="call-3"), told(call_id="call-3"))
    assert reviews.next_flagged(store, ALL) == "call-2"
    assert reviews.next_flagged(store, ALL, "call-0") == "call-2"


def test_a_call_waits_until_each_of_its_flags_is_judged_and_never_follows_itself(store: Store) -> None:
    add_call(store, FlaggedCall(others=(Flag(flag="churn", title="要销户", severity="medium", at_ms=1.0),)))
    reviews.review(store, opinion(), told())

    assert reviews.next_flagged(store, ALL) == "call-1"
    assert reviews.next_flagged(store, ALL, "call-1") is None

    reviews.review(store, opinion(flag="churn"), told())
    assert reviews.next_flagged(store, ALL) is None


def test_who_comes_next_is_of_the_calls_that_somebody_may_see(store: Store) -> None:
    add_call(store, FlaggedCall(id="theirs", queue="vip", severity="critical"))
    add_call(store, FlaggedCall(id="ours", queue="general", hotline="other"))

    assert reviews.next_flagged(store, Scope(view="own", queues=("general",))) == "ours"
    assert reviews.next_flagged(store, Scope(view="floor", hotlines=("other",))) == "ours"
    assert reviews.next_flagged(store, Scope(view="own")) is None
