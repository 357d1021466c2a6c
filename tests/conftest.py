"""The house rules of the tests, held by machine rather than by reading.

- Every test is of exactly one tier, the one its folder is named after; a module without its marker fails collection.
- Every test has a time limit, by tier; `@pytest.mark.timeout(seconds)` sets another.
- A test leaves no thread running and no asyncio task pending: whoever starts one ends it.
- hypothesis tries the same examples every time, and no machine is too slow for it.
- Nothing is reached beyond this machine. The guard sits in this process; a child process answers for itself.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("house", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

TIER_LIMITS_S = {
    "unit": 30,
    "contract": 60,
    "property": 120,
    "flows": 120,
    "peers": 180,
    "models": 300,
    "load": 900,
}
"""Against hanging, not for measuring: a slow, shared machine stays well below."""

TRIED_TWICE = ("peers", "load")
"""Real clients on real time: what else runs on a shared machine decides now and then. The second try
makes its calls anew, the summary names it, and two failures are a failure."""

_TOLD_OF_A_FIRST_TRY = 40
"""Lines, the last ones."""

_FAILED = pytest.StashKey[bool]()

THREADS_THAT_MAY_STAY = ("tokio-runtime-worker", "pytest_timeout")
"""Name prefixes of threads that a library keeps for the life of the process and offers no way to end."""

THREAD_GRACE_S = 2.0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse what has no tier or sits in another tier's folder; give the rest its time limit."""
    here = Path(__file__).parent
    problems = set()
    for item in items:
        tiers = [tier for tier in TIER_LIMITS_S if item.get_closest_marker(tier)]
        folder = item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else ""
        if tiers != [folder]:
            problems.add(f"{item.path}: sits in {folder or '?'}/ but is marked {tiers or 'with no tier'}")
            continue
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TIER_LIMITS_S[folder]))
        if folder in TRIED_TWICE:
            item.add_marker(pytest.mark.flaky(reruns=1))
    if problems:
        rule = "put `pytestmark = pytest.mark.<tier>` at the top of the module, with the tier of its folder"
        raise pytest.UsageError("\n".join([*sorted(problems), rule]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test failed, for its teardown."""
    report = yield
    item.stash[_FAILED] = report.failed or (report.when != "setup" and item.stash[_FAILED])
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Before a second try, end what the module shares: it would look again at the very calls that went wrong."""
    is_first = getattr(item, "execution_count", 0) == 1
    if is_first and item.stash[_FAILED]:
        item.session._setupstate.teardown_exact(item.session)
    try:
        return (yield)
    except BaseException:  # the teardown of the test itself failed
        if is_first:
            item.session._setupstate.teardown_exact(item.session)
        raise


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell why a first try failed: the second may have passed, and then nothing else would."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"first try: {report.nodeid} ({report.when})", sep="-")
        terminalreporter.write_line("\n".join(report.longreprtext.splitlines()[-_TOLD_OF_A_FIRST_TRY:]))


class _WatchedRunner(asyncio.Runner):
    """What `asyncio.run` runs on: notes the tasks that are still pending when the work is said to be over."""

    left_behind: list[str] = []  # noqa: RUF012 -- one list on purpose, read by the fixture below

    def close(self) -> None:
        try:
            loop = self.get_loop()
        except RuntimeError:  # closed before
            return
        if not loop.is_closed():
            self.left_behind.extend(repr(task) for task in asyncio.all_tasks(loop))
        super().close()


@pytest.fixture(autouse=True)
def _no_leaked_tasks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail the test whose `asyncio.run` ended with tasks pending; it would have cancelled them without a word."""
    _WatchedRunner.left_behind.clear()
    monkeypatch.setattr(asyncio.runners, "Runner", _WatchedRunner)
    monkeypatch.setattr(asyncio, "Runner", _WatchedRunner)
    yield
    if _WatchedRunner.left_behind:
        pytest.fail("asyncio tasks left pending:\n" + "\n".join(_WatchedRunner.left_behind), pytrace=False)


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """Fail the test that leaves a thread which would keep the process alive."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.daemon or thread.name.startswith(THREADS_THAT_MAY_STAY):
            continue
        thread.join(THREAD_GRACE_S)
        if thread.is_alive():
            pytest.fail(f"thread left running: {thread.name}", pytrace=False)


class NetworkForbiddenError(RuntimeError):
    """A test reached beyond this machine. No OSError, so that no fallback takes it for a bad line."""


def _is_local(host: Any) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host).partition("%")[0])
    except ValueError:
        return False  # a name: to look it up is to ask the network
    return address.is_loopback or address.is_unspecified


_ATTEMPTS: list[str] = []


def _check_host(host: Any) -> None:
    if not _is_local(host):
        _ATTEMPTS.append(str(host))
        raise NetworkForbiddenError(f"tests reach nothing beyond this machine, this one wanted {host!r}")


def _check_address(sock: socket.socket, address: Any) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        _check_host(address[0])


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Let sockets reach this machine and nothing else."""
    connect, connect_ex, sendto, look_up = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.socket.sendto,
        socket.getaddrinfo,
    )

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _check_address(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _check_address(self, address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        _check_address(self, rest[-1])
        return sendto(self, data, *rest)

    def guarded_look_up(host: Any, *args: Any, **options: Any) -> Any:
        _check_host(host)
        return look_up(host, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket.socket, "sendto", guarded_sendto)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


@pytest.fixture(autouse=True)
def _no_swallowed_attempt() -> Iterator[None]:
    """Fail the test that tried, also when the code under test swallowed the refusal."""
    _ATTEMPTS.clear()
    yield
    if _ATTEMPTS:
        pytest.fail(f"tried to reach {', '.join(_ATTEMPTS)}", pytrace=False)
