"""What all recordings together come to: counts, flags with their files, scores, failures, and how fast it went."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.findings import SEVERITIES

COLUMNS = (
    *("file", "status", "duration_s", "route", "route_probability", "skill_group", "polarity", "anger", "trend"),
    *("flags", "severity", "quality", "ticket_priority", "summary", "warnings", "failure", "document"),
)
"""Of the CSV, one row a recording."""

_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""


@dataclass(slots=True)
class _Card:
    title: str
    scores: list[float] = field(default_factory=list)
    failed: int = 0


class Summary:
    """Counts documents as they come."""

    def __init__(self) -> None:
        self.analysed = 0
        self.failures: dict[str, str] = {}
        """File -> why there is no document."""
        self.unchanged = 0
        """Of the analysed, those that an earlier run had done."""
        self.audio_ms = 0.0
        self.new_audio_ms = 0.0
        """Of what this run did."""
        self.cpu_ms = 0.0
        self.routes: Counter[str] = Counter()
        self.polarities: Counter[str] = Counter()
        self.angers: Counter[int] = Counter()
        self.warnings: dict[str, list[str]] = {}
        """Warning -> files."""
        self.flags: dict[str, dict[str, Any]] = {}
        """Flag -> its title, severity and files."""
        self._cards: dict[str, _Card] = {}
        self._rows: list[dict[str, Any]] = []

    def add(self, document: Mapping[str, Any], *, kept_in: str = "", unchanged: bool = False) -> None:
        """A recording that was analysed, now or (`unchanged`) earlier; `kept_in`: where its document is."""
        file, mood = str(document["File"]["Path"]), document["Mood"]
        duration_ms = duration_of(document)
        self.analysed += 1
        self.audio_ms += duration_ms
        if unchanged:
            self.unchanged += 1
        else:
            self.new_audio_ms += duration_ms
            self.cpu_ms += document["Processing"]["CpuMillis"]
        self.routes[document["Route"]["Name"]] += 1
        self.polarities[mood["Sentiment"].lower()] += 1
        self.angers[mood["Anger"]] += 1
        for warning in document["Warnings"]:
            self.warnings.setdefault(warning, []).append(file)
        for name, flag in document["Categories"]["MatchedDetails"].items():
            new = {"title": flag["Title"], "severity": flag["Severity"], "files": []}
            told = self.flags.setdefault(name, new)
            told["severity"] = _worst([told["severity"], flag["Severity"]])
            told["files"].append(file)
        for card in document["Quality"]:
            counted = self._cards.setdefault(card["Card"], _Card(card["Title"]))
            counted.scores.append(card["Score"])
            counted.failed += bool(card["Failed"])
        self._rows.append({**_row(document), "document": kept_in})

    def fail(self, file: str, why: str) -> None:
        """A recording that could not be analysed."""
        self.failures[file] = why
        self._rows.append({"file": file, "status": "failed", "failure": why})

    @property
    def cards(self) -> list[dict[str, Any]]:
        """Each scorecard: how many it was filled in for, mean, least, and how many broke a rule that may never be."""
        return [
            {
                "card": name,
                "title": card.title,
                "count": len(card.scores),
                "mean": round(sum(card.scores) / len(card.scores), 1),
                "least": min(card.scores),
                "failed": card.failed,
            }
            for name, card in sorted(self._cards.items())
        ]

    def as_json(self, elapsed_s: float) -> dict[str, Any]:
        """All of it, plain; `elapsed_s`: what this run took."""
        new_s = self.new_audio_ms / 1000
        return {
            "schema": "voice-gateway/recordings-summary",
            "version": 1,
            "files": self.analysed + len(self.failures),
            "analysed": self.analysed,
            "unchanged": self.unchanged,
            "failed": len(self.failures),
            "audio_s": round(self.audio_ms / 1000, 1),
            "new_audio_s": round(new_s, 1),
            "elapsed_s": round(elapsed_s, 1),
            "cpu_s": round(self.cpu_ms / 1000, 1),
            "times_real_time": round(new_s / elapsed_s, 1) if elapsed_s > 0 and new_s else None,
            "routes": dict(self.routes.most_common()),
            "polarity": dict(self.polarities.most_common()),
            "anger": {str(level): count for level, count in sorted(self.angers.items())},
            "flags": [{"flag": name, **told} for name, told in self._by_severity()],
            "quality": self.cards,
            "warnings": self.warnings,
            "failures": [{"file": file, "reason": why} for file, why in self.failures.items()],
        }

    def as_csv(self) -> str:
        """One row a recording, by file name; with a byte order mark, or spreadsheets take it for another encoding."""
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS, restval="")
        writer.writeheader()
        for row in sorted(self._rows, key=lambda row: str(row["file"])):
            writer.writerow({key: _harmless(value) for key, value in row.items()})
        return "\ufeff" + out.getvalue()

    def _by_severity(self) -> Iterable[tuple[str, dict[str, Any]]]:
        return sorted(
            self.flags.items(), key=lambda item: (-SEVERITIES.index(item[1]["severity"]), -len(item[1]["files"]))
        )


def duration_of(document: Mapping[str, Any]) -> int:
    """How long a recording is, ms."""
    return int(document["ConversationCharacteristics"]["TotalConversationDurationMillis"])


def _row(document: Mapping[str, Any]) -> dict[str, Any]:
    route, mood, ticket = document["Route"], document["Mood"], document["Ticket"]
    flags = document["Categories"]["MatchedDetails"]
    return {
        "file": document["File"]["Path"],
        "status": "ok",
        "duration_s": round(duration_of(document) / 1000, 1),
        "route": route["Name"],
        "route_probability": route["Probability"],
        "skill_group": route["SkillGroup"],
        "polarity": mood["Sentiment"].lower(),
        "anger": mood["Anger"],
        "trend": mood["Trend"],
        "flags": " ".join(flags),
        "severity": _worst(flag["Severity"] for flag in flags.values()),
        "quality": " ".join(f"{card['Card']}={card['Score']:g}" for card in document["Quality"]),
        "ticket_priority": ticket["Priority"] if ticket else "",
        "summary": document["Summary"],
        "warnings": " ".join(document["Warnings"]),
    }


def _worst(severities: Iterable[str]) -> str:
    return max(severities, key=list[str](SEVERITIES).index, default="")


def _harmless(value: Any) -> Any:  # noqa: ANN401 - a cell
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value
