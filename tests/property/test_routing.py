"""Any text is read, and what is said of it holds together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.analytics.routing import Router
from gateway.analytics.routing.book import load_book
from gateway.analytics.routing.training import train
from gateway.findings import Route
from tests.support.routing import said, write_routes

pytestmark = pytest.mark.property

texts = st.text(st.one_of(st.characters(exclude_categories=()), st.sampled_from("查话费宽带断了乱扣钱转人工5一三八，")))


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Router:
    book = load_book(write_routes(tmp_path_factory.mktemp("rules")))
    return Router(book, train(book).model)


def check(found: Route, router: Router) -> None:
    routes = router.book.rules.routes
    assert found.route in routes
    assert found.skill_group == routes[found.route].skill_group
    assert 0.0 <= found.probability <= 1.0
    shares = [share for _, share in found.others]
    assert shares == sorted(shares, reverse=True)
    assert found.route not in dict(found.others)
    assert len(found.others) <= 3
    assert found.probability + sum(shares) <= 1.0 + 1e-6


@given(text=texts)
def test_any_text_has_a_route_and_evidence_inside_it(router: Router, text: str) -> None:
    (segment,) = said(text)
    found = router.route(segment)
    check(found, router)
    assert len(found.evidence) <= 3
    for one in found.evidence:
        assert 0 <= one.start < one.end <= len(text)
        assert one.text == text[one.start : one.end]
    assert router.route(segment) == found


@given(turns=st.lists(texts, max_size=8))
def test_any_conversation_has_a_route_of_one_of_its_turns(router: Router, turns: list[str]) -> None:
    segments = said(*turns)
    routes = [router.route(segment) for segment in segments]
    found = router.call(segments, routes)
    check(found, router)
    assert found.route in {"other", *(turn.route for turn in routes)}
