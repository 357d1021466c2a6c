"""routes.yaml: read strictly, every mistake at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.analytics.routing.book import NAME, load_book
from gateway.analytics.rulefiles import BUNDLED
from gateway.errors import RulesError
from tests.support.chinese import not_chinese
from tests.support.routing import ROUTES, write_routes

pytestmark = pytest.mark.unit


def problems(folder: Path, *changes: tuple[str, str]) -> list[str]:
    """What is told of the file with these changes, each as `line:column: what`."""
    text = ROUTES
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(RulesError) as caught:
        load_book(write_routes(folder, text))
    file = f"{folder / 'routes.yaml'}:"
    assert all(line.startswith(file) for line in caught.value.problems)
    told = [line.removeprefix(file) for line in caught.value.problems]
    assert not_chinese(told) == []
    return told


def test_a_book_knows_its_examples_and_skill_groups(tmp_path: Path) -> None:
    book = load_book(write_routes(tmp_path))
    assert next(iter(book.examples())) == ("查话费", "bill")
    assert [book.skill_group(name) for name in ("fault", "other", "gone")] == ["network", "general", "general"]


def test_an_example_in_two_routes_is_told_where_it_stands_again(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, ("宽带坏了,", "查话费。, 宽带坏了,"))
    assert told == "16:16: “查话费。”在 `bill` 里也有（写作“查话费”）；请只留一个"


def test_an_example_twice_in_one_route_is_told(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, ("转人工,", "转人工, 转人工,"))
    assert told.startswith("20:21: “转人工”在这个诉求里写了两次")


@pytest.mark.parametrize("nothing", ["''", "'。。'", "'😀'"])
def test_an_example_without_words_is_told(tmp_path: Path, nothing: str) -> None:
    (told,) = problems(tmp_path, ("宽带坏了,", f"{nothing}, 宽带坏了,"))
    assert told.startswith("16:16: 例句里没有能说出来的字")


def test_an_example_that_is_a_number_of_yaml_is_told(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, ("宽带坏了,", "12345, 宽带坏了,"))
    assert told.startswith("16:16: ")
    assert "要写成文字" in told


def test_a_route_without_examples_is_told(tmp_path: Path) -> None:
    told = problems(tmp_path, ("[转人工, 人工服务, 找客服, 我要人工, 接人工客服, 找个真人]", "[]"))
    assert told == ["20:5: 0 个例句太少，学不会；请至少写 5 个，最好 60 个"]


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    told = problems(
        tmp_path, ("skill_group: network", "skill_group: netwrok"), ("outweighs: [bill]", "outweighs: [bil]")
    )
    assert [line.split(": ", 1)[0] for line in told] == ["11:17", "15:18"]
    assert "是不是 `bill`？" in told[0]
    assert "是不是 `network`？" in told[1]


def test_unknown_keys_are_told(tmp_path: Path) -> None:
    told = problems(tmp_path, ("label: 人工", "lable: 人工"), ("asides:", "aside:"))
    assert told == [
        "2:46: 不认识的键 `aside`；是不是 `asides`？",
        "18:5: 不认识的键 `lable`；是不是 `label`？",
    ]


def test_a_book_without_other_is_refused(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, ("  other:", "  others:"))
    assert told.startswith("3:1: 缺少诉求 `other`")


def test_the_package_s_own_file_is_taken_where_the_folder_has_none(tmp_path: Path) -> None:
    assert load_book(tmp_path).file == BUNDLED / NAME
    with pytest.raises(RulesError, match=r"没有这个文件；请把 .* 复制过去再改"):
        load_book(tmp_path, own=True)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="没有这个文件夹"):
        load_book(tmp_path / "gone")
