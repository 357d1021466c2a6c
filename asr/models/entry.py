"""What the catalogue knows of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from asr.weights import Weights

EngineName = Literal["vosk", "sherpa", "whisper"]

_TOLERANCE = 0.02
"""Of a size that was never checked against a sha256: such figures were read off pages, where 2 % are rounding."""


@dataclass(frozen=True, slots=True)
class Download:
    """One file on the model's host."""

    url: str
    size: int
    """Bytes; exact where `sha256` is known, else within 2 %."""
    sha256: str | None = None
    """None: pinned when it is first loaded."""
    path: str | None = None
    """Where the file lies in the model's folder; None: it is an archive that holds the whole model."""

    @property
    def name(self) -> str:
        """The file's own name: the last part of the address."""
        return self.url.rpartition("/")[2]

    @property
    def sizes(self) -> tuple[int, int]:
        """The least and the most bytes that are taken for this file."""
        if self.sha256 is not None:
            return self.size, self.size
        return int(self.size * (1 - _TOLERANCE)), int(self.size * (1 + _TOLERANCE))


@dataclass(frozen=True, slots=True)
class Published:
    """Character error rates as the model's makers published them, on wide-band read or broadcast speech."""

    percent: Mapping[str, float]
    """Test set -> CER in percent."""
    source: str


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A model that `asr pull` can install. What nobody published is None and shown as a dash."""

    name: str
    engine: EngineName
    kind: str
    """The architecture, in words."""
    streaming: bool
    """Can give partial results while audio is still coming."""
    hints: bool
    """Can be biased towards expected phrases."""
    word_times: bool
    """Can say when each word or character was spoken."""
    downloads: tuple[Download, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    """What the engine loads: role -> path in the model's folder. All of them are there in an installed model."""
    licence: str | None = None
    published: Published | None = None
    sample_rate_hz: int = 16_000
    """What the model was trained on; a telephone's 8 kHz are brought up to it."""
    note: str = ""
    weights: Weights | None = None
    """Where an embedded model's files come from; its packages are installed with the gateway."""

    @property
    def size(self) -> int:
        """Bytes to load."""
        return sum(download.size for download in self.downloads)
