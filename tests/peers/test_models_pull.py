"""Models loaded from a server that is slow, breaks off, changes the file, lies, or means ill: whole or not there."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from asr.errors import ModelError
from asr.models import CatalogEntry, Download, Pulled, catalog, damages, installed_model, pull, remove, state_of
from asr.models.download import Loader, Patience
from asr.models.installed import places
from asr.models.partial import Partial, Version
from asr.models.pins import PINS
from tests.support.archives import tar_of
from tests.support.model_server import Answer, ModelServer, model_server
from tests.support.models import FILES, archive, entry, sha256

pytestmark = pytest.mark.peers

PATH = "/models/tiny.tar.gz"
BODY = archive(files={**FILES, "noise.bin": random.Random(6).randbytes(200_000)})
OTHER = bytes(byte ^ 1 for byte in BODY)
IMPATIENT = Patience(connect_s=2, stall_s=0.3, tries=3, pause_s=0.001)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as running:
        yield running


def pulled(model: CatalogEntry, cache: Path, url: str | None = None, patience: Patience = IMPATIENT) -> Pulled:
    return pull(model, url=url, cache=cache, loader=Loader(patience))


def assert_whole(model: CatalogEntry, cache: Path) -> None:
    assert state_of(model, cache) == "installed"
    assert damages(model, cache) == []
    assert (cache / "models" / model.name / "model.onnx").read_bytes() == FILES["model.onnx"]
    assert leftovers(cache) == []


def leftovers(cache: Path) -> list[str]:
    """Files that are neither of an installed model nor locks nor pins."""
    hidden = (cache / "models").glob(".[!l]*/**/*")
    return sorted(path.relative_to(cache / "models").as_posix() for path in hidden if path.is_file())


def assert_nothing(model: CatalogEntry, cache: Path) -> None:
    assert state_of(model, cache) == "absent"
    assert leftovers(cache) == []


def test_a_model_is_loaded_checked_and_installed_and_then_found(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY)), BODY)
    done = pulled(model, tmp_path)
    assert [(one.file, one.sha256, one.basis) for one in done.checked] == [("tiny.tar.gz", sha256(BODY), "published")]
    assert_whole(model, tmp_path)
    assert pulled(model, tmp_path).checked == ()
    assert len(server.asked) == 1


def test_a_broken_line_is_gone_on_with_where_it_broke(server: ModelServer, tmp_path: Path) -> None:
    cut = len(BODY) // 3
    model = entry(server.give(PATH, Answer(BODY, cut_after=cut), Answer(BODY, cut_after=cut), Answer(BODY)), BODY)
    pulled(model, tmp_path)
    assert [asked.range for asked in server.asked] == [None, f"bytes={cut}-", f"bytes={2 * cut}-"]
    assert [asked.if_range for asked in server.asked] == [None, '"1"', '"1"']
    assert_whole(model, tmp_path)


def test_a_line_that_always_breaks_is_given_up_and_gone_on_with_later(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY, cut_after=1000)), BODY)
    with pytest.raises(ModelError, match="3 times") as caught:
        pulled(model, tmp_path)
    assert "3000 bytes are kept" in str(caught.value.remedy)
    assert state_of(model, tmp_path) == "absent"
    server.give(PATH, Answer(BODY))
    pulled(model, tmp_path)
    assert server.asked[-1].range == "bytes=3000-"
    assert_whole(model, tmp_path)


def test_a_server_without_ranges_is_begun_anew_with(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY, cut_after=5000, ranges=False), Answer(BODY, ranges=False)), BODY)
    pulled(model, tmp_path)
    assert server.asked[1].range == "bytes=5000-"
    assert_whole(model, tmp_path)


def test_without_a_validator_nothing_is_joined(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(OTHER, cut_after=5000, etag=None), Answer(BODY, etag=None)), BODY)
    pulled(model, tmp_path)
    assert [asked.range for asked in server.asked] == [None, None]
    assert_whole(model, tmp_path)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_changes_under_way_is_begun_anew(server: ModelServer, tmp_path: Path, ranges: bool) -> None:
    first = Answer(OTHER, cut_after=5000, etag='"old"')
    model = entry(server.give(PATH, first, Answer(BODY, etag='"new"', ranges=ranges)), BODY)
    pulled(model, tmp_path)
    assert_whole(model, tmp_path)


@pytest.mark.parametrize(
    ("etag", "start", "total"),
    [('"new"', 5000, len(OTHER)), ('"old"', 4000, len(OTHER)), ('"old"', 5000, len(OTHER) + 1), ('"old"', 5000, None)],
)
def test_a_rest_that_is_not_the_rest_of_this_file_is_not_taken(
    server: ModelServer, tmp_path: Path, etag: str, start: int, total: int | None
) -> None:
    # It honours the range although the validator differs, or sends another part than was asked for.
    rest = Answer(OTHER[start:], status=206, etag=etag)
    rest.headers["Content-Range"] = f"bytes {start}-{len(OTHER) - 1}/{total}" if total else "nonsense"
    first = Answer(BODY, cut_after=5000, etag='"old"')
    model = entry(server.give(PATH, first, rest, Answer(BODY, etag='"old"')), BODY)
    pulled(model, tmp_path)
    assert [asked.range for asked in server.asked] == [None, "bytes=5000-", None]
    assert_whole(model, tmp_path)


def came_before(model: CatalogEntry, cache: Path, content: bytes, total: int | None) -> None:
    """As a try leaves it that was killed when all had come."""
    place = places(model, cache)
    place.downloads.mkdir(parents=True)
    partial = Partial(place.downloads / "tiny.tar.gz")
    partial.begin(Version(model.downloads[0].url, '"1"', total))
    partial.path.write_bytes(content)


def test_when_all_has_come_nothing_is_loaded_again(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY)), BODY)
    came_before(model, tmp_path, BODY, len(BODY))
    pulled(model, tmp_path)
    assert [asked.range for asked in server.asked] == [f"bytes={len(BODY)}-"]
    assert_whole(model, tmp_path)


def test_all_of_too_short_a_file_is_not_the_file(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY[:5000])), BODY)
    came_before(model, tmp_path, BODY[:5000], None)
    with pytest.raises(ModelError, match=f"a file of 5000 bytes where {len(BODY)} are expected"):
        pulled(model, tmp_path)
    assert_nothing(model, tmp_path)


@pytest.mark.parametrize("claim", [len(BODY) - 1, len(BODY) + 1, len(BODY) * 5])
def test_another_size_than_the_catalogue_s_is_refused_before_loading(
    server: ModelServer, tmp_path: Path, claim: int
) -> None:
    model = entry(server.give(PATH, Answer(BODY, claim=claim)), BODY)
    with pytest.raises(ModelError, match=f"a file of {claim} bytes where {len(BODY)} are expected"):
        pulled(model, tmp_path)
    assert_nothing(model, tmp_path)
    assert len(server.asked) == 1


def test_a_server_that_promises_more_than_it_sends_is_found_out(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY, claim=len(BODY) + 100)), BODY, published=False)
    with pytest.raises(ModelError, match="3 times"):
        pulled(model, tmp_path)
    assert state_of(model, tmp_path) == "absent"


def test_a_server_that_says_no_length_and_never_ends_is_stopped(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY * 3, claim=0)), BODY)
    with pytest.raises(ModelError, match=f"sends more than the {len(BODY)} bytes"):
        pulled(model, tmp_path)
    assert_nothing(model, tmp_path)


def test_a_server_that_says_no_length_and_ends_early_is_found_out(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY[:5000], claim=0)), BODY)
    with pytest.raises(ModelError, match=f"sent 5000 bytes of a file that has {len(BODY)}"):
        pulled(model, tmp_path)
    assert_nothing(model, tmp_path)


def test_a_wrong_sha256_is_refused_and_not_kept(server: ModelServer, tmp_path: Path) -> None:
    wrong = BODY[:-20] + bytes(20)
    model = entry(server.give(PATH, Answer(wrong)), BODY)
    with pytest.raises(ModelError, match="sha256 does not fit") as caught:
        pulled(model, tmp_path)
    assert sha256(BODY) in str(caught.value)
    assert sha256(wrong) in str(caught.value)
    assert_nothing(model, tmp_path)


def test_an_unpublished_sha256_is_pinned_at_first_use_and_held_to(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY)), BODY, published=False)
    assert pulled(model, tmp_path).checked[0].basis == "pinned now"
    assert_whole(model, tmp_path)
    remove(model, tmp_path)
    assert pulled(model, tmp_path).checked[0].basis == "pinned before"
    remove(model, tmp_path)
    server.give(PATH, Answer(OTHER))
    with pytest.raises(ModelError, match="sha256 does not fit") as caught:
        pulled(model, tmp_path)
    assert str(tmp_path / "models" / PINS) in str(caught.value.remedy)
    assert_nothing(model, tmp_path)


def test_what_could_not_be_installed_is_not_pinned(server: ModelServer, tmp_path: Path) -> None:
    html = b"<html>please log in</html>" * (len(BODY) // 26)
    model = entry(server.give(PATH, Answer(html)), BODY, published=False)
    with pytest.raises(ModelError, match="no whole"):
        pulled(model, tmp_path)
    assert_nothing(model, tmp_path)
    server.give(PATH, Answer(BODY))
    pulled(model, tmp_path)
    assert_whole(model, tmp_path)


def test_a_stalled_server_is_left_and_gone_on_with(server: ModelServer, tmp_path: Path) -> None:
    stalled = Answer(BODY, pause_s=20, piece=4000)
    model = entry(server.give(PATH, stalled, Answer(BODY)), BODY)
    pulled(model, tmp_path)
    assert server.asked[1].range == "bytes=4000-"
    assert_whole(model, tmp_path)


def test_a_dripping_server_counts_as_stalled(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY, pause_s=0.05, piece=10), Answer(BODY)), BODY)
    pulled(model, tmp_path)
    assert len(server.asked) == 2
    assert_whole(model, tmp_path)


def test_a_slow_server_is_waited_for(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY, pause_s=0.04, piece=len(BODY) // 12)), BODY)
    pulled(model, tmp_path)
    assert len(server.asked) == 1
    assert_whole(model, tmp_path)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_is_told_at_once(server: ModelServer, tmp_path: Path, status: int) -> None:
    model = entry(server.give(PATH, Answer(status=status)), BODY)
    with pytest.raises(ModelError, match=f"answers {status}") as caught:
        pulled(model, tmp_path)
    assert caught.value.where == server.url + PATH
    assert "--url" in str(caught.value.remedy)
    assert len(server.asked) == 1
    assert_nothing(model, tmp_path)


def test_a_busy_server_is_asked_again(server: ModelServer, tmp_path: Path) -> None:
    busy = Answer(status=503, headers={"Retry-After": "0"})
    model = entry(server.give(PATH, busy, Answer(status=429), Answer(BODY)), BODY)
    pulled(model, tmp_path)
    assert_whole(model, tmp_path)
    waits: list[float] = []
    remove(model, tmp_path)
    server.give(PATH, Answer(status=503, headers={"Retry-After": "7"}))
    with pytest.raises(ModelError, match="503 Service Unavailable, 3 times"):
        pull(model, cache=tmp_path, loader=Loader(IMPATIENT, waits.append))
    assert waits == [7.0, 7.0]


def test_nobody_at_the_address_is_told(tmp_path: Path) -> None:
    with model_server() as gone:
        url = gone.url + PATH
    model = entry(url, BODY)
    with pytest.raises(ModelError, match="can't be reached") as caught:
        pulled(model, tmp_path)
    assert "HTTPS_PROXY" in str(caught.value.remedy)
    assert_nothing(model, tmp_path)


def test_redirects_are_followed_and_resumed_through(server: ModelServer, tmp_path: Path) -> None:
    server.give("/store", Answer(BODY, cut_after=6000), Answer(BODY))
    model = entry(server.give(PATH, Answer(status=302, headers={"Location": "/store"})), BODY)
    pulled(model, tmp_path)
    assert [asked.path for asked in server.asked] == [PATH, "/store", PATH, "/store"]
    assert server.asked[3].range == "bytes=6000-"
    assert_whole(model, tmp_path)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        (PATH, "redirects more than 5 times"),
        ("http://models.example/x", "which is not https"),
        ("ftp://127.0.0.1/x", "which is not https"),
        ("file:///etc/passwd", "which is not https"),
    ],
)
def test_redirects_to_nowhere_and_out_of_https_are_refused(
    server: ModelServer, tmp_path: Path, location: str, words: str
) -> None:
    model = entry(server.give(PATH, Answer(status=301, headers={"Location": location})), BODY)
    with pytest.raises(ModelError, match=words):
        pulled(model, tmp_path)
    assert_nothing(model, tmp_path)


@pytest.mark.parametrize(
    "url", ["http://models.example/tiny.tar.gz", "ftp://127.0.0.1/a", "tiny.tar.gz", "https:///tiny", ""]
)
def test_addresses_that_are_not_https_are_refused(tmp_path: Path, url: str) -> None:
    model = entry("https://models.example/tiny.tar.gz", BODY)
    with pytest.raises(ModelError, match=r"not https|can't be loaded"):
        pulled(model, tmp_path, url=url)
    assert_nothing(model, tmp_path)


def test_a_mirror_is_held_to_the_same_sha256(server: ModelServer, tmp_path: Path) -> None:
    model = entry("https://models.example/tiny.tar.gz", BODY)
    server.give("/mirror/tiny.tar.gz", Answer(BODY))
    pulled(model, tmp_path / "a", url=server.url + "/mirror/")
    assert_whole(model, tmp_path / "a")
    pulled(model, tmp_path / "b", url=server.give("/elsewhere.bin", Answer(BODY)))
    assert_whole(model, tmp_path / "b")
    wrong = server.give("/wrong", Answer(bytes(len(BODY))))
    with pytest.raises(ModelError, match="sha256 does not fit"):
        pulled(model, tmp_path / "c", url=wrong)
    assert_nothing(model, tmp_path / "c")


def test_the_proxy_of_the_environment_is_used(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("NO_PROXY", "")
    server.give(PATH, Answer(BODY))
    model = entry("http://127.0.0.1:1" + PATH, BODY)  # nobody listens there
    pulled(model, tmp_path)
    assert_whole(model, tmp_path)


def test_a_model_of_several_files_needs_no_archive(server: ModelServer, tmp_path: Path) -> None:
    downloads = tuple(
        Download(server.give(f"/w/{name}", Answer(content)), len(content), sha256(content), name)
        for name, content in FILES.items()
    )
    model = CatalogEntry("several", "whisper", "test", False, True, False, downloads, {"model": "model.onnx"})
    server.give("/w/model.onnx", Answer(FILES["model.onnx"], cut_after=1000), Answer(status=404))
    with pytest.raises(ModelError, match="404"):
        pulled(model, tmp_path)
    server.give("/w/model.onnx", Answer(FILES["model.onnx"]))
    pulled(model, tmp_path)
    assert [asked.path for asked in server.asked].count("/w/tokens.txt") == 1
    assert_whole(model, tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (tar_of(("tiny/../../../escaped", b"x")), "leads out"),
        (tar_of(("tiny/tokens.txt", b"x")), "it has no model.onnx"),
        (tar_of(("bomb", bytes(8 << 20))), "unpacks to more than"),
        (BODY[:-30], "no whole"),
    ],
)
def test_a_hostile_or_wrong_archive_leaves_nothing(
    server: ModelServer, tmp_path: Path, content: bytes, words: str
) -> None:
    model = entry(server.give(PATH, Answer(content)), content)
    with pytest.raises(ModelError, match=words):
        pulled(model, tmp_path)
    assert_nothing(model, tmp_path)
    assert not list(tmp_path.rglob("escaped"))


def test_a_damaged_model_is_replaced_by_another_pull(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY)), BODY)
    folder = pulled(model, tmp_path).folder
    (folder / "model.onnx").write_bytes(b"cut")
    assert state_of(model, tmp_path) == "damaged"
    pulled(model, tmp_path)
    assert_whole(model, tmp_path)


def test_a_disk_without_room_is_told_before_loading(server: ModelServer, tmp_path: Path) -> None:
    model = entry(server.give(PATH, Answer(BODY)), BODY, size=1 << 60)
    with pytest.raises(ModelError, match="no room for the model"):
        pulled(model, tmp_path)
    assert server.asked == []
    assert_nothing(model, tmp_path)


CHILD = """
import os, signal, sys
from pathlib import Path
from asr.models import pull
from asr.models.download import Loader, Patience
from asr.models import pull as _, CatalogEntry, Download
import asr.models.pull as steps

url, size, sha, cache, stage = sys.argv[1:]
files = {"model": "model.onnx", "tokens": "tokens.txt"}
download = Download(url, int(size), sha)
model = CatalogEntry("tiny", "sherpa", "test", True, False, False, (download,), files)

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

class Killer:
    def loading(self, file, done, total):
        if stage == "loading" and done >= int(size) // 2: die()
    def unpacking(self, file, done):
        if stage == "unpacking" and done > 1000: die()

manifest = sys.modules["asr.models.pull"].write_manifest
if stage == "named":
    def then_die(*args):
        manifest(*args)
        die()
    sys.modules["asr.models.pull"].write_manifest = then_die
print(len(pull(model, cache=Path(cache), loader=Loader(Patience()), progress=Killer()).checked))
"""


def child(url: str, cache: Path, stage: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, url, str(len(BODY)), sha256(BODY), str(cache), stage]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize(("stage", "asked"), [("loading", 2), ("unpacking", 1), ("named", 1)])
def test_killed_at_any_moment_it_goes_on_where_it_was(
    server: ModelServer, tmp_path: Path, stage: str, asked: int
) -> None:
    url = server.give(PATH, Answer(BODY, piece=1 << 13, pause_s=0.001))
    with child(url, tmp_path, stage) as process:
        assert process.wait(60) == -signal.SIGKILL
    model = entry(url, BODY)
    assert state_of(model, tmp_path) == "absent"
    assert not (tmp_path / "models" / "tiny").exists()
    pulled(model, tmp_path)
    assert len(server.asked) == asked
    assert asked == 1 or int(str(server.asked[1].range).removeprefix("bytes=")[:-1]) >= len(BODY) // 2
    assert_whole(model, tmp_path)


def test_two_processes_at_once_load_it_once(server: ModelServer, tmp_path: Path) -> None:
    url = server.give(PATH, Answer(BODY, piece=len(BODY) // 10, pause_s=0.1))
    children = [child(url, tmp_path, "none") for _ in range(2)]
    outputs = sorted(process.communicate(timeout=60)[0].strip() for process in children)
    assert outputs == ["0", "1"]
    assert len(server.asked) == 1
    assert_whole(entry(url, BODY), tmp_path)


def test_an_installed_model_is_found_by_name(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = entry(server.give(PATH, Answer(BODY)), BODY)
    monkeypatch.setattr(catalog, "CATALOG", (model,))
    with pytest.raises(ModelError, match="not installed") as caught:
        installed_model("tiny", tmp_path)
    assert caught.value.remedy == "voice-gateway asr pull tiny"
    pulled(model, tmp_path)
    assert installed_model("tiny", tmp_path) == tmp_path / "models" / "tiny"
