"""What is named in a sentence, in figures and as people say it and recognisers write it."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.analytics.conversation import Segment
from gateway.analytics.entities import EntityFinder
from gateway.errors import RulesError
from gateway.findings import Entity

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 29)


@pytest.fixture(scope="module")
def finder() -> EntityFinder:
    return EntityFinder.load()


def said(text: str, index: int = 0, **fields: object) -> Segment:
    kept = {"participant": "customer", "begin_ms": index * 3000.0, "end_ms": index * 3000.0 + 2000.0, **fields}
    return Segment(index=index, text=text, **kept)  # type: ignore[arg-type]


def found(finder: EntityFinder, text: str, asked: str = "") -> list[tuple[str, str]]:
    return [(one.kind, one.value) for one in finder.find(said(text), TODAY, asked)]


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "我的手机号是幺三八零零幺三八零零零",
        "一三八零零一三八零零零这个号",
        "幺三八，嗯，零零幺三，八千",
        "138 0013 8000",
        "138-0013-8000",
        "１３８００１３８０００",
        "一三八 零零 一三八 零零零",
        "幺三八零零幺三八三个零",
        "要三八零零幺三八零零零",
        "一三八灵灵一三八灵灵灵",
        "号码是要3 8 0 0 1 3 8 0 0 0",
        "一三九不对一三八零零幺三八零零零",
        "一三八零零幺三八零零五不对后四位是八零零零",
        "+86 13800138000",
        "一三八零零幺三八零零零一三八零零幺三八零零零",
    ],
)
def test_a_mobile_number_is_found_however_it_is_said(finder: EntityFinder, text: str) -> None:
    assert found(finder, text) == [("phone", "13800138000")]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("家里电话零幺零八二三四五六七八", "phone", "01082345678"),
        ("0755-83456789", "phone", "075583456789"),
        ("座机是八二三四五六七八", "phone", "82345678"),
        ("打四零零八幺二三幺二三没人接", "phone", "4008123123"),
        ("身份证号110101199003070054", "id_card", "110101199003070054"),
        ("幺幺零幺零幺一九九零零三零七零零五四", "id_card", "110101199003070054"),
        ("身份证 110105 19491231 002X", "id_card", "11010519491231002X"),
        ("一一零一零五一九四九一二三一零零二叉", "id_card", "11010519491231002X"),
        ("卡号6222 0200 1234 5678 903", "bank_card", "6222020012345678903"),
        ("六二二二零二零零一二三四五六七八九零三", "bank_card", "6222020012345678903"),
        ("验证码是八三二一九五", "verification_code", "832195"),
        ("我收到的校验码 8321", "verification_code", "8321"),
        ("8 3 2 1 9 5是验证码", "verification_code", "832195"),
        ("动态码是幺二三四五六", "verification_code", "123456"),
        ("扣了我三十五块六", "amount", "35.60"),
        ("多收了100多块", "amount", "100.00+"),
        ("三百来块钱", "amount", "300.00+"),
        ("充了两百五", "amount", "250.00"),
        ("退我一块五毛", "amount", "1.50"),
        ("欠费128元", "amount", "128.00"),
        ("还有三十个G", "data_volume", "30G"),
        ("用了三个半G", "data_volume", "3.5G"),
        ("超了五百兆", "data_volume", "500M"),
        ("只剩1.5G了", "data_volume", "1.5G"),
        ("送了十个季的流量", "data_volume", "10G"),
        ("上个月的账单", "date", "2026-10"),
        ("十月一号扣的", "date", "2026-10-01"),
        ("三号那天", "date", "2026-11-03"),
        ("昨天下午报的修", "date", "2026-11-28"),
        ("去年十二月办的", "date", "2025-12"),
        ("上周五来过一次", "date", "2026-11-20"),
        ("三天前就报了", "date", "2026-11-26"),
        ("2026-10-03", "date", "2026-10-03"),
        ("家里的宽代坏了", "product", "宽带"),
        ("三十九块的套餐", "product", "39元套餐"),
        ("幺二九套餐太贵", "product", "129元套餐"),
        ("把彩玲给我取消", "product", "彩铃"),
        ("开个国际慢游", "product", "国际漫游"),
        ("我在广州", "place", "广州"),
        ("石家庄市", "place", "石家庄市"),
        ("阳光花园小区都没信号", "place", "阳光花园"),
        ("建国路八十八号三号楼二单元五零一", "address", "建国路八十八号三号楼二单元五零一"),
        ("住万科城3栋1单元1801", "address", "万科城3栋1单元1801"),
        ("工单号是20261129001", "number", "20261129001"),
        ("单号七零零零零零零幺", "number", "70000001"),
    ],
)
def test_what_is_named_is_found_with_its_value(finder: EntityFinder, text: str, kind: str, value: str) -> None:
    assert (kind, value) in found(finder, text)


@pytest.mark.parametrize(
    "text",
    [
        "转人工",
        "我打了10086三次都没人接",
        "再不处理我就打12315",
        "5G信号不好",
        "一下子就断了",
        "等一会儿一起办",
        "还有几个G",
        "我们小区一直没信号",
        "开封的时候就坏了",
        "你们这是什么态度",
        "说了三遍了",
        "一楼二楼都没信号",
        "走这条路",
        "",
        "😀\ud800\x00١٢٣",
    ],
)
def test_what_names_nothing_is_left_alone(finder: EntityFinder, text: str) -> None:
    assert found(finder, text) == []


def test_entities_do_not_overlap_and_are_in_their_order(finder: EntityFinder) -> None:
    text = "昨天在广州天河路15号办的三十九块的套餐扣了我两百五，打我电话13800138000"
    entities = finder.find(said(text), TODAY)
    places = [(one.evidence.start, one.evidence.end) for one in entities]
    assert [one.kind for one in entities] == ["date", "address", "product", "amount", "phone"]
    assert all(before[1] <= after[0] for before, after in pairwise(places))
    assert all(text[one.evidence.start : one.evidence.end] == one.evidence.text for one in entities)


def test_the_evidence_is_the_text_as_it_stands_blanks_and_all(finder: EntityFinder) -> None:
    entity = finder.find(said("电话 138 0013 8000 谢谢"), TODAY)[0]
    assert entity.evidence.text == "138 0013 8000"
    assert entity.evidence.begin_ms == pytest.approx(2000 * 3 / 19)
    assert entity.evidence.end_ms == pytest.approx(2000 * 16 / 19)


def test_the_question_says_what_digits_are(finder: EntityFinder) -> None:
    assert found(finder, "八三二幺") == []
    assert found(finder, "八三二幺", asked="请说出您收到的验证码") == [("verification_code", "8321")]


def whole(*entities: Entity) -> list[tuple[str, str, int]]:
    return [(one.kind, one.value, one.evidence.segment) for one in entities]


def test_a_number_said_in_pieces_is_one_number(finder: EntityFinder) -> None:
    segments = [
        said("请说您的手机号", 0, participant="system"),
        said("我的是一三八", 1),
        said("嗯", 2, participant="system"),
        said("零零一三", 3),
        said("八千对", 4),
        said("帮我查话费三十块", 5),
    ]
    entities = finder.within(segments, TODAY)
    assert whole(*entities) == [("phone", "13800138000", 1), ("amount", "30.00", 5)]
    assert entities[0].evidence.text == "一三八"
    assert entities[0].evidence.end_ms > 12000


def test_pieces_far_apart_or_with_words_between_make_no_number(finder: EntityFinder) -> None:
    later = said("零零一三八零零零", 1, begin_ms=60_000.0, end_ms=62_000.0)
    assert finder.within([said("一三八", 0), later], TODAY) == finder.find(later, TODAY)
    between = [said("一三八", 0), said("等一下我找找那张纸在哪里", 1), said("零零一三八零零零", 2)]
    assert "phone" not in [one.kind for one in finder.within(between, TODAY)]


def test_keys_are_numbers_too(finder: EntityFinder) -> None:
    keyed = [said("13800138000#", 0, kind="keys"), said("1", 1, kind="keys")]
    assert whole(*finder.within(keyed, TODAY)) == [("phone", "13800138000", 0)]
    parts = [said("1380013", 0, kind="keys"), said("8000#", 1, kind="keys")]
    assert whole(*finder.within(parts, TODAY)) == [("phone", "13800138000", 0)]


def test_long_and_odd_texts_are_cut_and_never_refused(finder: EntityFinder) -> None:
    for part in ("一", "138 ", "朝阳路", "号", "三栋二单元", "\ud800", "要", "一块"):
        finder.find(said(part * 50_000), TODAY)


def test_an_operator_names_products_and_places_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "entities.yaml").write_text(
        "products: [{name: 星河套餐, also: [银河套餐]}]\nplaces: {cities: [仙桃]}\n"
    )
    own = EntityFinder.load(tmp_path)
    assert found(own, "银河套餐怎么样") == [("product", "星河套餐")]
    assert found(own, "我在广州") == []


def test_mistakes_in_the_file_are_told_with_their_places(tmp_path: Path) -> None:
    file = tmp_path / "entities.yaml"
    file.write_text(
        "products:\n  - {name: 宽带}\n  - {name: 光猫, also: [宽带]}\nplaces:\n  ambiguous: [三明]\n  towns: []\n"
    )
    with pytest.raises(RulesError) as refused:
        EntityFinder.load(tmp_path)
    file.write_text(file.read_text().replace("  towns: []\n", ""))
    with pytest.raises(RulesError) as refused_again:
        EntityFinder.load(tmp_path)
    assert f"{file}:6:3" in str(refused.value)
    assert f"{file}:3:23: “宽带”" in str(refused_again.value)
    assert f"{file}:5:15: “三明”" in str(refused_again.value)
