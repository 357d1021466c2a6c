"""The catalogue finds recordings by what they say, and names the line or file that is wrong."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from gateway.errors import PromptError
from gateway.media.frames import SAMPLE_RATE_HZ
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.tables import clauses, normalize

pytestmark = pytest.mark.unit


def noise(seed: int, ms: int = 300) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(SAMPLE_RATE_HZ * ms // 1000) * 3000).astype(np.int16)


@pytest.fixture
def hotline(tmp_path):
    """A hotline of two sentences and a voice of one fragment."""
    flow, voice = tmp_path / "flow", tmp_path / "voice"
    (flow / "audio").mkdir(parents=True)
    voice.mkdir()
    (flow / "prompts.tsv").write_text("name\ttext\nhello\t您好\nkey\t请按1\n", encoding="utf-8")
    (voice / "fragments.tsv").write_text("name\ttext\tspelled\ng\tG\t记\n", encoding="utf-8")
    for seed, path in enumerate((flow / "audio" / "hello.flac", flow / "audio" / "key.flac", voice / "g.flac")):
        soundfile.write(path, noise(seed), SAMPLE_RATE_HZ)
    return flow, voice


def test_texts_are_found_whatever_their_punctuation_spaces_and_digits(hotline):
    catalog = PromptCatalog.load(*hotline)
    for text in ("您好", "您好，", "  您 好。", "请按一", "请按1！", "G"):
        assert text in catalog
    for text in ("您", "请按2", "", "。"):
        assert text not in catalog
    np.testing.assert_array_equal(catalog.clip("请按1"), catalog.clip("请按一。"))


def test_asking_for_what_is_not_recorded_names_it(hotline):
    with pytest.raises(PromptError, match="没有录音能说“再见”；请看"):
        PromptCatalog.load(*hotline).clip("再见")


def test_a_pace_is_stretched_once(hotline):
    catalog = PromptCatalog.load(*hotline)
    catalog.prepare(0.8)
    slow = catalog.clip("您好", 0.8)
    assert slow is catalog.clip("您好。", 0.8)
    assert len(slow) == round(len(catalog.clip("您好")) / 0.8)


def test_no_table_is_an_empty_table(tmp_path):
    assert "您好" not in PromptCatalog.load(tmp_path / "no_flow", tmp_path / "no_voice")


def test_a_table_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / "prompts.tsv").mkdir()
    with pytest.raises(PromptError, match=r"prompts\.tsv: 读不了：这是文件夹；"):
        PromptCatalog.load(tmp_path, tmp_path / "no_voice")


def test_a_listed_recording_that_is_gone_is_named(hotline):
    flow, voice = hotline
    (flow / "audio" / "key.flac").unlink()
    with pytest.raises(PromptError, match=r"audio/key\.flac: 表里有，文件没有了；"):
        PromptCatalog.load(flow, voice)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("hello", "这一行不是“名字、制表符、要读的话”"),
        ("good bye\t再见", "这一行不是“名字、制表符、要读的话”"),
        ("../up\t再见", "这一行不是“名字、制表符、要读的话”"),
        ("bye\t。。", "这一行不是“名字、制表符、要读的话”"),
        ("bye\t再见\tx\ty\tz", "这一行不是“名字、制表符、要读的话”"),
        ("hello\t再见", "`hello` 写了两次"),
    ],
)
def test_a_bad_line_is_named_by_its_number(hotline, line, reason):
    flow, voice = hotline
    with (flow / "prompts.tsv").open("a", encoding="utf-8") as table:
        table.write(line + "\n")
    with pytest.raises(PromptError, match=reason) as caught:
        PromptCatalog.load(flow, voice)
    assert str(caught.value).startswith(f"{flow / 'prompts.tsv'}:4: ")
    assert caught.value.remedy


def test_a_table_in_another_encoding_is_refused(hotline):
    flow, voice = hotline
    (flow / "prompts.tsv").write_bytes("name\ttext\nhello\t您好\n".encode("gb18030"))
    with pytest.raises(PromptError, match="不是 UTF-8"):
        PromptCatalog.load(flow, voice)


@pytest.mark.parametrize("content", ["hello\t您好\nkey\t请按1\n", "您好\n"])
def test_a_table_without_its_headings_loses_no_row_unsaid(hotline, content):
    flow, voice = hotline
    (flow / "prompts.tsv").write_text(content, encoding="utf-8")
    with pytest.raises(PromptError, match=r"prompts\.tsv:1: 没有标题行；请以 `name<tab>text"):
        PromptCatalog.load(flow, voice)


def test_a_table_with_a_byte_order_mark_is_read(hotline):
    flow, voice = hotline
    table = flow / "prompts.tsv"
    table.write_text(table.read_text(encoding="utf-8"), encoding="utf-8-sig")
    PromptCatalog.load(flow, voice)


def test_clauses_stand_between_punctuation_marks():
    assert clauses("您好，欢迎致电。查话费、查流量；再见 ") == ["您好", "欢迎致电", "查话费", "查流量", "再见"]
    assert clauses("。，") == []
    assert normalize(" 请按１，对吗？") in {"请按１对吗", "请按一对吗"}
