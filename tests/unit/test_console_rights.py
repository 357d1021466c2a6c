"""Who may do what in the console: the table of rights says what the roles are for."""

from __future__ import annotations

import pytest

from gateway.console.chrome import PLACES
from gateway.console.logins import visitor_of
from gateway.console.rights import RIGHTS, ROLES, TITLES, VIEWS, Right, Role
from tests.support.console import account

pytestmark = pytest.mark.unit


def holders(right: Right) -> set[str]:
    return {role for role in ROLES if right in RIGHTS[role]}


def test_every_role_has_rights_a_view_and_a_title() -> None:
    assert set(RIGHTS) == set(VIEWS) == set(TITLES) == set(ROLES)


def test_only_the_admin_manages_accounts_and_few_see_whole_numbers() -> None:
    assert holders(Right.ACCOUNTS) == {"admin"}
    assert holders(Right.UNMASK) == {"floor", "admin"}
    assert holders(Right.AUDIT) == {"manager", "admin"}


def test_who_reviews_flags_does_not_decide_on_appeals_against_them() -> None:
    assert holders(Right.REVIEW) & holders(Right.DECIDE) == {"admin"}
    assert "agent" in holders(Right.APPEAL)
    assert "agent" not in holders(Right.EXPORT)


@pytest.mark.parametrize("role", ROLES)
def test_a_visitor_sees_the_calls_of_their_account_and_the_places_of_their_rights(role: Role) -> None:
    visitor = visitor_of(account(role), "digest", "127.0.0.1")
    assert visitor is not None
    assert (visitor.role, visitor.scope.view, visitor.scope.queues) == (role, VIEWS[role], ("general",))
    places = {place.path for place in PLACES if visitor.may(place.right)}
    assert ("/accounts" in places) == (role == "admin")
    assert {"/", "/service"} <= places


def test_an_account_of_a_role_that_is_unknown_here_is_nobody() -> None:
    stranger = account("agent")
    object.__setattr__(stranger, "role", "owner")
    assert visitor_of(stranger, "digest", "") is None
