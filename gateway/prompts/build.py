"""Making the recordings that a synthesiser can make: those that are missing, and its own that are out of date."""

from __future__ import annotations

import tempfile
from pathlib import Path

from gateway.errors import PromptError
from gateway.prompts.inventory import Inventory
from gateway.prompts.recordings import add_recordings
from gateway.prompts.synthesis import SET_IT, Progress, synthesise


def build_recordings(inventory: Inventory, synthesiser: str | None, *, progress: Progress) -> list[str]:
    """Have them spoken and keep all or none. What a person recorded is never made again.

    Returns:
        The names of what was made, in alphabetical order; none when nothing was wanted.

    Raises:
        PromptError: there is no synthesiser, it failed, or what it made can't be used or kept.
    """
    wanted = inventory.missing() | inventory.stale()
    if not wanted:
        return []
    if not synthesiser:
        raise PromptError(
            "没有设置合成命令",
            where="VOICE_GATEWAY_SYNTHESISER",
            remedy=SET_IT,
        )
    addable = inventory.addable()
    with tempfile.TemporaryDirectory(prefix="voice-gateway-") as folder:
        synthesise(synthesiser, inventory.spellings(wanted), Path(folder), progress=progress)
        return add_recordings(Path(folder), {name: addable[name] for name in wanted}, synthetic=True)
