"""The file that holds a saved view: it opens elsewhere, or is refused in one sentence."""

from __future__ import annotations

import io
import json
import random
import zipfile

import pyarrow.parquet as pq
import pytest

from core.analysis import analyse
from core.errors import DataError
from core.reading import examples
from core.sharing import bundle, packing, sealing, snapshot
from core.sharing.errors import PassphraseNeeded, SharingError, WrongPassphrase
from core.spec import AnalysisSpec

PASSPHRASE = "Zeisig über den Dächern"


@pytest.fixture(scope="module")
def made() -> snapshot.Snapshot:
    return snapshot.build(examples.load("gbsg2"), AnalysisSpec(group_by="progrec"))


@pytest.fixture(scope="module")
def file(made: snapshot.Snapshot) -> bytes:
    return bundle.write(made.members, title="Progesterone receptors")


def test_a_file_gives_the_same_results_elsewhere(made: snapshot.Snapshot, file: bytes) -> None:
    found = bundle.read(file)
    assert (found.kind, found.title) == ("snapshot", "Progesterone receptors")
    again = snapshot.opened(found.members)
    assert analyse(again.dataset, again.spec) == analyse(made.dataset, made.spec)
    assert bundle.write(made.members, title="Progesterone receptors") == file


def test_any_program_can_read_it(file: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        names = archive.namelist()
        assert names == ["manifest.json", "query.txt", "dictionary.json", "patients.parquet"]
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        table = pq.read_table(io.BytesIO(archive.read("patients.parquet")))
        said = json.loads(archive.read("manifest.json"))
        assert AnalysisSpec.from_query(archive.read("query.txt").decode()).group_by == "progrec"
    assert table.column_names == ["progrec", "time", "cens"]
    assert said["members"]["query.txt"]["sha256"]


def test_a_passphrase_hides_everything(made: snapshot.Snapshot) -> None:
    sealed = bundle.write(made.members, title="Progesterone receptors", passphrase=PASSPHRASE)
    for hidden in (b"progrec", b"Progesterone", b"PAR1", b"query.txt", b"patients"):
        assert hidden not in sealed
    with pytest.raises(PassphraseNeeded):
        bundle.read(sealed)
    with pytest.raises(WrongPassphrase):
        bundle.read(sealed, passphrase="Zeisig unter den Dächern")
    # The same letters, composed otherwise, as another keyboard may send them.
    found = bundle.read(sealed, passphrase=PASSPHRASE.replace("ä", "a\u0308"))
    assert found.members == made.members
    with pytest.raises(SharingError, match="shorter than 8"):
        bundle.write(made.members, passphrase="1234567")


def test_sealed_bytes_that_are_cut_or_changed_do_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "_key", lambda passphrase, salt: bytes(32))
    sealed = sealing.seal(b"rows" * 9, PASSPHRASE, belongs="view 1")
    assert sealing.unseal(sealed, PASSPHRASE, belongs="view 1") == b"rows" * 9
    # The salt goes into the key, which is fixed here.
    for at in range(len(sealing.MARK) + 16, len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(WrongPassphrase):
            sealing.unseal(bytes(changed), PASSPHRASE, belongs="view 1")
    for left in range(len(sealed)):
        with pytest.raises(SharingError):
            sealing.unseal(sealed[:left], PASSPHRASE, belongs="view 1")
    with pytest.raises(WrongPassphrase):
        sealing.unseal(sealed, PASSPHRASE, belongs="view 2")


def test_a_damaged_file_is_refused(file: bytes) -> None:
    whole, rng, refused = bundle.read(file), random.Random(4), 0
    for _ in range(400):
        data = bytearray(file)
        data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
        try:
            found = bundle.read(bytes(data))
        except DataError:
            refused += 1
            continue
        assert found.members == whole.members  # a field of the zip that says nothing
        assert found.kind == whole.kind
    assert refused > 350
    for left in range(0, len(file), 97):
        with pytest.raises(DataError):
            bundle.read(file[:left])


def archive(members: dict[str, bytes], compress: int = zipfile.ZIP_STORED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", compress) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return sink.getvalue()


def manifest(members: dict[str, bytes], **about: object) -> bytes:
    listed = {n: {"sha256": packing.sha256(d), "bytes": len(d)} for n, d in members.items()}
    said = {"stratiscope_bundle": 1, "kind": "snapshot", "title": "", "members": listed}
    return json.dumps(said | about).encode()


QUERY = {"query.txt": b"v=1"}
BOMB = {"query.txt": bytes(20_000_000)}
HOSTILE = {
    "nothing": b"",
    "text": b"patient,months\n1,2\n",
    "zip of something else": archive({"a.csv": b"a,b"}),
    "no members": archive({"manifest.json": b"{}"}),
    "list is no object": archive({"manifest.json": b"[1]"}),
    "deep list": archive({"manifest.json": b"[" * 100_000}),
    "bomb": archive({"manifest.json": manifest(BOMB), **BOMB}, zipfile.ZIP_DEFLATED),
    "member missing": archive({"manifest.json": manifest(QUERY)}),
    "path": archive({"manifest.json": manifest({"../../etc.txt": b""}), "../../etc.txt": b""}),
    "absolute path": archive({"manifest.json": manifest({"/etc.txt": b""}), "/etc.txt": b""}),
    "wrong hash": archive({"manifest.json": manifest(QUERY), "query.txt": b"v=2"}),
    "many": archive({"manifest.json": manifest({f"a{i}.bin": b"" for i in range(17)})}),
    "other kind": archive({"manifest.json": manifest(QUERY, kind="program"), **QUERY}),
    "no version": archive({"manifest.json": manifest(QUERY, stratiscope_bundle=None), **QUERY}),
    "too large": bytes(34_000_000),
    "not sealed": archive({"manifest.json": manifest({"sealed.bin": b"x"}), "sealed.bin": b"x"}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused(name: str) -> None:
    with pytest.raises(DataError) as refused:
        bundle.read(HOSTILE[name], passphrase=PASSPHRASE)
    assert refused.value.hint


def test_members_that_the_list_does_not_name_are_not_read() -> None:
    extra = archive({"manifest.json": manifest(QUERY), **QUERY, "extra.pkl": b"cos\nsystem\n"})
    assert dict(bundle.read(extra).members) == QUERY


def test_a_file_of_a_newer_version_says_so() -> None:
    newer = archive({"manifest.json": manifest(QUERY, stratiscope_bundle=2), **QUERY})
    with pytest.raises(DataError, match="newer version"):
        bundle.read(newer)


def test_results_alone_may_be_a_file() -> None:
    found = bundle.read(bundle.write({"results.json": b"{}"}, kind="results", title="KM"))
    assert (found.kind, dict(found.members)) == ("results", {"results.json": b"{}"})
