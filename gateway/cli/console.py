"""voice-gateway console: the web application, and the accounts that may use it."""

from __future__ import annotations

import asyncio
import getpass
import logging
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.console import accounts
from gateway.console.logins import utc_now
from gateway.console.rights import ROLES, TITLES, Role
from gateway.errors import ConsoleError, StoreError
from gateway.privacy import setup_logging
from gateway.settings import CONFIG_VARIABLE, Settings, load_settings
from gateway.store import Store
from gateway.store import accounts as kept
from gateway.store.accounts import Audited

if TYPE_CHECKING:
    from gateway.console.door import Surroundings

CONFIG_HERE = Path("gateway.toml")
THREADS = 12
"""For work on the store: on two cores Python would take six, and some long exports would hold up every login."""
BY_COMMAND = "命令行"
"""Who did it, in the audit; no account can be named so."""

log = logging.getLogger(__name__)

app = typer.Typer(help="工作台：质检、主管和流程设计人员用的网页。", invoke_without_command=True)
account = typer.Typer(help="工作台的账号。", no_args_is_help=True)
app.add_typer(account, name="account")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help=f"设置文件；不写则用 ${CONFIG_VARIABLE} 或 ./{CONFIG_HERE}。", metavar="FILE"),
]
StoreOption = Annotated[
    Path | None, typer.Option("--store", help="通话库的目录；不写则用设置 data_dir。", metavar="DIR")
]
NameArgument = Annotated[str, typer.Argument(help="账号名：小写字母、数字和 . _ -。", metavar="NAME")]
PasswordOption = Annotated[bool, typer.Option("--password-stdin", help="从标准输入读口令。")]


@app.callback()
def console(
    context: typer.Context,
    store: StoreOption = None,
    config: ConfigOption = None,
    until_stdin_ends: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """启动工作台，直到 Ctrl-C 或 SIGTERM；可与正在运行的网关共用一个通话库。"""
    if context.invoked_subcommand is not None:
        if store is not None or config is not None:
            raise typer.BadParameter("--store 请写在子命令之后")
        return
    settings = read_settings(config)
    setup_logging("INFO")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    with open_store(settings, store) as opened:
        asyncio.run(_serve(settings, opened, until_stdin_ends=until_stdin_ends))


@account.command("add")
def add(
    name: NameArgument,
    role: Annotated[str, typer.Option(help="、".join(f"{role} {TITLES[role]}" for role in ROLES) + "。")],
    title: Annotated[str, typer.Option(help="姓名，别人看到的。")] = "",
    queue: Annotated[list[str] | None, typer.Option(help="坐席和班长能看哪些队列的通话；可重复。")] = None,
    hotline: Annotated[list[str] | None, typer.Option(help="现场主管能看哪些热线的通话；可重复。")] = None,
    password_stdin: PasswordOption = False,
    store: StoreOption = None,
) -> None:
    """添加账号；口令输入两次。"""
    person = accounts.Person(
        title=title, role=role, queues=accounts.read_names(queue or ()), hotlines=accounts.read_names(hotline or ())
    )
    with open_store(read_settings(None), store) as opened:
        accounts.add(
            opened, name, person, read_password(password_stdin), told("account_added", account=name, role=role)
        )
    typer.echo(f"已添加账号 {name}（{TITLES[_role(role)]}）")


@account.command("list")
def show(store: StoreOption = None) -> None:
    """列出全部账号。"""
    with open_store(read_settings(None), store) as opened:
        found = kept.list_accounts(opened)
    table = Table("账号", "姓名", "角色", "队列", "热线", "状态")
    for each in found:
        locked = each.locked_until is not None and each.locked_until > utc_now()
        state = "已停用" if each.disabled else "已锁定" if locked else "正常"
        title = TITLES.get(each.role, each.role)  # type: ignore[call-overload]  # a role of another version shows as it is
        table.add_row(each.name, each.title, title, "、".join(each.queues), "、".join(each.hotlines), state)
    Console().print(table)


@account.command("password")
def password(
    name: NameArgument,
    password_stdin: PasswordOption = False,
    store: StoreOption = None,
) -> None:
    """重设口令并解除锁定；该账号的登录随即失效。"""
    with open_store(read_settings(None), store) as opened:
        accounts.set_password(opened, name, read_password(password_stdin), told("password_set", account=name))
    typer.echo(f"已修改账号 {name} 的口令")


@account.command("disable")
def disable(
    name: NameArgument,
    undo: Annotated[bool, typer.Option("--undo", help="重新启用。")] = False,
    store: StoreOption = None,
) -> None:
    """停用账号；它的登录随即失效。"""
    action = "account_enabled" if undo else "account_disabled"
    with open_store(read_settings(None), store) as opened:
        accounts.set_disabled(opened, name, not undo, told(action, account=name))
    typer.echo(f"已{'启用' if undo else '停用'}账号 {name}")


def how_to_open(store: Path) -> str:
    """What to type to see a store's calls in a browser, in Chinese; with the command for the first administrator when
    there is none. Raises StoreError."""
    typed = "voice-gateway" if shutil.which("voice-gateway") else sys.argv[0]
    with Store.open_beside(store) as opened:
        has_admin = any(each.role == "admin" and not each.disabled for each in kept.list_accounts(opened))
    steps = [] if has_admin else [f"{typed} console account add admin --role admin --store {store}"]
    steps.append(f"{typed} console --store {store}")
    address = load_settings().console.public_url or load_settings().console.listen
    lines = "\n".join(f"  {step}" for step in steps)
    return f"在浏览器里看和听这些通话，先运行：\n{lines}\n然后打开 {address} ，用账号 admin 和刚设的口令登录。"


def read_settings(config: Path | None) -> Settings:
    """What is set. Raises SettingsError."""
    here = CONFIG_HERE if CONFIG_HERE.is_file() and not os.environ.get(CONFIG_VARIABLE) else None
    return load_settings(config or here)


@contextmanager
def open_store(settings: Settings, folder: Path | None) -> Iterator[Store]:
    """The store, beside whoever owns it. Raises StoreError, also while there is none."""
    where = folder or settings.data_dir
    if not (where / "voice-gateway.db").exists():
        raise StoreError(
            "there is no store of calls here yet",
            where=str(where),
            remedy="take a call first (voice-gateway serve, or voice-gateway demo), or name its folder (--store DIR)",
        )
    with Store.open_beside(where) as opened:
        yield opened


def read_password(from_stdin: bool) -> str:
    """A new password, typed twice or read from standard input. Raises ConsoleError when the two differ."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise ConsoleError("没有终端可以输入口令；请用 --password-stdin 从标准输入传入")
    first = getpass.getpass("新口令（至少 10 个字符）: ")
    if getpass.getpass("再输入一次: ") != first:
        raise ConsoleError("两次输入的口令不一样")
    return first


def told(action: str, **detail: object) -> Audited:
    """What the audit has of a command."""
    return Audited(at=utc_now(), account=BY_COMMAND, action=action, call_id="", detail=dict(detail), address="")


async def _serve(settings: Settings, store: Store, *, until_stdin_ends: bool) -> None:
    """Raises TransportError when the address can't be had."""
    from gateway.console import passwords, server
    from gateway.console.app import create_app

    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "console"))
    await asyncio.to_thread(passwords.prepare)
    application = create_app(settings, store)
    surroundings: Surroundings = application.state.surroundings
    if not surroundings.logins.has_admin():
        log.warning(
            "还没有管理员账号，无法登录。请先运行: voice-gateway console account add admin --role admin --store %s",
            store.directory,
        )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if until_stdin_ends:
        asyncio.get_running_loop().add_reader(sys.stdin, stop.set)
    listening = server.listen(settings.console)
    url = server.url_of(settings.console, listening)

    def ready() -> None:
        log.info("the console is at %s, over the store in %s", url, store.directory)
        with suppress(OSError):  # nobody reads it
            typer.echo(f"ready: {url}")

    await server.serve(application, settings.console, listening, ready=ready, until=stop.wait())


def _role(role: str) -> Role:
    return next(known for known in ROLES if known == role)
