"""Training, the model's file, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateway.analytics.routing import Router
from gateway.analytics.routing.book import load_book
from gateway.analytics.routing.copies import Copier, copies
from gateway.analytics.routing.model import Calibration, load, model_file, probabilities, save
from gateway.analytics.routing.training import Trained, train
from gateway.errors import RulesError
from tests.support.routing import write_routes

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(load_book(write_routes(tmp_path_factory.mktemp("rules"))))


@pytest.fixture
def rules(tmp_path: Path, trained: Trained) -> Path:
    """A folder with routes.yaml and the model trained from it."""
    folder = write_routes(tmp_path / "rules")
    save(trained.model, model_file(load_book(folder)))
    return folder


def refusal(rules: Path) -> str:
    with pytest.raises(RulesError) as caught:
        Router.load(rules)
    (told,) = caught.value.problems
    assert told.startswith(f"{rules / 'routes.npz'}: ")
    assert told.endswith(f"请运行 `voice-gateway routing train --rules {rules}`")
    return told


def test_training_the_same_book_twice_gives_the_same_file(rules: Path) -> None:
    first = (rules / "routes.npz").read_bytes()
    book = load_book(rules)
    save(train(book).model, model_file(book))
    assert (rules / "routes.npz").read_bytes() == first
    assert [file.name for file in sorted(rules.iterdir())] == ["routes.npz", "routes.yaml"]


def test_what_is_read_back_is_what_was_written(rules: Path, trained: Trained) -> None:
    found = load(load_book(rules))
    assert (found.routes, found.grams, found.sounds) == (
        trained.model.routes,
        trained.model.grams,
        trained.model.sounds,
    )
    assert found.calibration == trained.model.calibration
    assert np.abs(found.weights - trained.model.weights).max() <= np.abs(trained.model.weights).max() / 127


def test_a_router_routes_wordings_that_it_was_not_shown(rules: Path) -> None:
    router = Router.load(rules)
    assert [router.route_text(text).route for text in ("帮我查下话费余额", "家里的宽带断了", "给我转人工")] == [
        "bill",
        "fault",
        "agent",
    ]


def test_a_missing_model_is_refused(rules: Path) -> None:
    (rules / "routes.npz").unlink()
    assert "还没有训练好的模型" in refusal(rules)


def test_a_model_of_another_state_of_the_book_is_refused(rules: Path) -> None:
    with (rules / "routes.yaml").open("a", encoding="utf-8") as file:
        file.write("# 又改了\n")
    assert "模型是用改过之前的 routes.yaml 训练的" in refusal(rules)


@pytest.mark.parametrize("damage", ["cut", "blanked", "empty", "text", "pickle"])
def test_a_damaged_model_is_refused(rules: Path, damage: str) -> None:
    file = rules / "routes.npz"
    raw = file.read_bytes()
    if damage == "pickle":
        np.savez(file, weights=np.array([object()], dtype=object))
    else:
        middle = len(raw) // 2
        blanked = raw[:middle] + bytes(500) + raw[middle + 500 :]
        file.write_bytes({"cut": raw[:middle], "blanked": blanked, "empty": b"", "text": "模型".encode()}[damage])
    assert "训练好的模型坏了" in refusal(rules)


def test_a_model_whose_numbers_were_changed_is_refused(rules: Path) -> None:
    file = rules / "routes.npz"
    with np.load(file) as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["bias"] = arrays["bias"] + 1
    np.savez_compressed(file, **arrays)
    assert "训练好的模型坏了" in refusal(rules)


def test_a_folder_that_can_t_be_written_is_told(tmp_path: Path, trained: Trained) -> None:
    with pytest.raises(RulesError, match=r"routes\.npz: 模型写不进去"):
        save(trained.model, tmp_path / "gone" / "routes.npz")


def test_below_the_threshold_it_is_other_and_the_likeliest_is_named_next(rules: Path) -> None:
    book = load_book(rules)
    sure = Router(book, load(book)).route_text("宽带")
    unsure = Router(book, replace(load(book), threshold=0.999999)).route_text("宽带")
    assert sure.route == "fault"
    assert (unsure.route, unsure.skill_group, unsure.evidence) == ("other", "general", ())
    assert unsure.others[0] == ("fault", pytest.approx(sure.probability))


def test_figures_come_from_examples_that_were_not_seen(trained: Trained) -> None:
    found = trained.figures
    assert [one.route for one in found.routes] == ["bill", "dispute", "fault", "agent", "other"]
    assert 0.4 < found.macro_f1 < 1.0  # the examples themselves would give 1.0
    wrong = sum(len(one.texts) for one in found.confusions)
    assert found.accuracy == pytest.approx(1 - wrong / sum(one.support for one in found.routes))


def test_probabilities_sum_to_one_and_keep_the_likeliest() -> None:
    logits = np.array([[3.0, 1.0, 0.0], [0.1, 0.0, 0.05], [50.0, -50.0, 0.0], [0.0, 0.0, 0.0]])
    found = probabilities(logits, Calibration(0.5, 0.6, -3.0))
    assert found.sum(axis=1) == pytest.approx(1.0)
    assert found[:3].argmax(axis=1).tolist() == [0, 0, 0]
    assert np.all(found >= 0.0)


def test_copies_are_repeatable_and_sound_like_the_text(rules: Path) -> None:
    book = load_book(rules)
    texts = [text for text, _ in book.examples()]
    copier = Copier(texts, book.rules.around)
    made = copies("我要查话费账单", copier, 6)
    assert made == copies("我要查话费账单", copier, 6)
    assert len(set(made)) > 3
    assert any(copy.startswith(("你好", "请问")) for copy in made)
