"""What an operator may set, read once: VOICE_GATEWAY_* variables over a TOML file.

The file is the one that a command was given, else the one that VOICE_GATEWAY_CONFIG names. A variable for a setting of
a table joins the names by two underscores: VOICE_GATEWAY_SIP__RTP_TIMEOUT_S=20. Lists and tables are written as JSON.
"""

from __future__ import annotations

import datetime as dt
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings import SettingsError as UnreadableVariableError

from asr.registry import DEFAULT_ENGINE
from gateway.analytics.config import AnalyticsConfig
from gateway.console.config import ConsoleConfig
from gateway.delivery.config import DeliveryConfig
from gateway.errors import SettingsError
from gateway.scraping import MetricsConfig
from gateway.speech.config import EngineConfig
from gateway.store.retention import RetentionConfig
from gateway.transport.sip.config import SipConfig
from gateway.transport.webrtc.config import WebrtcConfig

PREFIX = "VOICE_GATEWAY_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
_NESTED = "__"
_file: ContextVar[Path | None] = ContextVar("_file", default=None)
"""The file that is being read, when it isn't the one that the environment names."""
_CHECKOUT = Path(__file__).resolve().parent.parent


def _default_flows_dir() -> Path:
    """The working folder's flows, else those of the checkout that the package was installed from."""
    here = Path("ivr_flows")
    return here if here.is_dir() else _CHECKOUT / "ivr_flows"


EngineName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name}' is no time zone; write an IANA name such as Asia/Shanghai") from None
    return name


class Settings(BaseSettings):
    """Every setting, with its unit in its name. Printing masks secrets."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=_NESTED,
        extra="forbid",
        frozen=True,
    )

    flows_dir: Path = Field(default_factory=_default_flows_dir)
    """Folder with one sub-folder for each hotline."""
    data_dir: Path = Path("voice-gateway-data")
    """Where the store and the recordings go."""
    engine: str = DEFAULT_ENGINE
    """The recogniser of all questions that name no other: one of `engines`, or a kind that needs no settings."""
    engines: dict[EngineName, EngineConfig] = Field(default_factory=dict)
    """Recognisers by name; a flow's questions may name one."""
    engine_threads: Annotated[int, Field(ge=1, le=16)] = 1
    """Threads of one recognition."""
    recognitions_at_once: Annotated[int, Field(ge=1, le=32)] = 2
    """Utterances recognised at the same time; more wait their turn."""
    late_limit_ms: Annotated[int, Field(ge=100, le=10_000)] = 400
    """Recognition that is later than this is overloaded: something is given up for a while (docs/hearing.md)."""
    recognition_limit_ms: Annotated[int, Field(ge=500, le=60_000)] = 10_000
    """A recognition that takes longer is given up, and the caller is asked again."""
    lookup_url: str | None = None
    """Base URL of the business back end (HTTP, JSON); without it the hotline's sample customers answer."""
    lookup_token: SecretStr | None = None
    """Bearer token for it."""
    synthesiser: str | None = None
    """Command line of a speech synthesiser, for `prompts build`: `{out}` stands for the folder where it is to put
    NAME.wav for each NAME<tab>TEXT line of its input."""
    timezone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Shanghai"
    """IANA name of the time zone by which the hotline says dates and counts deadlines, wherever its machine stands."""
    max_call_s: Annotated[int, Field(ge=10, le=7200)] = 1800
    """A call that nothing else ends, ends here."""
    hotline: str = "mobile_hotline"
    """Who answers, where neither `sip.numbers` nor the trunk says who does."""
    max_calls: Annotated[int, Field(ge=1, le=10_000)] = 100
    """More calls at once are refused."""
    resume_within_s: Annotated[int, Field(ge=0, le=3600)] = 180
    """How long a caller whose line was lost may call again and go on where they were; 0: never."""
    drain_limit_s: Annotated[int, Field(ge=0, le=7200)] = 120
    """How long running calls may go on when the gateway is told to stop; then they are told goodbye."""
    sip: SipConfig = Field(default_factory=SipConfig)
    """The telephone."""
    webrtc: WebrtcConfig = Field(default_factory=WebrtcConfig)
    """Browsers."""
    analytics: AnalyticsConfig = Field(default_factory=AnalyticsConfig)
    """What is found in calls."""
    delivery: DeliveryConfig = Field(default_factory=DeliveryConfig)
    """Where it is sent."""
    retention: RetentionConfig = Field(default_factory=RetentionConfig)
    """How long what is kept of calls is kept."""
    metrics: MetricsConfig = Field(default_factory=MetricsConfig)
    """Where the live figures are read."""
    console: ConsoleConfig = Field(default_factory=ConsoleConfig)
    """The web application of QA staff, supervisors and designers."""

    def now(self) -> dt.datetime:
        """The time of day at the hotline, aware."""
        return dt.datetime.now(ZoneInfo(self.timezone))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the signature is the library's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments beat the environment, which beats the file."""
        file = _file.get() or os.environ.get(CONFIG_VARIABLE)
        sources = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls, Path(file))) if file else sources


def load_settings(file: Path | None = None) -> Settings:
    """Read all sources. Raises SettingsError naming the setting and where it was set.

    Args:
        file: read this one instead of the file that the environment names.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    source = str(file) if file is not None else named or ""
    if source and not Path(source).is_file():
        where = source if file is not None else f"{CONFIG_VARIABLE}={source}"
        raise SettingsError("there is no such file", where=where, remedy="name a TOML file")
    try:
        with _reading(file):
            return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"not valid TOML: {error}", where=source, remedy="correct that line") from error
    except OSError as error:
        raise SettingsError(f"can't be read: {error.strerror}", where=source, remedy="check the file") from error
    except UnreadableVariableError as error:
        raise SettingsError(str(error), where="environment", remedy="write lists and tables as JSON") from error
    except ValidationError as error:
        raise _bad_value(error, source) from error


@contextmanager
def _reading(file: Path | None) -> Iterator[None]:
    token = _file.set(file)
    try:
        yield
    finally:
        _file.reset(token)


def _bad_value(error: ValidationError, source: str) -> SettingsError:
    """The first mistake, with the setting's full name and where it was set."""
    first = error.errors()[0]
    parts = [str(part) for part in first["loc"] if part != "[key]"]
    if parts[0] == "engines" and len(parts) > 2:
        del parts[2]  # pydantic tells there which kind it took it for
    if parts[:2] == ["delivery", "sinks"] and len(parts) > 4:
        del parts[3]  # likewise
    remedy = "correct the value"
    if first["type"] == "extra_forbidden":
        tables: dict[str, type[BaseModel]] = {
            name: field.annotation
            for name, field in Settings.model_fields.items()
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        }
        model = tables.get(parts[0], Settings) if len(parts) == 2 else Settings
        known = [] if len(parts) > 1 and model is Settings else model.model_fields
        remedy = f"known settings: {', '.join(known)}" if known else "remove it, or correct its name"
    message = first["msg"].removeprefix("Value error, ")
    return SettingsError(message, where=_variable(parts) or f"{source}: {'.'.join(parts)}", remedy=remedy)


def _variable(parts: list[str]) -> str | None:
    """The variable that set it, if one did: its own, or that of a table it is in."""
    names = (PREFIX + _NESTED.join(parts[:length]).upper() for length in range(len(parts), 0, -1))
    return next((name for name in names if name in os.environ), None)
