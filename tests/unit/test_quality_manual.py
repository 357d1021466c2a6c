"""The manuals of QA and of the figures keep up with the code, and what they show as an example is accepted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from gateway.analytics.quality.cards import AppliesWhen, Rule
from gateway.analytics.quality.condition import KINDS, Condition, Follows, Order
from gateway.analytics.quality.kinds import (
    duration,
    facts,
    interruption,
    keywords,
    mood,
    pace,
    pattern,
    repetition,
    silence,
    similar,
)
from gateway.analytics.quality.kinds.similar import AT_LEAST
from gateway.analytics.report.figures import FIGURES
from gateway.analytics.report.groups import BY
from gateway.analytics.report.metrics import Metrics
from gateway.analytics.report.thresholds import Line
from tests.support.quality import cards

pytestmark = pytest.mark.unit

DOCS = Path(__file__).parents[2] / "docs"
QUALITY = (DOCS / "quality.zh.md").read_text(encoding="utf-8")
THE_FIGURES = (DOCS / "figures.zh.md").read_text(encoding="utf-8")
MODELS: tuple[type[BaseModel], ...] = (
    *(Rule, AppliesWhen, Condition, Order, Follows, Line),
    *(keywords.Keywords, pattern.Match, similar.Similar, silence.Silence, pace.Pace, interruption.Interruption),
    *(mood.Mood, repetition.Repetition, duration.Duration, facts.Answers, facts.Call, facts.Flagged),
)


def test_every_kind_has_a_section_and_every_key_is_told():
    headings = " ".join(re.findall(r"(?m)^### (.*)$", QUALITY))
    assert not {kind for kind in KINDS if kind not in headings}
    keys = {field.alias or name for model in MODELS for name, field in model.model_fields.items()}
    told = set(re.findall(r"[a-z_]{2,}(?=:)|[a-z_]{3,}", QUALITY + THE_FIGURES))
    assert not keys - told


EXAMPLES = [
    one.strip()
    for block in re.findall(r"```yaml\n(.*?)```", QUALITY.partition("## 条件的种类")[2], re.DOTALL)
    for one in re.split(r"\n(?=[a-z_]+:)", block.strip())
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_a_condition_is_accepted(tmp_path: Path, example: str):
    body = example.removeprefix("must:\n")
    lines = body if body != example else "\n".join(f"  {line}" for line in example.splitlines())
    indented = "\n".join(f"        {line}" for line in lines.splitlines())
    head = "cards:\n  c:\n    title: 卡\n    rules:\n      r:\n        title: 条\n        points: -5\n        must:\n"
    assert cards(tmp_path, head + indented).cards


def test_the_example_of_a_card_is_accepted(tmp_path: Path):
    (example,) = re.findall(r"## 一张评分表\n\n```yaml\n(.*?)```", QUALITY, re.DOTALL)
    assert list(cards(tmp_path, example).cards) == ["agent"]


def test_the_threshold_of_likeness_is_the_one_told():
    assert f"不写就是 {AT_LEAST}" in QUALITY


def test_every_figure_and_grouping_has_its_row():
    rows = dict(re.findall(r"(?m)^\| `([a-z_]+)` \| ([^|（]+?)(?:（.*?）)? \|", THE_FIGURES))
    titles = {name: figure.title.partition("（")[0] for name, figure in FIGURES.items()}
    assert titles.items() <= rows.items()
    assert {"answered", *BY} <= set(re.findall(r"(?m)^\| `([a-z_]+)` \|", THE_FIGURES))


def test_every_metric_has_its_row():
    rows = set(re.findall(r"(?m)^\| `([a-z_]+)` \|", THE_FIGURES.partition("## Prometheus")[2]))
    families = {f"{one.name}_total" if one.type == "counter" else one.name for one in Metrics().registry.collect()}
    asked = {"refused_total", "load_step", "outbox_waiting", "outbox_dead"}
    assert rows == {name.removeprefix("voice_gateway_") for name in families} | asked
