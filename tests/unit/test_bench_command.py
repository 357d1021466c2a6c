"""`asr bench` up to its engine: what it takes from a manifest and a flow, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asr.bench.conditions import ConditionError
from asr.errors import ManifestError, UnknownEngineError
from gateway.cli.bench import bench, conceal
from gateway.errors import FlowError, SettingsError
from gateway.media.frames import FRAME_SAMPLES

pytestmark = pytest.mark.unit

SAMPLES = Path(__file__).parents[2] / "audio_samples"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.tsv"
    rows = ("file\ttext\toption", f"{SAMPLES / 'balance_1.wav'}\t查话费\tbalance", f"{SAMPLES / 'yes_1.wav'}\t是的\t")
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_condition_that_is_none_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(ConditionError, match="no such condition"):
        bench(manifest=tmp_path / "nowhere.tsv", condition=["rain"])


def test_a_misspelt_option_is_named(listed: Path) -> None:
    listed.write_text(listed.read_text(encoding="utf-8").replace("balance\n", "ballance\n"), encoding="utf-8")
    with pytest.raises(ManifestError, match="the question 'main' has no option 'ballance'") as caught:
        bench(names=["scripted"], manifest=listed)
    assert caught.value.where == str(listed)
    assert "balance" in (caught.value.remedy or "")


def test_a_flow_a_node_and_an_engine_have_to_be_there(listed: Path) -> None:
    with pytest.raises(FlowError, match="没有热线 `nowhere`"):
        bench(manifest=listed, flow="nowhere")
    with pytest.raises(FlowError, match="asks nothing"):
        bench(manifest=listed, node="human")
    with pytest.raises(UnknownEngineError, match="no such speech engine"):
        bench(names=["nobody"], manifest=listed, condition=["clean"])


def test_files_that_can_t_be_written_are_named_before_anything_is_heard(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be written"):
        bench(manifest=tmp_path / "nowhere.tsv", page_file=tmp_path / "nowhere" / "page.html")


def test_the_bundled_samples_answer_the_menu_and_no_other_question() -> None:
    with pytest.raises(UnknownEngineError):  # the samples were taken
        bench(names=["nobody"], condition=["clean"], limit=1)
    with pytest.raises(ManifestError, match="no sample is an answer to the question 'matter'"):
        bench(names=["scripted"], node="matter", condition=["clean"])


def test_lost_packets_are_filled_as_calls_fill_them() -> None:
    sound = (5000 * np.sin(np.arange(FRAME_SAMPLES * 6) * 2 * np.pi * 200 / 16_000)).astype(np.int16)
    frames = list(sound.reshape(-1, FRAME_SAMPLES))
    filled = conceal([*frames[:3], None, *frames[4:]])
    assert np.array_equal(filled[: 3 * FRAME_SAMPLES], sound[: 3 * FRAME_SAMPLES])
    hole = slice(3 * FRAME_SAMPLES, 4 * FRAME_SAMPLES)
    assert np.corrcoef(filled[hole], sound[hole])[0, 1] > 0.95
