"""Rule files: YAML that an operator may change, read strictly, every mistake at file:line:column.

The package brings one of each (`rules/`). A folder of the operator's own holds those that they changed, under the same
names; what is not there is the package's.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from gateway.dialogue.mistakes import Mistake, validated
from gateway.dialogue.source import Source, lines, read
from gateway.errors import FlowError, RulesError

BUNDLED = Path(__file__).parent / "rules"

_Model = TypeVar("_Model", bound=BaseModel)


def rule_file(name: str, folder: Path | None = None) -> Path:
    """The file called `name` (`flags.yaml`): the operator's in `folder`, else the package's.

    Raises:
        RulesError: `folder` isn't there.
    """
    if folder is None:
        return BUNDLED / name
    if not folder.is_dir():
        raise RulesError([f"{folder}: 没有这个文件夹；请建好它，或不要设置"])
    own = folder / name
    return own if own.exists() else BUNDLED / name


def load_rules(model: type[_Model], file: Path) -> tuple[_Model, Source]:
    """Read `file` as `model`. With its source, which knows where each key and value stands; see `refuse`.

    Raises:
        RulesError: the file can't be read, isn't YAML, or doesn't fit; with all mistakes.
    """
    try:
        source = read(file)
    except FlowError as error:
        raise RulesError(error.problems) from error
    found, mistakes = validated(model, source.data, ())
    refuse(source, mistakes)
    if found is None:
        raise RulesError([f"{file}: 内容不对，读不了；请照自带的规则文件写"])
    return found, source


def refuse(source: Source, mistakes: list[Mistake]) -> None:
    """Raises RulesError with these mistakes and those found while reading, if there are any."""
    source.problems += [(source.spot(mistake.place, key=mistake.at_key), mistake.what) for mistake in mistakes]
    if source.problems:
        raise RulesError(lines(source))
