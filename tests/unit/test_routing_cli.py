"""voice-gateway routing train, routing score."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.routing import app
from gateway.errors import RulesError
from tests.support.routing import write_routes

pytestmark = pytest.mark.unit


def run(*words: str | Path) -> str:
    """What the command prints; its error is raised."""
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_routes(tmp_path_factory.mktemp("rules"))
    run("train", "--rules", folder)
    return folder


def table(folder: Path, text: str) -> Path:
    file = folder / "judged.tsv"
    file.write_text(text, encoding="utf-8")
    return file


def test_training_tells_its_figures_and_writes_the_model(tmp_path: Path) -> None:
    told = run("train", "--rules", write_routes(tmp_path))
    assert "40 条例句，5 类" in told
    assert "5 折交叉验证" in told
    assert "宏平均 F1" in told
    assert (tmp_path / "routes.npz").stat().st_size > 1000


def test_training_a_folder_without_routes_does_not_touch_the_package(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="没有这个文件"):
        run("train", "--rules", tmp_path)


def test_scoring_tells_figures_and_the_sentences_that_went_wrong(rules: Path, tmp_path: Path) -> None:
    file = table(tmp_path, "route\ttext\tasr\nbill\t查一下话费余额\t0\nfault\t家里宽带断了\t0\nbill\t宽带坏了报修\t1\n")
    told = run("score", file, "--rules", rules)
    assert "judged.tsv　3 句" in told
    assert "正确 66.7%" in told
    assert "bill → fault  宽带坏了报修" in told
    rows = {line.split()[0]: line.split()[2:] for line in told.splitlines() if line.startswith(("bill ", "fault "))}
    assert rows == {"bill": ["1.000", "0.500", "0.667", "2"], "fault": ["0.500", "1.000", "0.667", "1"]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ":1: 没有标题行"),
        ("text route\n查话费 bill\n", ":1: 标题行里没有 `text` 一栏"),
        ("text\troute\n", ":1: 标题行下面没有句子"),
        ("text\troute\n查话费\tbill\n\n宽带坏了\tfalut\n", ":4: 没有诉求 `falut`；是不是 `fault`？"),
        ("text\troute\n查话费\n", ":2: 这一行有 1 栏，标题行有 2 栏"),
        ("text\troute\n \tbill\n", ":2: 没有文字"),
    ],
)
def test_a_bad_file_is_told_at_its_line(rules: Path, tmp_path: Path, text: str, told: str) -> None:
    file = table(tmp_path, text)
    with pytest.raises(RulesError) as caught:
        run("score", file, "--rules", rules)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{file}{told}")


def test_a_file_that_is_not_utf8_is_told_at_its_line(rules: Path, tmp_path: Path) -> None:
    file = tmp_path / "gbk.tsv"
    file.write_bytes("text\troute\n查话费\tbill\n".encode("gb18030"))
    with pytest.raises(RulesError, match=r"gbk\.tsv:2: 不是 UTF-8"):
        run("score", file, "--rules", rules)


def test_a_file_that_is_not_there_is_told(rules: Path, tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"gone\.tsv:1: 没有这个文件"):
        run("score", tmp_path / "gone.tsv", "--rules", rules)
