"""The models that can be installed by name, and what is known of each.

Sizes, licences and error rates are those of the pages named beside them; what could not be confirmed there is None.
The sha256 were recorded alike by projects that don't know each other; no file was loaded from its host to compare. A
model without one is pinned at its first download.
"""

from __future__ import annotations

from difflib import get_close_matches

from asr.engines.whisper_weights import WHISPER_BASE
from asr.errors import ModelError
from asr.models.entry import CatalogEntry, Download, Published

_VOSK = "https://alphacephei.com/vosk/models"
_SHERPA = "https://github.com/k2-fsa/sherpa-onnx/releases/download/asr-models"
_WHISPER_SMALL = "https://huggingface.co/Systran/faster-whisper-small/resolve/536b0662742c02347bc0e980a01041f333bce120"

_FUNASR_PAPER = "arXiv:2407.04051, table 6 (full precision)"
_FUNASR_LICENCE = "FunASR Model License 1.1"
_SENSE_VOICE = Published(
    {"AISHELL-1": 2.96, "AISHELL-2 iOS": 3.80, "WenetSpeech net": 7.84, "WenetSpeech meeting": 7.44}, _FUNASR_PAPER
)
_VOSK_FILES = {"acoustic": "am/final.mdl", "config": "conf/model.conf"}


def _archive(base: str, name: str, suffix: str, size: int, sha256: str | None = None) -> tuple[Download, ...]:
    return (Download(f"{base}/{name}{suffix}", size, sha256),)


def _transducer(stem: str = "", *, int8_decoder: bool = False) -> dict[str, str]:
    return {
        "encoder": f"encoder{stem}.int8.onnx",
        "decoder": f"decoder{stem}{'.int8' if int8_decoder else ''}.onnx",
        "joiner": f"joiner{stem}.int8.onnx",
        "tokens": "tokens.txt",
    }


CATALOG: tuple[CatalogEntry, ...] = (
    CatalogEntry(
        name="whisper-base",
        engine="whisper",
        kind="Whisper, 74 M parameters, int8",
        streaming=False,
        hints=True,
        word_times=False,
        downloads=(),
        licence="MIT",
        note="embedded: comes with the gateway's packages",
        weights=WHISPER_BASE,
    ),
    CatalogEntry(
        name="whisper-small",
        engine="whisper",
        kind="Whisper, 244 M parameters, float16",
        streaming=False,
        hints=True,
        word_times=False,
        downloads=(
            Download(
                f"{_WHISPER_SMALL}/config.json",
                2_370,
                "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828",
                "config.json",
            ),
            Download(
                f"{_WHISPER_SMALL}/tokenizer.json",
                2_203_239,
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                "tokenizer.json",
            ),
            Download(
                f"{_WHISPER_SMALL}/vocabulary.txt",
                459_861,
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
                "vocabulary.txt",
            ),
            Download(
                f"{_WHISPER_SMALL}/model.bin",
                483_546_902,
                "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
                "model.bin",
            ),
        ),
        files={"model": "model.bin", "config": "config.json", "tokens": "tokenizer.json"},
        licence="MIT",
    ),
    CatalogEntry(
        name="vosk-model-small-cn-0.22",
        engine="vosk",
        kind="Kaldi TDNN, dynamic graph",
        streaming=True,
        hints=True,
        word_times=True,
        downloads=_archive(
            _VOSK,
            "vosk-model-small-cn-0.22",
            ".zip",
            43_898_754,
            "3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
        ),
        files=_VOSK_FILES,
        licence="Apache-2.0",
        published=Published({"SpeechIO-02": 23.54, "SpeechIO-06": 38.29, "THCHS": 17.15}, _VOSK),
    ),
    CatalogEntry(
        name="vosk-model-cn-0.22",
        engine="vosk",
        kind="Kaldi TDNN, fixed graph",
        streaming=True,
        hints=False,
        word_times=True,
        downloads=_archive(_VOSK, "vosk-model-cn-0.22", ".zip", 1_358_736_686),
        files=_VOSK_FILES,
        licence="Apache-2.0",
        published=Published({"SpeechIO-02": 13.98, "SpeechIO-06": 27.30, "THCHS": 7.43}, _VOSK),
        note="its graph is fixed: no hints",
    ),
    CatalogEntry(
        name="sherpa-onnx-streaming-zipformer-zh-14M-2023-02-23",
        engine="sherpa",
        kind="streaming zipformer transducer, 14 M parameters",
        streaming=True,
        hints=True,
        word_times=True,
        downloads=_archive(
            _SHERPA,
            "sherpa-onnx-streaming-zipformer-zh-14M-2023-02-23",
            ".tar.bz2",
            74_004_050,
            "2cbd71b640d9c37d3784f29367333a4577b0398b62e9deeed418170b081cba8b",
        ),
        files=_transducer("-epoch-99-avg-1"),
        licence="Apache-2.0",
    ),
    CatalogEntry(
        name="sherpa-onnx-streaming-zipformer-multi-zh-hans-2023-12-12",
        engine="sherpa",
        kind="streaming zipformer transducer",
        streaming=True,
        hints=True,
        word_times=True,
        downloads=_archive(
            _SHERPA, "sherpa-onnx-streaming-zipformer-multi-zh-hans-2023-12-12", ".tar.bz2", 310_380_628
        ),
        files=_transducer("-epoch-20-avg-1-chunk-16-left-128"),
        licence="Apache-2.0",
    ),
    CatalogEntry(
        name="sherpa-onnx-streaming-zipformer-bilingual-zh-en-2023-02-20",
        engine="sherpa",
        kind="streaming zipformer transducer, Chinese and English",
        streaming=True,
        hints=True,
        word_times=True,
        downloads=_archive(
            _SHERPA,
            "sherpa-onnx-streaming-zipformer-bilingual-zh-en-2023-02-20",
            ".tar.bz2",
            511_274_346,
            "27ffbd9ee24ad186d99acc2f6354d7992b27bcab490812510665fa8f9389c5f8",
        ),
        files=_transducer("-epoch-99-avg-1"),
        licence="Apache-2.0",
    ),
    CatalogEntry(
        name="sherpa-onnx-streaming-zipformer-zh-int8-2025-06-30",
        engine="sherpa",
        kind="streaming zipformer transducer, large",
        streaming=True,
        hints=True,
        word_times=True,
        downloads=_archive(
            _SHERPA,
            "sherpa-onnx-streaming-zipformer-zh-int8-2025-06-30",
            ".tar.bz2",
            132_634_597,
            "5a2832047ea1f97dd0dc595b816c230c4bafad65cfc0341fa57517cadc50afd0",
        ),
        files=_transducer(),
        note="no licence is stated, and the original asks for consent to terms: ask its makers before serving with it",
    ),
    CatalogEntry(
        name="sherpa-onnx-streaming-paraformer-bilingual-zh-en",
        engine="sherpa",
        kind="streaming paraformer, Chinese and English",
        streaming=True,
        hints=False,
        word_times=False,
        downloads=_archive(
            _SHERPA,
            "sherpa-onnx-streaming-paraformer-bilingual-zh-en",
            ".tar.bz2",
            1_047_319_737,
            "5462a1fce42693deae572af1e8c4687124b12aa85fe61ff4d3168bb5280e205f",
        ),
        files={"encoder": "encoder.int8.onnx", "decoder": "decoder.int8.onnx", "tokens": "tokens.txt"},
        note="no licence was found with the converted files: see the original's page",
    ),
    CatalogEntry(
        name="sherpa-onnx-paraformer-zh-2023-09-14",
        engine="sherpa",
        kind="paraformer large, int8",
        streaming=False,
        hints=False,
        word_times=True,
        downloads=_archive(
            _SHERPA,
            "sherpa-onnx-paraformer-zh-2023-09-14",
            ".tar.bz2",
            234_051_698,
            "9c49fd9c6fb63de8e18c1054cf3d100f804741b7e608e187923cd8ff09fa9f03",
        ),
        files={"model": "model.int8.onnx", "tokens": "tokens.txt"},
        licence="Apache-2.0",
        published=Published({"AISHELL-1": 1.95, "WenetSpeech net": 6.74, "WenetSpeech meeting": 6.97}, _FUNASR_PAPER),
    ),
    CatalogEntry(
        name="sherpa-onnx-paraformer-zh-small-2024-03-09",
        engine="sherpa",
        kind="paraformer small, int8, Chinese and English",
        streaming=False,
        hints=False,
        word_times=False,
        downloads=_archive(
            _SHERPA,
            "sherpa-onnx-paraformer-zh-small-2024-03-09",
            ".tar.bz2",
            77_920_048,
            "da92b3db5218c5be53aad53e57d1b6e63e7fc98a0e054fbdd6dbe18e9c6b1450",
        ),
        files={"model": "model.int8.onnx", "tokens": "tokens.txt"},
        note="no licence was found with the converted files: see the original's page",
    ),
    CatalogEntry(
        name="sherpa-onnx-sense-voice-zh-en-ja-ko-yue-int8-2024-07-17",
        engine="sherpa",
        kind="SenseVoice small, int8, five languages",
        streaming=False,
        hints=False,
        word_times=True,
        downloads=_archive(
            _SHERPA,
            "sherpa-onnx-sense-voice-zh-en-ja-ko-yue-int8-2024-07-17",
            ".tar.bz2",
            163_002_883,
            "7d1efa2138a65b0b488df37f8b89e3d91a60676e416f515b952358d83dfd347e",
        ),
        files={"model": "model.int8.onnx", "tokens": "tokens.txt"},
        licence=_FUNASR_LICENCE,
        published=_SENSE_VOICE,
        note="its licence asks to name the source and to keep the model's name",
    ),
    CatalogEntry(
        name="sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17",
        engine="sherpa",
        kind="SenseVoice small, full precision and int8, five languages",
        streaming=False,
        hints=False,
        word_times=True,
        downloads=_archive(_SHERPA, "sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17", ".tar.bz2", 1_047_870_769),
        files={"model": "model.onnx", "tokens": "tokens.txt"},
        licence=_FUNASR_LICENCE,
        published=_SENSE_VOICE,
        note="its licence asks to name the source and to keep the model's name",
    ),
)


def find_model(name: str) -> CatalogEntry:
    """The entry with this name.

    Raises:
        ModelError: there is none; the remedy proposes the names that look alike.
    """
    for entry in CATALOG:
        if entry.name == name:
            return entry
    alike = get_close_matches(name, [entry.name for entry in CATALOG], n=3, cutoff=0.3)
    raise ModelError(
        "the catalogue has no such model",
        where=repr(name),
        remedy="choose one of `voice-gateway asr models`" + (f", perhaps {' or '.join(alike)}" if alike else ""),
    )
