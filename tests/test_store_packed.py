"""A bundle as one file: the same twice, and a hostile one is refused before anything is written outside."""

import stat
import struct
import zipfile
from pathlib import Path

import pytest

from toolkit.errors import StoreError
from toolkit.store import packed
from toolkit.store.packed import pack, unpack


def zipped(path: Path, *entries: tuple[str, bytes], kind: int = stat.S_IFREG) -> Path:
    """Write a zip of entries under any name and of any kind."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries:
            about = zipfile.ZipInfo(name)
            about.external_attr = (kind | 0o777) << 16
            about.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(about, content)
    return path


def test_a_folder_comes_back_and_packs_the_same_twice(tmp_path: Path) -> None:
    """Names and bytes survive; nothing of the moment gets into the file."""
    (tmp_path / "a" / "events").mkdir(parents=True)
    (tmp_path / "a" / "bundle.json").write_text("{}")
    (tmp_path / "a" / "events" / "E01-0a.json").write_bytes(b"\x00\xff" * 9)
    first = pack(tmp_path / "a", tmp_path / "1.zip").read_bytes()
    assert pack(tmp_path / "a", tmp_path / "2.zip").read_bytes() == first
    back = unpack(tmp_path / "1.zip", tmp_path / "b")
    assert (back / "events" / "E01-0a.json").read_bytes() == b"\x00\xff" * 9
    assert sorted(p.name for p in back.rglob("*")) == ["E01-0a.json", "bundle.json", "events"]


@pytest.mark.parametrize(
    "name", ["../out", "a/../../out", "/etc/out", "C:/out", "..\\out", "a//b", "a/./b", "x\n.json", "~/out", "a" * 300]
)
def test_no_entry_leads_outside(name: str, tmp_path: Path) -> None:
    """A path that leaves the folder, however it is spelled, refuses the whole file."""
    source = zipped(tmp_path / "x.zip", ("fine.json", b"{}"), (name, b"x"))
    (tmp_path / "in").mkdir()
    with pytest.raises(StoreError, match="no name of a file"):
        unpack(source, tmp_path / "in")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "x.zip"]
    assert list((tmp_path / "in").iterdir()) == []


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(kind: int, tmp_path: Path) -> None:
    """Only plain files are unpacked."""
    with pytest.raises(StoreError, match="a link or a device"):
        unpack(zipped(tmp_path / "x.zip", ("a", b"/etc/passwd"), kind=kind), tmp_path / "in")


def test_a_bomb_is_stopped_as_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an entry unpacks to is counted, alone and together; a header that lies about it does not help."""
    monkeypatch.setattr(packed, "LARGEST", 100_000)
    monkeypatch.setattr(packed, "MOST_BYTES", 150_000)
    with pytest.raises(StoreError, match="more than a bundle holds"):
        unpack(zipped(tmp_path / "x.zip", ("a", bytes(200_000))), tmp_path / "1")
    with pytest.raises(StoreError, match="more than a bundle holds"):
        unpack(zipped(tmp_path / "y.zip", ("a", bytes(90_000)), ("b", bytes(90_000))), tmp_path / "2")
    lying = (
        zipped(tmp_path / "z.zip", ("a", bytes(200_000)))
        .read_bytes()
        .replace(struct.pack("<L", 200_000), struct.pack("<L", 10))
    )
    (tmp_path / "z.zip").write_bytes(lying)
    with pytest.raises(StoreError, match="no bundle"):
        unpack(tmp_path / "z.zip", tmp_path / "3")


def test_too_many_twice_and_damaged_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of files, one name twice, a cut file and no zip at all each say what is wrong in one line."""
    monkeypatch.setattr(packed, "MOST_FILES", 3)
    with pytest.raises(StoreError, match="more than 3 files"):
        unpack(zipped(tmp_path / "m.zip", *((f"f{i}", b"") for i in range(4))), tmp_path / "1")
    with pytest.raises(StoreError, match="in it twice"):
        unpack(zipped(tmp_path / "t.zip", ("a", b"1"), ("A", b"2")), tmp_path / "2")
    whole = zipped(tmp_path / "c.zip", ("a", bytes(range(256)) * 40)).read_bytes()
    (tmp_path / "c.zip").write_bytes(whole[:60] + bytes(20) + whole[80:])
    for file in ("c.zip", "none.zip"):
        (tmp_path / "none.zip").write_bytes(b"PK no")
        with pytest.raises(StoreError, match="no bundle"):
            unpack(tmp_path / file, tmp_path / f"in-{file}")
    with pytest.raises(StoreError, match="no such file"):
        unpack(tmp_path / "absent.zip", tmp_path / "3")
