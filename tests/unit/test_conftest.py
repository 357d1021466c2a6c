"""The house rules bite: each is broken once, in a pytest of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

import tests.conftest as house_rules

pytestmark = pytest.mark.unit

MARKED = "import pytest\npytestmark = pytest.mark.unit\n"

BEHAVIOUR = (
    MARKED
    + """
import asyncio, socket, threading, time

end = threading.Event()

def teardown_module():
    end.set()

async def tidy():
    await asyncio.create_task(asyncio.sleep(0))

async def untidy():
    untidy.task = asyncio.create_task(asyncio.sleep(60))

def test_tidy():
    asyncio.run(tidy())
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

def test_leaves_a_task():
    asyncio.run(untidy())

def test_leaves_a_thread():
    threading.Thread(target=end.wait, args=(30,), name="forgotten").start()

@pytest.mark.timeout(0.2)
def test_hangs():
    time.sleep(20)

def swallow(reach, *args, **options):
    try:
        reach(*args, **options)
    except Exception:
        pass

def test_connects_out():
    swallow(socket.create_connection, ("198.51.100.1", 80), timeout=1)

def test_looks_up_a_name():
    swallow(socket.getaddrinfo, "example.org", 80)

def test_sends_out():
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        swallow(sock.sendto, b"", ("198.51.100.1", 9))
"""
)

AGAIN = """
import itertools, pytest
pytestmark = pytest.mark.peers
made = itertools.count(1)

@pytest.fixture(scope="module")
def shared():
    return next(made)

@pytest.fixture
def ends_well_at_the_third(shared):
    yield
    assert shared == 3

def test_fails_at_first(shared):
    assert shared == 2

def test_ends_badly_at_first(ends_well_at_the_third):
    pass

def test_goes_well(shared):
    assert shared == 3
"""


def run_under_our_conftest(pytester: pytest.Pytester, modules: dict[str, str]) -> pytest.RunResult:
    """Run modules, by path below tests/, in a pytest process with our conftest and our tiers."""
    tests = pytester.mkdir("tests")
    for path, text in {"conftest.py": Path(house_rules.__file__).read_text(encoding="utf-8"), **modules}.items():
        (tests / path).parent.mkdir(exist_ok=True)
        (tests / path).write_text(text, encoding="utf-8")
    markers = "".join(f"    {name}: a tier\n" for name in house_rules.TIER_LIMITS_S)
    pytester.makeini(f"[pytest]\naddopts = --strict-markers --import-mode=importlib\nmarkers =\n{markers}")
    return pytester.runpytest_subprocess("-rA", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", timeout=25)


def test_conduct(pytester):
    """The tidy test passes; each of the others fails, also the ones that swallow the refusal as a fallback would."""
    result = run_under_our_conftest(pytester, {"unit/test_it.py": BEHAVIOUR})
    result.assert_outcomes(passed=6, failed=1, errors=5)  # a leak is found when the test's own part is over
    expected = [
        "PASSED *::test_tidy",
        "ERROR *::test_leaves_a_task - *",
        "asyncio tasks left pending:",
        "ERROR *::test_leaves_a_thread - *",
        "thread left running: forgotten",
        "FAILED *::test_hangs - Failed: Timeout*",
        "ERROR *::test_connects_out - *",
        "ERROR *::test_looks_up_a_name - *",
        "ERROR *::test_sends_out - *",
        "tried to reach 198.51.100.1",
        "tried to reach example.org",
    ]
    result.stdout.fnmatch_lines_random(expected)


def test_a_second_try_has_what_the_module_shares_made_anew(pytester):
    """Also where the first went wrong at its very end."""
    result = run_under_our_conftest(pytester, {"peers/test_it.py": AGAIN})
    assert result.ret == pytest.ExitCode.OK
    assert result.parseoutcomes()["rerun"] == 2


def test_why_a_first_try_failed_is_told(pytester):
    result = run_under_our_conftest(pytester, {"peers/test_it.py": AGAIN})
    result.stdout.fnmatch_lines(["*first try: *::test_fails_at_first (call)*", "E *assert 1 == 2"])
    result.stdout.fnmatch_lines(["*first try: *::test_ends_badly_at_first (teardown)*", "E *assert 2 == 3"])


def test_collection(pytester):
    """A module with no tier, or with another tier than its folder's, ends the run before any test."""
    modules = {
        "unit/test_none.py": "def test_it(): pass\n",
        "models/test_other.py": MARKED + "def test_it(): pass\n",
        "unit/test_right.py": MARKED + "def test_it(): pass\n",
    }
    result = run_under_our_conftest(pytester, modules)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "*test_other.py: sits in models/ but is marked *unit*",
            "*test_none.py: sits in unit/ but is marked with no tier",
        ]
    )
    assert "test_right" not in result.stderr.str()
