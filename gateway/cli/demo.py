"""voice-gateway demo: three calls to the bundled hotline, told as conversations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from gateway.app import Gateway
from gateway.cli.call import DEFAULT_FLOW, play
from gateway.cli.console import how_to_open
from gateway.cli.narrate import CallConsole, Narrator
from gateway.cli.running import run
from gateway.clock import VirtualClock
from gateway.errors import VoiceGatewayError
from gateway.events import Disposition
from gateway.hotline import Hotline
from gateway.settings import load_settings
from gateway.transport.loopback.script import Step, parse_steps

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples" / "demo"


class DemoCall(NamedTuple):
    """One call of the demo."""

    title: str
    caller: str
    steps: tuple[str, ...]
    ends: Disposition


CALLS = (
    DemoCall("一、用语音查话费", "13900001001", ("balance.wav", "balance_done.wav"), "completed"),
    DemoCall("二、七十二岁，按号码认出，进入长辈专线，转到人工", "13900001002", ("elderly_human.wav",), "transferred"),
    DemoCall(
        "三、生气的来电者：打断提示音，按键输入号码，留下投诉，听到工单号",
        "13900001004",
        ("over:angry_over.wav", "angry_words.wav", "dtmf:2", "dtmf:13900001004#", "angry_yes.wav", "angry_done.wav"),
        "completed",
    ),
)


def _steps(names: tuple[str, ...]) -> list[str]:
    return [name if name.startswith("dtmf:") else _in_samples(name) for name in names]


def _in_samples(name: str) -> str:
    prefix, _, file = name.rpartition(":")
    return f"{prefix}:{SAMPLES / file}" if prefix else str(SAMPLES / file)


def demo(
    out: Annotated[Path, typer.Option(help="Folder of the store and the recordings.", metavar="DIR")] = Path(
        "demo-calls"
    ),
) -> None:
    """Three real calls: a balance by voice, a 72-year-old, an angry caller with a complaint."""
    settings = load_settings()
    hotline = Hotline.load(settings, DEFAULT_FLOW)
    scripts = [parse_steps(_steps(call.steps)) for call in CALLS]
    run(_tell(Gateway.open(settings, hotline, out), scripts, settings.analytics.rules))
    CallConsole().print(f"\n录音和通话记录在 [bold]{out}[/bold]")
    CallConsole().print("\n" + how_to_open(out), soft_wrap=True)  # commands to be copied


async def _tell(opened: Gateway, scripts: list[tuple[Step, ...]], rules: Path | None) -> None:
    console = CallConsole()
    async with opened as gateway:
        for call, steps in zip(CALLS, scripts, strict=True):
            console.print(f"\n[bold]{call.title}[/bold]")
            ended = await play(gateway, call.caller, steps, Narrator(console, rules), VirtualClock())
            if ended.disposition != call.ends:
                message = f"the call ended as {ended.disposition} ({ended.reason}), expected {call.ends}"
                raise VoiceGatewayError(message, where=call.title, remedy="see the conversation above")
