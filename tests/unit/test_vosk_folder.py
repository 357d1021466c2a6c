from __future__ import annotations

from pathlib import Path

import pytest

from asr.engines.vosk import takes_grammars
from asr.errors import ModelError

pytestmark = pytest.mark.unit

COMMON = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf")
DYNAMIC = ("graph/HCLr.fst", "graph/Gr.fst", "graph/disambig_tid.int")


def folder_of(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_a_model_with_a_graph_made_at_run_time_takes_grammars(tmp_path: Path) -> None:
    assert takes_grammars(folder_of(tmp_path, *COMMON, *DYNAMIC))


def test_a_model_with_a_whole_graph_takes_none(tmp_path: Path) -> None:
    assert not takes_grammars(folder_of(tmp_path, *COMMON, "graph/HCLG.fst"))


def test_a_whole_graph_is_what_vosk_uses_where_both_lie(tmp_path: Path) -> None:
    assert not takes_grammars(folder_of(tmp_path, *COMMON, *DYNAMIC, "graph/HCLG.fst"))


@pytest.mark.parametrize("missing", [*COMMON, *DYNAMIC])
def test_what_a_model_lacks_is_named(tmp_path: Path, missing: str) -> None:
    names = [name for name in (*COMMON, *DYNAMIC) if name != missing]
    with pytest.raises(ModelError, match=f"no whole vosk model: {missing} missing"):
        takes_grammars(folder_of(tmp_path, *names))
