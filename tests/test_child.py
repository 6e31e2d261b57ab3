"""The process that reads a file may crash, hang, lie or eat memory: the server hears one sentence.

Faulty readers are made by putting another `read_all` into a reading process; everything else,
the pipes, the limits and the server's side, is the real thing.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import DataError, SpecError, StratiscopeError
from core.reading.process import allowance, child, conversation
from core.steps import Recipe

TABLE = b"id,months,grade\n1,3.5,high\n2,4,\n"
NONE = Recipe()
CANARY = "Mustermann-7731"

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")
needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux only")

Starter = Callable[[], subprocess.Popen[bytes]]


def running(code: str) -> Starter:
    """Start processes that run this code instead of the reader's entry."""
    return lambda: child.start(("-c", textwrap.dedent(code)))


def reading_by(body: str) -> Starter:
    """Start reading processes of which only the function that reads is another one.

    ``body`` sees ``files``, ``recipe``, ``sheet``, ``progress``, and ``read(data, name)``.
    """
    code = f"""
import ctypes, os, signal, sys, time
import core.reading
from core.errors import DataError, SpecError, StratiscopeError
from core.steps import Recipe
from core.reading.process import worker
from core.reading import read_all as original

def read(data, name):
    return original([(name, data)], Recipe())

def read_all(files, recipe, *, sheet, progress):
{textwrap.indent(textwrap.dedent(body), "    ")}
    return read(files[0][1], files[0][0])

core.reading.read_all = read_all
worker.main()
"""
    return running(code)


def ask(
    starter: Starter, *, data: bytes = TABLE, progress: conversation.Progress | None = None
) -> child.Dataset:
    """Read one file in a process that is started for it."""
    process = starter()
    try:
        files = [("a.csv", data)]
        return conversation.ask(process, files, NONE, None, progress or (lambda f, t: None))
    finally:
        child._end(process)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "SECONDS", 0.6)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def wait_until(true: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    return true()


# --- what comes back ---------------------------------------------------------------------------


def test_a_table_comes_back_as_it_is_read() -> None:
    found = child.read([("../a.csv", TABLE)], recipe=NONE)
    assert found.name == "a.csv"
    assert found.frame["months"].tolist() == [3.5, 4.0]
    assert found.frame["grade"].tolist() == ["high", None]


def test_the_whole_request_arrives() -> None:
    body = """
        said = [[n, bytes(d).hex()] for n, d in files], [str(s) for s in recipe.steps], sheet
        raise DataError(repr(said), "x")
    """
    odd = 'merge("a, b", "c""d", e)'
    recipe = Recipe.parse(["date(Start, dmy)", odd])
    files = [("a \u202e\udcff.csv", b"\0\xff"), ("b", b"")]
    process = reading_by(body)()
    try:
        with pytest.raises(DataError) as raised:
            conversation.ask(process, files, recipe, "Blatt 2", lambda f, t: None)
    finally:
        child._end(process)
    names = [["a \u202e\udcff.csv", "00ff"], ["b", ""]]
    assert raised.value.problem == repr((names, ["date(Start, dmy)", odd], "Blatt 2"))


def test_what_is_wrong_with_a_table_is_said_as_it_was_found() -> None:
    error = DataError("Line 7 has 2 cells", "Mend it", column="x ü", row=7)
    with pytest.raises(DataError) as raised:
        ask(reading_by(f"raise DataError({error.problem!r}, 'Mend it', column='x ü', row=7)"))
    assert vars(raised.value) == vars(error)
    assert str(raised.value) == str(error)


def test_what_is_wrong_with_the_question_is_said_as_it_was_found() -> None:
    with pytest.raises(SpecError) as raised:
        ask(reading_by("raise SpecError('clean', 'No such column', 'Did you mean it?')"))
    assert raised.value.field == "clean"
    assert str(raised.value) == "No such column. Did you mean it?"


def test_an_error_of_the_common_kind_keeps_its_kind() -> None:
    with pytest.raises(StratiscopeError) as raised:
        ask(reading_by("raise StratiscopeError('a', 'b')"))
    assert type(raised.value) is StratiscopeError


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        ("KeyError(CELL)", "KeyError"),
        ("type('PanicException', (BaseException,), {})(CELL)", "PanicException"),
        ("SystemExit(CELL)", "SystemExit"),
        ("RecursionError(CELL)", "RecursionError"),
    ],
)
def test_of_a_fault_of_a_library_only_its_kind_is_said(raised: str, kind: str) -> None:
    with pytest.raises(DataError) as error:
        ask(reading_by(f"raise {raised.replace('CELL', repr(CANARY))}"))
    assert error.value.problem == f"This file could not be read ({kind})"
    assert "CSV or XLSX" in error.value.hint
    assert CANARY not in str(error.value)
    assert error.value.__cause__ is None


# --- crash, hang, memory -----------------------------------------------------------------------


@needs_signals
@pytest.mark.parametrize(
    "body",
    [
        "os.kill(os.getpid(), signal.SIGSEGV)",
        "ctypes.string_at(8)",
        "os.abort()",
        "os._exit(0)",
        "os._exit(3)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "raise MemoryError",
        "bytearray(1 << 50)",
    ],
)
def test_a_crash_is_one_sentence(body: str, caplog: pytest.LogCaptureFixture) -> None:
    began = time.monotonic()
    with caplog.at_level(logging.WARNING), pytest.raises(DataError) as error:
        ask(reading_by(body))
    assert "the reader stopped" in error.value.problem
    assert "CSV or XLSX" in error.value.hint
    assert "Traceback" not in str(error.value)
    assert time.monotonic() - began < 6
    assert "ended, exit status" in caplog.text


@needs_signals
def test_the_log_has_the_signal(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(DataError):
        ask(reading_by("os.kill(os.getpid(), signal.SIGSEGV)"))
    assert f"exit status -{int(signal.SIGSEGV)}" in caplog.text


@pytest.mark.parametrize(
    "code",
    [
        "sys.stdout.buffer.write(b'Segmentation fault, core dumped\\n')",
        "send(out, READY); out.write(b'Segmentation fault, core dumped\\n')",
        "send(out, READY); out.write(b'=' + (1 << 60).to_bytes(8, 'big'))",
        "send(out, READY); out.write(b'=' + (500).to_bytes(8, 'big') + b'cut off')",
        "send(out, READY); send(out, RESULT, b'no dataset')",
        "send(out, READY); send(out, ERROR, b'no JSON')",
        "send(out, READY); send(out, ERROR, [])",
        "send(out, READY); send(out, ERROR, {})",
        "send(out, READY); send(out, ERROR, {'kind': 'DataError', 'problem': 1})",
        "send(out, READY); send(out, PROGRESS, ['x', 1, 2])",
        "send(out, READY); send(out, FILE)",
        "send(out, PROGRESS, [0.5, 'not ready'])",
        "",
    ],
)
def test_garbage_is_one_sentence(code: str) -> None:
    begin = "import sys\nfrom core.reading.process.messages import *\nout = sys.stdout.buffer\n"
    with pytest.raises(DataError) as error:
        ask(running(f"{begin}{code}\nout.flush()"))
    assert "the reader stopped" in str(error.value) or "did not start" in str(error.value)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "body",
    ["while True: pass", "time.sleep(60)", "while True: progress(0.5, 'Still busy')"],
)
def test_a_hang_is_ended(body: str) -> None:
    processes: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        processes.append(reading_by(body)())
        return processes[0]

    began = time.monotonic()
    with pytest.raises(DataError, match="could not be read in the 1 seconds"):
        ask(start)
    assert time.monotonic() - began < 5
    assert processes[0].returncode is not None


@pytest.mark.usefixtures("impatient")
def test_a_process_that_never_takes_the_file_is_ended() -> None:
    # 30 MB do not fit into a pipe: whoever writes them waits for ever.
    code = """
        import sys, time
        from core.reading.process.messages import *
        send(sys.stdout.buffer, READY)
        time.sleep(60)
    """
    with pytest.raises(DataError, match="could not be read in"):
        ask(running(code), data=bytes(3_000_000))


def test_a_process_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "START_SECONDS", 0.3)
    with pytest.raises(DataError, match="did not start"):
        ask(running("import time; time.sleep(60)"))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(DataError, match="did not start"):
        child.read([("a.csv", TABLE)], recipe=NONE)


def test_what_a_library_prints_goes_nowhere() -> None:
    body = """
        os.write(1, b"printed by C")
        os.write(2, b"printed by C")
        print("printed by Python", flush=True)
    """
    assert len(ask(reading_by(body)).frame) == 2


# --- limits ------------------------------------------------------------------------------------


@needs_proc
def test_memory_is_limited_for_the_file_and_not_for_python() -> None:
    # Well below the limit of 1 GiB for a small file, and well above it.
    assert len(ask(reading_by("block = bytearray(800 << 20)")).frame) == 2
    with pytest.raises(DataError, match="more memory than"):
        ask(reading_by("block = bytearray(1300 << 20)"))


@needs_signals
def test_the_other_limits_are_set_before_anything_is_read() -> None:
    body = """
        import resource as r
        kinds = (r.RLIMIT_CORE, r.RLIMIT_FSIZE, r.RLIMIT_CPU)
        raise DataError(str([r.getrlimit(kind) for kind in kinds]), "x")
    """
    with pytest.raises(DataError) as error:
        ask(reading_by(body))
    core, written, processor = eval(error.value.problem)
    assert core == written == (0, 0)
    assert 16 < processor[0] <= 16 + 30
    assert processor[0] == processor[1]


@needs_signals
def test_a_reader_writes_no_file(tmp_path: Path) -> None:
    target = tmp_path / "left behind"
    body = f"""
        with open({str(target)!r}, "wb") as file:
            file.write(b"patients")
    """
    with pytest.raises(DataError, match="OSError"):
        ask(reading_by(body))
    assert target.stat().st_size == 0


def test_time_and_memory_go_by_size() -> None:
    small, large = [("a.csv", bytes(10))], [("a.csv", bytes(102_000_000))]
    assert allowance.seconds_for(small) == 8
    assert allowance.seconds_for(large) == 58
    assert allowance.memory_for(small) == (1 << 30) + 100
    assert allowance.memory_for(large) == (1 << 30) + 1_020_000_000


def test_a_packed_file_is_given_what_it_unpacks_to() -> None:
    packed = [("a.csv.gz", b"\x1f\x8b" + bytes(19_999_998))]
    assert allowance.seconds_for(packed) == 8 + 0.5 * (182 - 2)
    huge = [("a.csv.gz", b"\x1f\x8b" + bytes(99_999_998))]
    assert allowance.weight(huge) == 300_000_000
    # A small one gets no more than any small file, so a bomb is over as soon.
    assert allowance.seconds_for([("a.xlsx", b"PK" + bytes(1_900_000))]) == 8


def test_two_files_are_given_the_time_of_both() -> None:
    both = [("a.csv", bytes(3_000_000)), ("b.csv", bytes(3_000_000))]
    assert allowance.seconds_for(both) == 10


def test_much_goes_in_and_much_comes_out() -> None:
    # More than a pipe holds, in both directions, and progress on the way.
    rows = b"".join(b"P%d,%d.25,level %d\n" % (i, i, i) for i in range(150_000))
    said: list[str] = []
    found = ask(
        reading_by("for i in range(500): progress(i / 500, 'x' * 1000)"),
        data=b"id,months,grade\n" + rows,
        progress=lambda fraction, text: said.append(text),
    )
    assert found.frame["months"].tolist() == [i + 0.25 for i in range(150_000)]
    assert said.count("x" * 1000) >= 500


# --- progress and giving up --------------------------------------------------------------------


def test_progress_is_told_in_order() -> None:
    heard: list[tuple[float, str]] = []
    body = """
        for fraction in (0.25, 2, float("nan")):
            progress(fraction, f"at {fraction} – 标题")
    """
    ask(reading_by(body), progress=lambda fraction, text: heard.append((fraction, text)))
    told = [h for h in heard if h[1].startswith("at")]
    assert told == [(0.25, "at 0.25 – 标题"), (1.0, "at 2 – 标题"), (1.0, "at nan – 标题")]


def test_the_caller_hears_something_while_nothing_happens() -> None:
    heard: list[tuple[float, str]] = []
    ask(
        reading_by("progress(0.5, 'half'); time.sleep(1.2)"),
        progress=lambda fraction, text: heard.append((fraction, text)),
    )
    assert heard.count((0.5, "half")) >= 3


class LeavesThePage(BaseException):
    """As Streamlit ends a script: no `Exception`."""


def test_a_caller_who_gives_up_ends_the_process() -> None:
    def give_up(fraction: float, text: str) -> None:
        if text == "half":
            raise LeavesThePage

    processes: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        processes.append(reading_by("progress(0.5, 'half'); time.sleep(60)")())
        return processes[-1]

    with child.Readers(start) as readers:
        began = time.monotonic()
        with pytest.raises(LeavesThePage):
            readers.read([("a.csv", TABLE)], recipe=NONE, progress=give_up)
        assert time.monotonic() - began < 10
        assert processes[0].returncode is not None
        # The turn was given back: as many as ever can read.
        for _ in range(child.AT_ONCE):
            with pytest.raises(LeavesThePage):
                readers.read([("a.csv", TABLE)], recipe=NONE, progress=give_up)
    assert all(process.returncode is not None for process in processes)


# --- several at once, and the spare process ----------------------------------------------------


def test_more_than_two_wait_their_turn() -> None:
    heard: dict[int, list[str]] = {}
    found: list[int] = []
    at_work: list[int] = []
    most: list[int] = []

    def listen(number: int) -> conversation.Progress:
        def hear(fraction: float, text: str) -> None:
            heard.setdefault(number, []).append(text)
            if text == "in" and number not in at_work:
                at_work.append(number)
                most.append(len(at_work))

        return hear

    def read(number: int) -> None:
        dataset = readers.read([("a.csv", TABLE)], recipe=NONE, progress=listen(number))
        at_work.remove(number)
        found.append(len(dataset.frame))

    with child.Readers(reading_by("progress(0.1, 'in'); time.sleep(1)")) as readers:
        threads = [threading.Thread(target=read, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [2, 2, 2, 2]
    assert max(most) == child.AT_ONCE
    waited = [n for n, texts in heard.items() if "Waiting for another file to be read" in texts]
    assert len(waited) == 2


@pytest.fixture
def readers() -> Iterator[child.Readers]:
    with child.Readers() as made:
        yield made


def spare_of(readers: child.Readers) -> subprocess.Popen[bytes]:
    (spare,) = readers._spare
    assert isinstance(spare, subprocess.Popen)
    return spare


def test_the_next_process_is_started_ahead(readers: child.Readers) -> None:
    readers.warm()
    first = spare_of(readers)
    readers.warm()
    assert spare_of(readers) is first
    assert len(readers.read([("a.csv", TABLE)], recipe=NONE).frame) == 2
    assert first.returncode is not None
    assert spare_of(readers) is not first
    assert spare_of(readers).poll() is None


def test_no_process_reads_two_files(readers: child.Readers) -> None:
    # What one file did to a library must not reach the next one.
    used = []
    for _ in range(3):
        readers.warm()
        used.append(spare_of(readers).pid)
        readers.read([("a.csv", TABLE)], recipe=NONE)
    assert len(set(used)) == 3


def test_a_spare_process_that_died_is_replaced(readers: child.Readers) -> None:
    readers.warm()
    dead = spare_of(readers)
    dead.kill()
    dead.wait()
    assert len(readers.read([("a.csv", TABLE)], recipe=NONE).frame) == 2


def test_a_refusal_leaves_the_readers_well(readers: child.Readers) -> None:
    for _ in range(child.AT_ONCE + 1):
        with pytest.raises(DataError):
            readers.read([("a.csv", b"")], recipe=NONE)
    assert len(readers.read([("a.csv", TABLE)], recipe=NONE).frame) == 2


def test_nothing_is_left_behind() -> None:
    with child.Readers() as readers:
        readers.read([("a.csv", TABLE)], recipe=NONE)
        spare = spare_of(readers)
    assert spare.returncode is not None
    readers.warm()  # closed: starts nothing
    assert readers._spare == []
    dropped = child.Readers()
    dropped.warm()
    spare = spare_of(dropped)
    del dropped
    gc.collect()
    assert spare.returncode is not None


@needs_proc
def test_neither_zombies_nor_pipes_nor_threads_pile_up(readers: child.Readers) -> None:
    def count() -> tuple[int, int, int]:
        children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
        return (
            len(os.listdir("/proc/self/fd")),
            threading.active_count(),
            len(children.read_text().split()) if children.exists() else 0,
        )

    readers.read([("a.csv", TABLE)], recipe=NONE)
    before = count()
    for data in (TABLE, b"", TABLE):
        try:
            readers.read([("a.csv", data)], recipe=NONE)
        except DataError:
            assert data == b""
    assert count() == before


@needs_signals
def test_the_spare_process_dies_with_the_server() -> None:
    code = """
        import os, signal, sys
        from core.reading.process.child import Readers
        readers = Readers()
        readers.warm()
        print(readers._spare[0].pid, flush=True)
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGKILL)
    """
    server = running(code)()
    assert server.stdin is not None
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    assert alive(pid)
    server.stdin.close()
    server.wait()
    server.stdout.close()
    assert wait_until(lambda: not alive(pid) or is_zombie(pid))


def is_zombie(pid: int) -> bool:
    """Whether it has ended, and whoever adopted it has not looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False
