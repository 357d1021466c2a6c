"""Archives that somebody else made: plain ones are unpacked, everything else is refused before it does harm."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from asr.errors import ModelError
from asr.models.archives import Limits, unpack
from tests.support.archives import special, tar_of, zip_of

pytestmark = pytest.mark.unit

PLAIN = {"model/tokens.txt": b"a 1\n", "model/am/final.mdl": bytes(range(256)) * 20}


def tried(tmp_path: Path, archive: bytes, limits: Limits | None = None) -> Path:
    path = tmp_path / "model.archive"
    path.write_bytes(archive)
    folder = tmp_path / "outer" / "folder"
    folder.mkdir(parents=True)
    unpack(path, folder, limits)
    return folder


def refused(tmp_path: Path, archive: bytes, words: str, limits: Limits | None = None) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        tried(tmp_path, archive, limits)
    assert caught.value.where == "model.archive"
    outside = {path.name for path in tmp_path.rglob("*")} - {"outer", "folder", "model.archive"}
    inside = [path for path in (tmp_path / "outer" / "folder").rglob("*") if path.is_symlink()]
    assert not inside
    assert sum(path.stat().st_size for path in (tmp_path / "outer").rglob("*") if path.is_file()) < 100_000
    assert not outside & {"escaped", "evil"}, "something was written that should not be"


@pytest.mark.parametrize("packed", ["zip", "bz2", "gz"])
def test_a_plain_archive_is_unpacked_whole_and_its_modes_are_ours(tmp_path: Path, packed: str) -> None:
    archive = zip_of(PLAIN, dict.fromkeys(PLAIN, 0o104777)) if packed == "zip" else None
    if archive is None:
        members = []
        for name, content in PLAIN.items():
            info = tarfile.TarInfo(name)
            info.mode, info.uid = 0o4777, 12345
            members.append((info, content))
        archive = tar_of((special("./model/", tarfile.DIRTYPE), b""), *members, packed=packed)
    folder = tried(tmp_path, archive)
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == PLAIN
    for path in folder.rglob("*"):
        assert path.stat().st_uid == os.getuid()
        assert not path.stat().st_mode & (stat.S_ISUID | stat.S_IWOTH)
        assert path.is_dir() or not path.stat().st_mode & stat.S_IXUSR


NAMES = ["../escaped", "model/../../escaped", "/tmp/escaped", "model\\..\\escaped", "C:escaped", "a\nb", "x" * 300]  # noqa: S108


@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    refused(tmp_path, tar_of((name, b"x")), "leads out|too long")


@pytest.mark.parametrize("name", [*NAMES[:4], "evil\0.txt", "a/" * 40 + "deep"])
def test_names_in_a_zip_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("placeholder")
        info.filename = name  # the constructor would cut at the NUL
        archive.writestr(info, b"x")
    refused(tmp_path, buffer.getvalue(), "leads out|too long")


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "tokens.txt"),
        (tarfile.LNKTYPE, "model/tokens.txt"),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
        (tarfile.FIFOTYPE, ""),
        (tarfile.CONTTYPE, ""),
        (tarfile.GNUTYPE_SPARSE, ""),
    ],
)
def test_links_devices_and_sparse_files_are_refused(tmp_path: Path, kind: bytes, link: str) -> None:
    archive = tar_of(("model/tokens.txt", b"x"), (special("model/evil", kind, link), b""), packed="gz")
    if kind == tarfile.CONTTYPE:  # an old word for a plain file
        assert (tried(tmp_path, archive) / "model" / "evil").read_bytes() == b""
    else:
        refused(tmp_path, archive, "is a link, a device or a sparse file")


def test_a_file_behind_a_link_to_elsewhere_is_never_reached(tmp_path: Path) -> None:
    archive = tar_of((special("model", tarfile.SYMTYPE, str(tmp_path)), b""), ("model/escaped", b"x"))
    refused(tmp_path, archive, "is a link")


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o666, stat.S_IFIFO | 0o666])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, mode: int) -> None:
    refused(tmp_path, zip_of({"evil": b"/etc/passwd"}, {"evil": mode}), "is a link or a device")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    archive = bytearray(zip_of({"a": b"x"}))
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        archive[archive.index(signature) + offset] |= 1
    refused(tmp_path, bytes(archive), "is encrypted")


@pytest.mark.parametrize(
    "names", [("a.txt", "A.TXT"), ("a", "a"), ("a", "a/b"), ("a/b", "a"), ("é", "e\u0301"), ("./a", "a")]
)
def test_names_given_twice_or_apart_only_by_case_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    refused(tmp_path, tar_of(*((name, b"x") for name in names)), "is there twice")


def test_bombs_are_refused_before_they_go_off(tmp_path: Path) -> None:
    zeros = bytes(30 << 20)
    refused(tmp_path / "zip", made(tmp_path / "zip", zip_of({"bomb": zeros})), "unpacks to more than")
    refused(tmp_path / "tar", made(tmp_path / "tar", tar_of(("bomb", zeros), packed="gz")), "unpacks to more than")


def made(folder: Path, archive: bytes) -> bytes:
    folder.mkdir()
    return archive


def test_a_header_that_claims_gigabytes_is_not_read_into_memory(tmp_path: Path) -> None:
    header = special("././@PaxHeader", tarfile.XHDTYPE)
    header.size = 5 << 30
    archive = bz2.compress(header.tobuf() + bytes(2 << 20))
    refused(tmp_path, archive, "a header of 5368709120 bytes")


def test_what_lies_behind_the_end_is_bounded_too(tmp_path: Path) -> None:
    plain = gzip.decompress(tar_of(("a", b"x"), packed="gz"))
    archive = gzip.compress(plain + bytes(1 << 20))
    refused(tmp_path, archive, "far more than a model has", Limits(members=10, free_bytes=1 << 16))


def test_thousands_of_files_are_refused(tmp_path: Path) -> None:
    archive = tar_of(*((f"f{number}", b"") for number in range(60)), packed="gz")
    refused(tmp_path, archive, "more than 50 files", Limits(members=50))


def test_a_zip_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    archive = bytearray(zip_of({"a": b"x" * 1000}))
    at = archive.index(b"PK\x01\x02") + 24
    archive[at : at + 4] = (10).to_bytes(4, "little")
    refused(tmp_path, bytes(archive), "no whole")


@pytest.mark.parametrize("packed", ["zip", "bz2", "gz"])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_archives_are_told_from_hostile_ones(tmp_path: Path, packed: str, damage: str) -> None:
    noise = os.urandom(20_000)
    whole = zip_of({"m/a": noise}) if packed == "zip" else tar_of(("m/a", noise), packed=packed)
    middle = len(whole) // 2
    damaged = whole[:middle] if damage == "cut" else whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    refused(tmp_path, damaged, "no whole .zip")


@pytest.mark.parametrize(
    "content", [b"", b"<html>not found</html>", b"PK\x03\x04", b"BZh9", b"\x1f\x8b", b"BZh9junk" * 9]
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    refused(tmp_path, content, "no whole")


def test_progress_counts_the_bytes_written(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of(PLAIN))
    (tmp_path / "out").mkdir()
    told: list[int] = []
    unpack(tmp_path / "a.zip", tmp_path / "out", report=told.append)
    assert told == sorted(told)
    assert told[-1] == sum(map(len, PLAIN.values()))
