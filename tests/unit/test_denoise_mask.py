"""The noise mask as a network: what it may do to features, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asr.denoise.mask import DEEPEST, MASK_FILE, Mask, Mel
from asr.errors import ModelError

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def mask() -> Mask:
    return Mask()


def features(frames: int, *, seed: int = 1) -> Mel:
    """A loud burst in noise 3 powers of ten below it, as Whisper's features."""
    powers = np.random.default_rng(seed).normal(-3.0, 0.2, (80, frames))
    powers[20:50, frames // 3 : frames // 2] += 3.0
    return np.asarray((powers + 4.0) / 4.0, np.float32)


@pytest.mark.parametrize("frames", [1, 2, 15, 400])
def test_it_only_turns_down_and_never_deeper_than_it_says(mask: Mask, frames: int) -> None:
    before = features(frames)
    after = mask(before)
    assert (after.shape, after.dtype) == (before.shape, np.float32)
    assert (after <= before + 1e-5).all()
    assert (after >= before + DEEPEST / 4.0 - 1e-5).all()


def test_a_louder_line_is_masked_the_same(mask: Mask) -> None:
    before = features(100)
    assert np.allclose(mask(before + 0.25) - 0.25, mask(before), atol=1e-4)


def test_what_was_said_long_before_is_forgotten(mask: Mask) -> None:
    """125 frames away is the furthest that a convolution sees; but for the mean of each band, which hardly changes."""
    one, other = features(400), features(400)
    other[:, :5] = features(400, seed=2)[:, :5]
    changed = np.abs(mask(one) - mask(other)).max(axis=0)
    assert changed[:5].max() > 0.01
    assert changed[140:].max() < 0.02


def test_a_mask_that_is_missing_damaged_or_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        Mask(tmp_path / "nowhere.npz")
    cut = tmp_path / "cut.npz"
    cut.write_bytes(MASK_FILE.read_bytes()[:5000])
    with pytest.raises(ModelError, match="cut"):
        Mask(cut)
    np.savez(tmp_path / "other.npz", dilations=np.array([1]))
    with pytest.raises(ModelError, match=r"other.*install the package again"):
        Mask(tmp_path / "other.npz")
