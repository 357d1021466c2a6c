"""The route of a whole conversation."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.analytics.routing.book import RouteBook, load_book
from gateway.analytics.routing.whole import Judged, joined
from gateway.findings import Route
from tests.support.routing import said, write_routes

pytestmark = pytest.mark.unit


@pytest.fixture
def book(tmp_path: Path) -> RouteBook:
    return load_book(write_routes(tmp_path))


def conversation(book: RouteBook, *turns: tuple[str, str, float]) -> Route:
    """The route of turns given as (text, route, probability)."""
    judged = [
        Judged(
            segment,
            Route(
                route=route,
                probability=probability,
                skill_group=book.skill_group(route),
                evidence=(segment.evidence(),),
            ),
        )
        for segment, (_, route, probability) in zip(said(*(text for text, _, _ in turns)), turns, strict=True)
    ]
    return joined(judged, book)


def test_nothing_said_is_other(book: RouteBook) -> None:
    found = conversation(book)
    assert (found.route, found.probability, found.skill_group) == ("other", 1.0, "general")


def test_answers_do_not_outvote_a_clear_matter(book: RouteBook) -> None:
    found = conversation(
        book, ("家里宽带坏了", "fault", 0.9), ("对", "other", 1.0), ("没有了", "other", 1.0), ("好的", "other", 1.0)
    )
    assert (found.route, found.skill_group) == ("fault", "network")
    assert [one.text for one in found.evidence] == ["家里宽带坏了"]


def test_a_dispute_after_a_query_wins_however_often_was_queried(book: RouteBook) -> None:
    found = conversation(
        book, ("我要查话费账单", "bill", 1.0), ("话费还剩多少", "bill", 1.0), ("怎么扣了我五十", "dispute", 0.7)
    )
    assert found.route == "dispute"
    assert [one.text for one in found.evidence] == ["怎么扣了我五十"]


def test_a_query_after_a_dispute_does_not_undo_it(book: RouteBook) -> None:
    found = conversation(book, ("你们乱扣我的费", "dispute", 0.8), ("那我余额还有多少", "bill", 0.95))
    assert (found.route, found.others) == ("dispute", ())


def test_what_nothing_outweighs_is_decided_by_weight(book: RouteBook) -> None:
    found = conversation(book, ("你们乱扣我的费", "dispute", 0.8), ("家里的宽带又断了", "fault", 0.95))
    assert (found.route, found.others[0][0]) == ("fault", "dispute")


def test_asking_for_a_human_keeps_the_matter(book: RouteBook) -> None:
    found = conversation(book, ("宽带坏了", "fault", 0.8), ("转人工", "agent", 1.0), ("转人工转人工", "agent", 1.0))
    assert found.route == "fault"


def test_asking_for_a_human_and_nothing_else_is_agent(book: RouteBook) -> None:
    assert conversation(book, ("喂", "other", 0.9), ("转人工", "agent", 0.9)).route == "agent"


def test_two_matters_share_the_probability(book: RouteBook) -> None:
    found = conversation(book, ("我要查话费账单", "bill", 0.9), ("家里宽带断了好几天", "fault", 0.9))
    assert found.route == "fault"  # the later one
    assert 0.4 < found.probability < 0.6
    assert found.others == (("bill", pytest.approx(0.9 - found.probability)),)


def test_a_short_unsure_word_does_not_outweigh_a_sentence(book: RouteBook) -> None:
    assert conversation(book, ("我家宽带从昨天断到现在", "fault", 0.8), ("话费", "bill", 0.6)).route == "fault"


def test_the_probability_of_a_call_without_a_matter_is_that_of_its_turns(book: RouteBook) -> None:
    assert conversation(book, ("喂", "other", 0.6), ("好", "other", 0.8)).probability == pytest.approx(0.7)
