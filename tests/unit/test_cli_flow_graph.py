"""voice-gateway flow graph."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.flow import app
from gateway.errors import VoiceGatewayError
from tests.support.whole_flow import WHOLE

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "flow.yaml").write_text(WHOLE, encoding="utf-8")
    monkeypatch.setenv("VOICE_GATEWAY_FLOWS_DIR", str(tmp_path))
    return tmp_path


def graph(*arguments: str | Path) -> str:
    return CliRunner().invoke(app, ["graph", "small", *map(str, arguments)], catch_exceptions=False).output


def test_mermaid_is_printed(folder: Path) -> None:
    assert graph().startswith('---\ntitle: "小热线 1"\n---\nflowchart LR\n')
    assert "长辈您好" in graph("--mode", "elderly")


def test_the_format_follows_the_name_of_the_file_or_is_said(folder: Path) -> None:
    for name, options, beginning in (
        ("a.html", (), "<!doctype html>"),
        ("a.mmd", (), "---"),
        ("a.txt", ("--format", "html"), "<!doctype html>"),
        ("b.html", ("--format", "mermaid"), "---"),
    ):
        assert graph("-o", folder / name, *options) == ""
        assert (folder / name).read_text(encoding="utf-8").startswith(beginning)


def test_a_file_that_cannot_be_written_is_one_clear_error(folder: Path) -> None:
    with pytest.raises(VoiceGatewayError, match="图写不进去：没有这个文件或文件夹；请换一个文件"):
        graph("-o", folder / "nowhere" / "a.html")
