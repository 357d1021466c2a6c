"""The catalogue's own consistency, and how names are looked up in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asr.errors import ModelError
from asr.models import CATALOG, CatalogEntry, Download, find_model
from asr.models.response import shown

pytestmark = pytest.mark.unit

HOSTS = (
    "https://alphacephei.com/",
    "https://github.com/k2-fsa/sherpa-onnx/releases/",
    "https://huggingface.co/Systran/",
)


@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: entry.name)
def test_every_entry_can_be_installed_and_says_where_its_figures_are_from(entry: CatalogEntry) -> None:
    assert bool(entry.downloads) != (entry.weights is not None)
    assert bool(entry.files) == bool(entry.downloads)
    for download in entry.downloads:
        assert download.url.startswith(HOSTS)
        assert download.sha256 is None or re.fullmatch("[0-9a-f]{64}", download.sha256)
        assert download.size > 1000
        assert download.path is not None or download.name.endswith((".zip", ".tar.bz2"))
    if entry.published is not None:
        assert entry.published.source
        assert all(0 < value < 100 for value in entry.published.percent.values())
    assert entry.licence is not None or "licence" in entry.note


def test_names_are_their_own() -> None:
    assert len({entry.name for entry in CATALOG}) == len(CATALOG)
    assert not any(entry.name.startswith(".") or "/" in entry.name for entry in CATALOG)


def test_a_misspelt_name_is_answered_with_those_alike() -> None:
    with pytest.raises(ModelError, match="no such model") as caught:
        find_model("vosk-small-cn")
    assert "vosk-model-small-cn-0.22" in str(caught.value.remedy)
    assert find_model("whisper-base").weights is not None


def test_a_size_is_exact_only_when_the_sha256_is_known() -> None:
    assert Download("https://h/a.zip", 1000, "0" * 64).sizes == (1000, 1000)
    assert Download("https://h/a.zip", 1000).sizes == (980, 1020)


def test_what_is_secret_in_an_address_is_not_shown() -> None:
    assert shown("https://me:secret@mirror.example/a.zip?token=secret#x") == "https://mirror.example/a.zip"


def test_the_manual_lists_every_model() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "models.md").read_text("utf-8")
    for entry in CATALOG:
        row = next((line for line in manual.splitlines() if line.startswith(f"| `{entry.name}`")), "")
        assert row, entry.name
        assert (entry.licence or "—") in row
        for value in entry.published.percent.values() if entry.published else ():
            assert f"{value:.2f}" in row
