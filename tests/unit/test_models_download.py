"""Which addresses a model may be loaded from, and how long a server is waited for."""

from __future__ import annotations

import httpx
import pytest

from asr.models.download import Patience
from asr.models.response import RefusedError, check_address

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://models.example/a", None),
        ("https://cdn.example/a", "https://models.example/a"),
        ("https://cdn.example/a", "http://127.0.0.1/a"),
        ("http://127.0.0.1:8000/a", None),
        ("http://[::1]/a", None),
        ("http://localhost/a", "http://127.0.0.1/a"),
    ],
)
def test_https_and_this_machine_are_taken(url: str, origin: str | None) -> None:
    assert check_address(httpx.URL(url), httpx.URL(origin) if origin else None) == httpx.URL(url)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://models.example/a", None),
        ("http://127.0.0.1.example/a", None),
        ("http://10.0.0.1/a", None),
        ("http://models.example/a", "https://models.example/a"),
        ("http://127.0.0.1/a", "https://models.example/a"),
        ("ftp://models.example/a", None),
        ("file:///etc/passwd", "https://models.example/a"),
        ("/a", None),
    ],
)
def test_nothing_is_loaded_unencrypted_from_elsewhere_and_no_redirect_leaves_https(
    url: str, origin: str | None
) -> None:
    with pytest.raises(RefusedError, match="https"):
        check_address(httpx.URL(url), httpx.URL(origin) if origin else None)


def test_the_pauses_grow_and_stay_bounded() -> None:
    patience = Patience()
    assert [patience.pause_before(tries) for tries in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
