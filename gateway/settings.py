"""What an operator may set, read once: VOICE_GATEWAY_* variables over the TOML file that VOICE_GATEWAY_CONFIG names."""

from __future__ import annotations

import datetime as dt
import os
import tomllib
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from asr.registry import DEFAULT_ENGINE
from gateway.errors import SettingsError

CONFIG_VARIABLE = "VOICE_GATEWAY_CONFIG"
_CHECKOUT = Path(__file__).resolve().parent.parent


def _default_flows_dir() -> Path:
    """The working folder's flows, else those of the checkout that the package was installed from."""
    here = Path("ivr_flows")
    return here if here.is_dir() else _CHECKOUT / "ivr_flows"


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name}' is no time zone; write an IANA name such as Asia/Shanghai") from None
    return name


class Settings(BaseSettings):
    """Every setting, with its unit in its name. Printing masks secrets."""

    model_config = SettingsConfigDict(env_prefix="VOICE_GATEWAY_", extra="forbid", frozen=True)

    flows_dir: Path = Field(default_factory=_default_flows_dir)
    """Folder with one sub-folder for each hotline."""
    data_dir: Path = Path("voice-gateway-data")
    """Where the store and the recordings go."""
    engine: str = DEFAULT_ENGINE
    """Name of the recogniser; `voice-gateway asr engines` lists them."""
    engine_threads: Annotated[int, Field(ge=1, le=16)] = 1
    """Threads of one recognition."""
    recognitions_at_once: Annotated[int, Field(ge=1, le=32)] = 2
    """Utterances recognised at the same time; more wait their turn."""
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
        file = os.environ.get(CONFIG_VARIABLE)
        sources = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls, Path(file))) if file else sources


def load_settings() -> Settings:
    """Read all sources. Raises SettingsError naming the setting and where it was set."""
    file = os.environ.get(CONFIG_VARIABLE)
    if file and not Path(file).is_file():
        raise SettingsError("there is no such file", where=f"{CONFIG_VARIABLE}={file}", remedy="name a TOML file")
    try:
        return Settings()
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"not valid TOML: {error}", where=file, remedy="correct that line") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        variable = f"VOICE_GATEWAY_{name.upper()}"
        where = variable if variable in os.environ else f"{file}: {name}"
        remedy = f"known settings: {', '.join(Settings.model_fields)}" if first["type"] == "extra_forbidden" else None
        raise SettingsError(first["msg"], where=where, remedy=remedy or "correct the value") from error
