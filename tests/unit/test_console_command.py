"""`voice-gateway console account`: the first administrator, and what an operator is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.cli.console import BY_COMMAND, how_to_open
from gateway.errors import ConsoleError, StoreError
from gateway.store import Store
from gateway.store import accounts as kept

pytestmark = pytest.mark.unit


@pytest.fixture
def store(tmp_path: Path) -> Path:
    Store.open(tmp_path / "store").close()
    return tmp_path / "store"


def account(store: Path, *arguments: str, password: str = "") -> Result:
    return CliRunner().invoke(app, ["console", "account", *arguments, "--store", str(store)], input=password + "\n")


def test_the_first_administrator_is_made_by_a_command_that_says_so_itself(store: Path) -> None:
    assert "account add admin --role admin" in how_to_open(store)
    added = account(
        store,
        "add",
        "admin",
        "--role",
        "admin",
        "--title",
        "王管理",
        "--password-stdin",
        password="three quiet rivers",  # noqa: S106
    )
    assert (added.exit_code, added.output.strip()) == (0, "已添加账号 admin（管理员）")
    assert "account add" not in how_to_open(store)
    assert "http://127.0.0.1:8090" in how_to_open(store)
    listed = account(store, "list").output
    assert "王管理" in listed
    assert "正常" in listed
    disabled = account(store, "disable", "admin")
    assert isinstance(disabled.exception, ConsoleError)
    with Store.open_for_reading(store) as opened:
        assert [(told.account, told.action) for _, told in kept.list_audit(opened)] == [(BY_COMMAND, "account_added")]


@pytest.mark.parametrize(
    ("arguments", "password", "words"),
    [
        (("add", "a", "--role", "agent", "--password-stdin"), "short", "太短"),
        (("add", "a", "--role", "agent", "--password-stdin"), "", "太短"),
        (("add", "a", "--role", "owner", "--password-stdin"), "three quiet rivers", "没有角色"),
        (("add", "a", "--role", "agent"), "three quiet rivers", "没有终端"),
        (("password", "nobody", "--password-stdin"), "three quiet rivers", "没有账号"),
        (("disable", "nobody"), "", "没有账号"),
    ],
)
def test_what_cannot_be_done_is_told_in_words(
    store: Path, arguments: tuple[str, ...], password: str, words: str
) -> None:
    refused = account(store, *arguments, password=password)
    assert isinstance(refused.exception, ConsoleError)
    assert words in str(refused.exception)


def test_without_a_store_there_is_a_remedy_and_none_is_made(tmp_path: Path) -> None:
    refused = account(tmp_path / "none", "list")
    assert isinstance(refused.exception, StoreError)
    assert "voice-gateway demo" in str(refused.exception)
    assert not (tmp_path / "none").exists()


def test_a_command_starts_with_the_garbage_collector_on() -> None:
    """It is off while the command is imported, and what was imported isn't looked at again."""
    told = (
        "import gc, typer.main, gateway.cli; typer.main.get_command(gateway.cli.app).get_command(None, 'console'); "
        "print(gc.isenabled(), gc.get_freeze_count() > 10_000)"
    )
    started = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert started.stdout == "True True\n"
