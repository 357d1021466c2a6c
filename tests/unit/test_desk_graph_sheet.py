"""The layout: everything on the sheet, nothing on top of anything else, lines from left to right."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import pytest

from gateway.desk.graph.cards import label_size
from gateway.desk.graph.draw import draw
from gateway.desk.graph.drawing import Drawing, Way
from gateway.desk.graph.lines import lines_of
from gateway.desk.graph.sheet import Sheet, sheet_of
from gateway.desk.graph.wording import width_em
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow
from tests.support.small_flow import small_flow
from tests.support.whole_flow import WHOLE

pytestmark = pytest.mark.unit

HOTLINES = sorted(Path(__file__).parents[2].glob("ivr_flows/*/flow.yaml"))
Box = tuple[float, float, float, float]


@pytest.fixture(params=[None, *HOTLINES], ids=lambda file: file.parent.name if file else "whole")
def drawing(request: pytest.FixtureRequest, tmp_path: Path) -> Drawing:
    return draw(CompiledFlow(load_flow(request.param)) if request.param else small_flow(tmp_path, WHOLE))


def around(centre: tuple[float, float], size: tuple[float, float]) -> Box:
    return centre[0] - size[0] / 2, centre[1] - size[1] / 2, centre[0] + size[0] / 2, centre[1] + size[1] / 2


def boxes(sheet: Sheet) -> dict[str, Box]:
    cards = {card.box.name: around(sheet.places[card.box.name], card.size) for card in sheet.cards}
    labels = [(line.arrow, line.label) for line in sheet.lines if line.arrow.text]
    return cards | {f"{arrow.source} {arrow.text}": around(label, label_size(arrow)) for arrow, label in labels}


def test_nothing_lies_on_anything_and_all_on_the_sheet(drawing: Drawing) -> None:
    sheet = sheet_of(drawing)
    placed = boxes(sheet)
    assert len(placed) > len(drawing.boxes)
    for (one, a), (other, b) in combinations(placed.items(), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], f"{one} lies on {other}"
    for name, (left, top, right, bottom) in placed.items():
        assert 0 <= left <= right <= sheet.size[0], name
        assert 0 <= top <= bottom <= sheet.size[1], name


def test_lines_go_from_left_to_right_and_touch_their_cards(drawing: Drawing) -> None:
    sheet = sheet_of(drawing)
    placed = boxes(sheet)
    for line in sheet.lines:
        assert all(x <= next_x for (x, _), (next_x, _) in pairwise(line.points))
        source, target = placed[line.arrow.source], placed[line.arrow.target]
        assert line.points[0] == pytest.approx((source[2], (source[1] + source[3]) / 2))
        assert line.points[-1] == pytest.approx((target[0], (target[1] + target[3]) / 2))


def test_lines_pass_no_card(drawing: Drawing) -> None:
    """Level stretches, which lead through columns, are free of cards; bends lie between columns."""
    sheet = sheet_of(drawing)
    placed = {card.box.name: around(sheet.places[card.box.name], card.size) for card in sheet.cards}
    for line in sheet.lines:
        for (x, y), (next_x, next_y) in pairwise(line.points):
            for name, (left, top, right, bottom) in placed.items():
                within = y == next_y and top < y < bottom and x < right - 1 and next_x > left + 1
                assert not within, f"{line.arrow} passes {name}"


def test_every_arrow_is_a_line_or_a_row_in_its_card(drawing: Drawing) -> None:
    sheet = sheet_of(drawing)
    rows = [arrow for card in sheet.cards for arrow, _ in card.jumps]
    assert sorted([*rows, *(line.arrow for line in sheet.lines)], key=str) == sorted(drawing.arrows, key=str)
    assert {arrow for arrow in drawing.arrows if arrow.way is Way.MODE_FAILURE} <= set(rows)
    for card in sheet.cards:
        for _, text in card.jumps:
            assert width_em(text) * 11.5 <= card.size[0]


def test_a_long_name_leaves_room_for_the_type(tmp_path: Path) -> None:
    name = "a_very_long_name_of_a_node_that_says_goodbye"
    sheet = sheet_of(draw(small_flow(tmp_path, WHOLE.replace("goodbye", name))))
    card = next(card for card in sheet.cards if card.box.name == name)
    assert card.name.startswith("a_very_long")
    assert width_em(card.name) * 12.5 + width_em(card.kind) * 11.5 < card.size[0]


def test_what_many_lead_to_is_jumped_to(tmp_path: Path) -> None:
    drawing = draw(small_flow(tmp_path, WHOLE))
    lines = lines_of(drawing)
    targets = [arrow.target for arrow in lines]
    assert "more" not in targets
    assert targets.count("bill_branch") == 1
    entered = [arrow for arrow in drawing.arrows if arrow.way is Way.ENTERED]
    assert entered
    assert not lines & set(entered)


def test_options_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    sheet = sheet_of(draw(small_flow(tmp_path, WHOLE)))
    heights = [sheet.places[name][1] for name in ("bill", "pin", "day", "words", "much", "sure")]
    assert heights == sorted(heights)


def test_a_sub_flow_stands_in_its_frame(tmp_path: Path) -> None:
    sheet = sheet_of(draw(small_flow(tmp_path, WHOLE)))
    (frame,) = sheet.frames
    assert frame.title == "子流程 ask_day"
    left, top = frame.corner
    for card in sheet.cards:
        x, y = sheet.places[card.box.name]
        inside = left < x < left + frame.size[0] and top < y < top + frame.size[1]
        assert inside == (card.box.subflow == "ask_day"), card.box.name


def test_the_same_flow_is_laid_out_the_same(drawing: Drawing) -> None:
    assert sheet_of(drawing) == sheet_of(drawing)
