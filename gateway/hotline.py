"""A hotline ready for calls: its flow, its recorded voice, its back end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.call.lookups import HttpLookups, LookupProvider, SampleLookups
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import find_flow, load_flow
from gateway.dialogue.model import Flow
from gateway.errors import PromptError, SettingsError
from gateway.privacy import mask
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.inventory import Inventory, voice_dir
from gateway.settings import Settings

NAMED = 5
"""How many unrecorded sentences an error names."""


@dataclass(frozen=True, slots=True)
class Hotline:
    """One flow with everything it says and asks; read-only and shared by its calls."""

    flow: CompiledFlow
    prompts: PromptCatalog
    lookups: LookupProvider

    @classmethod
    def load(cls, settings: Settings, name: str) -> Hotline:
        """Read the hotline's folder.

        Raises:
            FlowError: an unknown flow, or the mistakes in its file.
            PromptError: a sentence without a recording, or a recording that is missing or bad.
            SettingsError: bad sample customers or look-up URL.
        """
        path = find_flow(name, settings.flows_dir)
        return cls.of(load_flow(path), path, settings)

    @classmethod
    def of(cls, read: Flow, path: Path, settings: Settings) -> Hotline:
        """The hotline of a flow that was read from `path`. Raises PromptError and SettingsError, as `load` does."""
        flow = CompiledFlow(read)
        if unrecorded := list(Inventory(flow.flow, path.parent).missing().values()):
            raise PromptError(
                f"有 {len(unrecorded)} 句没有录音：{'、'.join(unrecorded[:NAMED])}",
                where=str(path),
                remedy=f"请看 `voice-gateway prompts missing {path.parent.name}`",
            )
        _check_engines(flow, path, settings)
        prompts = PromptCatalog.load(path.parent, voice_dir(path.parent))
        return cls(flow, prompts, _lookups(settings, path.parent))

    @property
    def version(self) -> str:
        """The version that the designer gave it, and what it was read from: as it stands on every call's record."""
        flow = self.flow.flow
        return f"{flow.version}+{flow.digest[:12]}"

    def warm(self) -> None:
        """Build what calls would otherwise build at first use, seconds of work: matchers, and prompts at each pace.

        A call on real time can't wait for it in the middle of a conversation.
        """
        self.flow.warm()
        for mode in self.flow.flow.modes.values():
            self.prompts.prepare(mode.pace)

    def usual_caller(self) -> str:
        """The number to call from when nobody names one: the first sample customer's, empty (withheld) without one."""
        return next(iter(self.lookups.numbers), "") if isinstance(self.lookups, SampleLookups) else ""

    def check_caller(self, number: str) -> None:
        """Raises SettingsError for a number that the sample back end, if it is in use, doesn't have."""
        if isinstance(self.lookups, SampleLookups) and not self.lookups.known(number):
            raise SettingsError(
                "not a sample customer",
                where=f"--from {mask(number)}",
                remedy=f"use one of {', '.join(self.lookups.numbers)}",
            )


def _check_engines(flow: CompiledFlow, path: Path, settings: Settings) -> None:
    known = {settings.engine, *settings.engines}
    for name, wanted in flow.engines.items():
        if wanted not in known:
            raise SettingsError(
                f"{name} wants the engine '{wanted}', which isn't in the settings",
                where=str(path),
                remedy=f"set [engines.{wanted}], or write one of: {', '.join(sorted(known))}",
            )


def _lookups(settings: Settings, flow_dir: Path) -> LookupProvider:
    if settings.lookup_url is None:
        return SampleLookups(flow_dir / "customers.yaml", today=lambda: settings.now().date())
    token = settings.lookup_token.get_secret_value() if settings.lookup_token else None
    return HttpLookups(settings.lookup_url, token=token)
