#!/usr/bin/env python3
"""Cuts the power of a disk under mneme and under other databases, and prints what each had lost.

    powercut.py PROGRAMS [--states N] [--seed N] [--transactions N] [--only NAME] [--keep DIRECTORY]

PROGRAMS is the folder of recording_disk and powercut_engine. For each engine a disk is made whose every write and flush
is recorded in order (recording_disk.cc): a FUSE file under a loop device with ext4 on it. The engine commits
transactions there, the kernel is made to write some of its files back early and in no order, as it does when memory is
short, and each acknowledgement is noted, outside, with the disk's position then. After that, for each of
N states, a moment is drawn; the disk is given what it must hold then (every write before the last flush) and a random
part of what it may hold (writes since, whole or in sectors of 512 bytes), ext4 is mounted again, the engine opens and
reads all. The state must be that after one of the transactions, none acknowledged before the moment missing.

Two rows show that losses are seen: mneme at durability `os`, which does not promise to survive a power cut, and mneme
at `commit` on a disk that says of its last flushes that they are done when they are not. And every engine's check is
shown a changed row and an acknowledgement too many first.

All randomness comes from the seed. Mounts are made in a mount namespace of this process's own, and loop devices go with
their mounts: nothing is left however this ends. What the machine lacks is named, and then nothing is run.
"""
import argparse
import collections
import ctypes
import os
import pathlib
import platform
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

DISK_BYTES = 64 << 20
SECTOR_BYTES = 512
FLUSH = (1 << 64) - 1
FLUSHES_IGNORED_MAX = 40  # By the lying disk.
COMMAND_SECONDS = 600  # Far more than any takes, on a machine that has other work, too.

Row = collections.namedtuple("Row", "name setting engine argument kind")
ROWS = [
    Row("mneme", "durability commit", "mneme", "commit", "ours"),
    Row("SQLite", "WAL, synchronous FULL", "sqlite", "FULL", "peer"),
    Row("SQLite", "WAL, synchronous NORMAL (1)", "sqlite", "NORMAL", "peer"),
    Row("LMDB", "default (syncs each commit)", "lmdb", "default", "peer"),
    Row("LevelDB", "WriteOptions::sync", "leveldb", "sync", "peer"),
    Row("mneme", "durability os (2)", "mneme", "os", "control"),
    Row("mneme", "commit, on a disk that lies (3)", "mneme", "commit", "lying"),
]
NOTES = """(1) documented: a power cut may take the last transactions; consistency is what it promises
(2) a control: documented as (1); 0 lost here would mean that this harness is blind
(3) a control: up to %d flushes before the cut are answered but not done; ext4 itself may not survive that""" % FLUSHES_IGNORED_MAX


class Missing(Exception):
    """What this machine lacks."""


class Failed(Exception):
    """The harness itself did not work."""


def run(*command, check=True):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", timeout=COMMAND_SECONDS, stdin=subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.returncode}")
    return done


def mount(disk, where):
    """Whether ext4 takes it. -o loop: the loop device goes with the mount."""
    return run("mount", "-t", "ext4", "-o", "loop", disk, where, check=False).returncode == 0


def unmount(where):
    """Never raises: it is what is done after a failure. What it leaves goes with this process's mount namespace."""
    if run("umount", where, check=False).returncode != 0:
        run("umount", "--lazy", where, check=False)


def in_own_mount_namespace():
    clone_newns, ms_rec, ms_private = 0x20000, 0x4000, 1 << 18
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(clone_newns) != 0 or libc.mount(b"none", b"/", None, ms_rec | ms_private, None) != 0:
        raise Missing(f"a mount namespace ({os.strerror(ctypes.get_errno())})")


def require_machine():
    if os.geteuid() != 0:
        raise Missing("root")
    for device in ("/dev/fuse", "/dev/loop-control"):
        if not os.access(device, os.R_OK | os.W_OK):
            raise Missing(device)
    for tool in ("mkfs.ext4", "mount", "umount"):
        if shutil.which(tool) is None:
            raise Missing(tool)
    in_own_mount_namespace()


def make_disk(path):
    with open(path, "wb") as disk:
        disk.truncate(DISK_BYTES)
    run("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0", path)


class Recording:
    """What an engine did to a disk: its writes and flushes in order, and what was acknowledged when."""

    def __init__(self, image, journal, acknowledgements, begin, end):
        self.image = image  # Before the first record.
        self.records = read_journal(journal)[:end]
        self.acknowledgements = acknowledgements  # (transaction, position), ascending.
        self.begin = begin  # The engine began to work here: cuts are later.
        self.flushes = [i for i, record in enumerate(self.records) if record is None]

    def acknowledged_at(self, cut):
        return max((n for n, position in self.acknowledgements if position <= cut), default=0)


def read_journal(path):
    """A list of (offset, bytes), None for a flush."""
    records = []
    data = memoryview(pathlib.Path(path).read_bytes())
    at = 0
    while at < len(data):
        offset, size = struct.unpack_from("<QQ", data, at)
        at += 16
        if offset == FLUSH:
            records.append(None)
        else:
            records.append((offset, data[at:at + size]))
            at += size
    return records


class EarlyWriteback(threading.Thread):
    """Now and then asks the kernel to write back what a file has in memory: no flush, no order, no waiting."""

    def __init__(self, folder, seed):
        super().__init__(daemon=True)
        self.folder, self.random, self.over = folder, random.Random(seed), threading.Event()

    def run(self):
        sync_file_range_write, libc = 2, ctypes.CDLL(None)
        while not self.over.wait(self.random.uniform(0.002, 0.03)):
            files = [path for path in self.folder.rglob("*") if path.is_file()]
            for path in self.random.sample(files, self.random.randint(0, len(files))):
                try:
                    file = os.open(path, os.O_RDONLY)
                except OSError:
                    continue  # It has gone meanwhile.
                libc.sync_file_range(file, ctypes.c_int64(0), ctypes.c_int64(0), sync_file_range_write)
                os.close(file)

    def end(self):
        self.over.set()
        self.join()


def position_of(served):
    return int((served / "position").read_text())


def record(programs, row, folder, options):
    image, journal, served, files = (folder / name for name in ("image", "journal", "served", "files"))
    served.mkdir()
    files.mkdir()
    make_disk(image)
    server = subprocess.Popen([programs / "recording_disk", image, journal, served], stdin=subprocess.DEVNULL)
    try:
        wait_for(served / "disk", server)
        if not mount(served / "disk", files):
            raise Missing("ext4 on a loop device over a FUSE file")
        database = files / "db"
        database.mkdir()
        run("sync", "--file-system", files)
        begin = position_of(served)
        written = write_all(programs, row, database, served / "position", options)
        end = position_of(served)
    finally:
        unmount(files)
        unmount(served)
        server.terminate()
        server.wait(COMMAND_SECONDS)
    acknowledgements = [tuple(map(int, line.split())) for line in written.stdout.splitlines()]
    return Recording(image, journal, acknowledgements, begin, end)


def write_all(programs, row, database, position, options):
    writeback = EarlyWriteback(database, options.seed)
    writeback.start()
    try:
        return run(programs / "powercut_engine", "write", row.engine, row.argument, database, position, options.transactions)
    finally:
        writeback.end()


def wait_for(path, server):
    for _ in range(200):
        if path.exists():
            return
        if server.poll() is not None:
            break
        time.sleep(0.02)
    raise Missing("a FUSE file system that can be mounted")


class States:
    """Images that the disk may hold after a cut; cuts ascend, so that what must be there is built once."""

    def __init__(self, recording, seed, is_lying):
        self.recording = recording
        self.random = random.Random(seed)
        self.is_lying = is_lying
        self.durable = bytearray(pathlib.Path(recording.image).read_bytes())
        self.applied = 0  # Records that are in `durable`.

    def cuts(self, count):
        begin, end = self.recording.begin, len(self.recording.records)
        return sorted(self.random.randint(begin, end) for _ in range(count))

    def image_at(self, cut):
        """Ascending cuts only; a lying disk's durable part lies behind by less than flushes it may ignore."""
        flushes = [i for i in self.recording.flushes if i < cut]
        ignored = self.random.randrange(FLUSHES_IGNORED_MAX + 1) if self.is_lying else 0
        durable_end = flushes[-1 - ignored] if len(flushes) > ignored else 0
        safe_end = flushes[-1 - FLUSHES_IGNORED_MAX] if len(flushes) > FLUSHES_IGNORED_MAX else 0
        self.apply_durable(safe_end if self.is_lying else durable_end)
        image = bytearray(self.durable)
        for write in self.writes(self.applied, durable_end):
            put(image, *write)
        self.put_some(image, self.writes(durable_end, cut))
        return image

    def writes(self, begin, end):
        return [record for record in self.recording.records[begin:end] if record is not None]

    def apply_durable(self, end):
        for write in self.writes(self.applied, end):
            put(self.durable, *write)
        self.applied = max(self.applied, end)

    def put_some(self, image, writes):
        """Of the writes since the last flush a random part: whole ones, or sectors of them; often all but the last."""
        keep = self.random.choice((0.0, 0.25, 0.5, 0.75, 0.95, 1.0))
        by_sector = self.random.random() < 0.5
        for offset, data in writes:
            step = SECTOR_BYTES if by_sector else max(len(data), 1)
            for at in range(0, len(data), step):
                if self.random.random() < keep:
                    put(image, offset + at, data[at:at + step])


def put(image, offset, data):
    image[offset:offset + len(data)] = data


class Tally:
    def __init__(self):
        self.states = self.acknowledged = self.lost = self.losing = self.corrupt = self.refused = self.unmountable = 0
        self.examples = []

    @property
    def is_clean(self):
        return self.lost + self.corrupt + self.refused + self.unmountable == 0


def look(programs, row, image, where, acknowledged):
    """The line that powercut_engine says of the database on an image; None: ext4 does not mount it."""
    if not mount(image, where):
        return None
    try:
        done = run(programs / "powercut_engine", "check", row.engine, row.argument, where / "db", acknowledged, check=False)
        return done.stdout.strip() or f"refused the process ended with {done.returncode}"
    except subprocess.TimeoutExpired:
        return "refused no end"
    finally:
        unmount(where)


def count(tally, verdict, acknowledged):
    tally.states += 1
    tally.acknowledged += acknowledged
    if verdict is None:
        tally.unmountable += 1
        return
    kind, _, rest = verdict.partition(" ")
    missing = acknowledged - int(rest) if kind == "lost" else 0
    tally.lost += missing
    tally.losing += missing > 0
    tally.corrupt += kind == "corrupt"
    tally.refused += kind == "refused"


def prove_check(programs, row, recording, image, where):
    """The check says ok of what is whole, and sees an acknowledgement too many and a changed row."""
    final = bytearray(pathlib.Path(recording.image).read_bytes())
    for write in (record for record in recording.records if record is not None):
        put(final, *write)
    image.write_bytes(final)
    last = recording.acknowledgements[-1][0]
    promised = last if row.kind in ("ours", "peer") and row.argument != "NORMAL" else 0
    if not str(said := look(programs, row, image, where, promised)).startswith("ok"):
        raise Failed(f"{row.name}: not even what was never cut is whole: {said}")
    image.write_bytes(final)
    if not str(said := look(programs, row, image, where, last + 2)).startswith("lost"):
        raise Failed(f"{row.name}: a lost acknowledgement is not seen: {said}")
    if not mount(image, where):
        raise Failed("the uncut disk does not mount")
    try:
        run(programs / "powercut_engine", "spoil", row.engine, row.argument, where / "db")
    finally:
        unmount(where)
    if not str(said := look(programs, row, image, where, 0)).startswith("corrupt"):
        raise Failed(f"{row.name}: a changed row is not seen: {said}")


def cut_power(programs, row, options, folder):
    recording = record(programs, row, folder, options)
    image, where = folder / "cut", folder / "recovered"
    where.mkdir()
    prove_check(programs, row, recording, image, where)
    states = States(recording, f"{options.seed} {row.engine} {row.argument} {row.kind}", row.kind == "lying")
    tally = Tally()
    for number, cut in enumerate(states.cuts(options.states)):
        after_cut = states.image_at(cut)
        image.write_bytes(after_cut)
        acknowledged = recording.acknowledged_at(cut)
        verdict = look(programs, row, image, where, acknowledged)
        count(tally, verdict, acknowledged)
        if not str(verdict).startswith("ok"):
            tally.examples.append(f"state {number}, record {cut} of {len(recording.records)}, {acknowledged} acknowledged: "
                                  f"{verdict or 'ext4 does not mount'}")
            if options.keep and row.kind == "ours":
                (pathlib.Path(options.keep) / f"{row.name}-{number}.img").write_bytes(after_cut)
    return tally, recording


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown CPU")
    return f"{cpu}, {os.cpu_count()} CPUs; {platform.system()} {platform.release()}"


HEADINGS = ("engine", "setting", "flushes", "states", "acknowledged", "lost", "in states", "corrupt", "does not open", "ext4 refused", "s")
WIDTHS = (8, 32, 8, 7, 13, 8, 10, 8, 14, 13, 6)


def print_line(cells):
    texts = [str(cell) for cell in cells]
    print(" ".join(text.ljust(width) if i < 2 else text.rjust(width) for i, (text, width) in enumerate(zip(texts, WIDTHS))), flush=True)


def verdict_of(row, tally):
    """What is wrong with a row, or nothing. Peers are reported, not judged."""
    if row.kind == "ours" and not tally.is_clean:
        return f"{row.name} ({row.setting}) did not keep its word"
    if row.kind == "control" and (tally.lost == 0 or tally.corrupt + tally.refused > 0):
        return f"{row.name} ({row.setting}) should lose transactions, and only that"
    if row.kind == "lying" and tally.is_clean:
        return f"{row.name} ({row.setting}) should lose transactions"
    return ""


def cut_all(options, scratch):
    print(f"{machine()}; mneme beside {run(options.programs / 'powercut_engine', 'versions').stdout.strip()}; "
          f"{run('mkfs.ext4', '-V', check=False).stderr.splitlines()[0]}; seed {options.seed}, {options.transactions} transactions each")
    print_line(HEADINGS)
    wrongs, done = [], 0
    for number, row in enumerate(ROWS):
        if options.only.lower() not in f"{row.name} {row.setting}".lower():
            continue
        folder = scratch / str(number)
        folder.mkdir()
        started = time.monotonic()
        tally, recording = cut_power(options.programs, row, options, folder)
        shutil.rmtree(folder)
        print_line((row.name, row.setting, len(recording.flushes), tally.states, tally.acknowledged, tally.lost, tally.losing,
                    tally.corrupt, tally.refused, tally.unmountable, f"{time.monotonic() - started:.0f}"))
        done += 1
        if wrong := verdict_of(row, tally):
            wrongs.append("\n    ".join([wrong] + tally.examples[:10]))
        elif options.verbose:
            print("    " + "\n    ".join(tally.examples))
    print(NOTES)
    return wrongs, done


def scratch_root():
    """In memory where that is possible: the images are written and thrown away."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--states", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transactions", type=int, default=600)
    parser.add_argument("--only", default="", help="rows whose engine and setting have this in their names")
    parser.add_argument("--keep", help="a folder for the disks after which mneme was not whole")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # Through every `finally`.
    try:
        require_machine()
        with tempfile.TemporaryDirectory(prefix="mneme-powercut-", dir=scratch_root()) as scratch:
            wrongs, done = cut_all(options, pathlib.Path(scratch))
    except Missing as missing:
        print(f"SKIPPED: power cuts: this machine does not have {missing}\n0 passed, 0 failed, 1 skipped")
        return 0
    except Failed as failed:
        wrongs, done = [str(failed)], 1
    for wrong in wrongs:
        print(f"FAILED: {wrong}")
    print(f"{done - len(wrongs)} passed, {len(wrongs)} failed")
    return 1 if wrongs else 0


if __name__ == "__main__":
    sys.exit(main())
