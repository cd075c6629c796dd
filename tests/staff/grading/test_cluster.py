"""Grading on a real Dask cluster of separate processes, one of which is killed half-way."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from autograder.run.notes import KIT_CHANGED, of_kind
from common import homework as homeworks
from common.errors import KitError
from staff.grading import clean_kit, cluster_keys, submissions, synthetic_class
from tests import clumsy

pytest.importorskip("distributed")
from staff.grading import cluster

HOMEWORK = homeworks.load("hw1")


def start(*command, cwd, kit=homeworks.ROOT):
    """A program of Dask's, in the environment of a kit."""
    return subprocess.Popen(
        [sys.executable, "-m", *map(str, command)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(kit), "DASK_LOGGING__DISTRIBUTED": "error"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def scheduler(contact, host, *more):
    """A scheduler that writes its address into a file."""
    command = ["--host", host, "--port", "0", "--no-dashboard", "--scheduler-file", contact, *more]
    return start("distributed.cli.dask_scheduler", *command, cwd=contact.parent)


def address_in(contact):
    """The address, as soon as it is written."""
    until = time.monotonic() + 120
    while not contact.is_file() and time.monotonic() < until:
        time.sleep(0.1)
    return json.loads(contact.read_text())["address"]


@contextlib.contextmanager
def cluster_of(kits, place):
    """A scheduler and a worker for each kit, as their users start them; (address, worker processes)."""
    from distributed import Client

    contact = place / "scheduler.json"
    options = ["--scheduler-file", contact, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    options += ["--local-directory", place]
    processes = [scheduler(contact, "127.0.0.1")]
    try:
        processes += [
            start("distributed.cli.dask_worker", *options, cwd=place, kit=kit) for kit in kits
        ]
        with Client(scheduler_file=str(contact), timeout=60) as client:
            client.wait_for_workers(len(kits), timeout=60)
            address = client.scheduler.address
        yield address, processes[1:]
    finally:
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()


@pytest.fixture
def dask(tmp_path):
    """A scheduler and two workers of this kit; (address, worker processes)."""
    with cluster_of([homeworks.ROOT] * 2, tmp_path) as made:
        yield made


def odd_uploads(folder):
    """Uploads that could end the process that sends them; how many."""
    (folder / os.fsdecode(b"M\xfcller.zip")).write_bytes(b"x")
    (folder / ("\u540d" * 80 + ".zip")).write_bytes(b"x")
    (folder / "link").symlink_to("/etc")
    (folder / "closed").mkdir(mode=0)
    inside = folder / "names"
    inside.mkdir()
    for name in ("mann.py", os.fsdecode(b"\xff\xfe.py"), "new\nline.py"):
        (inside / name).write_text("x = 1\n")
    deep = inside
    for _ in range(100):
        deep = deep / "d"
        deep.mkdir()
    return 5


def test_a_worker_killed_half_way_loses_nothing_and_nothing_counts_twice(dask, tmp_path):
    address, workers = dask
    folder = tmp_path / "class"
    folder.mkdir()
    made = synthetic_class.make(folder, HOMEWORK, 9, seed=5)
    odd = odd_uploads(folder)
    jobs = [submissions.fingerprint(o, HOMEWORK) for o in submissions.find(folder, HOMEWORK, None)]
    assert len(jobs) == len(made) + odd
    kept = []

    def keep(record):
        kept.append(record)
        if len(kept) == 3:
            workers[0].send_signal(signal.SIGKILL)

    cluster.run(jobs, address, 300.0, keep)
    assert workers[0].wait(5) == -signal.SIGKILL and workers[1].poll() is None
    assert Counter(record["id"] for record in kept) == Counter(one.ident for one in jobs)
    by_id = {record["id"]: record for record in kept}
    assert [one.complaint(by_id[one.ident], HOMEWORK) for one in made] == [""] * len(made)
    others = by_id.keys() - {one.ident for one in made}
    assert {by_id[ident]["status"] for ident in others} <= {"refused", "graded"}
    assert all(by_id[ident]["reason"] or by_id[ident]["score"] == 0 for ident in others)


def copy_of_the_kit(place):
    """The kit as another machine would have it."""
    for name in (*clean_kit.FOLDERS, "hw1", *clean_kit.FILES):
        source = homeworks.ROOT / name
        if source.is_dir():
            without = shutil.ignore_patterns(*clean_kit.LEFT_OUT)
            shutil.copytree(source, place / name, ignore=without)
        elif source.is_file():
            shutil.copyfile(source, place / name)
    return place


def test_a_kit_that_is_changed_on_a_worker_costs_no_grade(tmp_path):
    """It goes on from a clean copy, and says so; the next batch does not begin with such a kit."""
    kit, folder = copy_of_the_kit(tmp_path / "kit"), tmp_path / "class"
    folder.mkdir()
    made = synthetic_class.make(folder, HOMEWORK, 5, seed=5)
    orders = [
        submissions.fingerprint(o, HOMEWORK) for o in submissions.find(folder, HOMEWORK, None)
    ]
    kept = []

    def keep(record):
        kept.append(record)
        if len(kept) == 2:  # the third is at work
            (kit / "autograder/checks/hw1/test_mann.py").write_text("raise RuntimeError\n")
            (kit / "common").chmod(0o700)

    with cluster_of([kit], tmp_path) as (address, _):
        cluster.run(orders, address, 300.0, keep)
        with pytest.raises(KitError, match="are not those of this machine"):
            cluster.run(orders[:1], address, 300.0, keep)
    assert len(kept) == len(made)
    by_id = {record["id"]: record for record in kept}
    assert [one.complaint(by_id[one.ident], HOMEWORK) for one in made] == [""] * len(made)
    told = [text for record in kept for text in of_kind(record["notes"], KIT_CHANGED)]
    assert len(told) == 1 and "test_mann.py" in told[0]


def test_clumsy_submissions_earn_here_what_they_earn_at_home(dask, tmp_path):
    uploads = {f"s{number}": one for number, one in enumerate(clumsy.SAMPLE)}
    (tmp_path / "class").mkdir()
    for ident, one in uploads.items():
        clumsy.packed(one, tmp_path / ident).rename(tmp_path / "class" / f"{ident}.zip")
    jobs = [
        submissions.fingerprint(one, HOMEWORK)
        for one in submissions.find(tmp_path / "class", HOMEWORK, None)
    ]
    kept = {}
    cluster.run(jobs, dask[0], 300.0, lambda record: kept.update({record["id"]: record}))
    wrong = {
        str(one): clumsy.earned(kept[ident]["problems"], HOMEWORK, one.lost())
        for ident, one in uploads.items()
    }
    assert not any(wrong.values()), wrong


@pytest.fixture
def with_keys(tmp_path):
    """A scheduler that asks for keys, as `cluster-keys` says to start it; (address, folder of keys)."""
    mine = tmp_path / "mine"
    cluster_keys.make(mine)
    files = [
        "--tls-ca-file",
        mine / "cluster.pem",
        "--tls-cert",
        mine / "cluster.pem",
        "--tls-key",
        mine / "cluster.key",
    ]
    contact = tmp_path / "scheduler.json"
    process = scheduler(contact, "127.0.0.1", "--protocol", "tls", *files)
    yield address_in(contact), mine
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_stranger_cannot_run_a_task(with_keys, tmp_path):
    from distributed import Client
    from distributed.security import Security

    address, mine = with_keys
    assert address.startswith("tls://")
    with Client(address, timeout=30, security=cluster_keys.security(address, mine)) as client:
        assert client.run_on_scheduler(lambda: 7) == 7
    cluster_keys.make(tmp_path / "others")
    other = cluster_keys.security(address, tmp_path / "others")
    certificate_alone = Security(tls_ca_file=str(mine / "cluster.pem"), require_encryption=True)
    for where, security in (
        (address, other),
        (address, certificate_alone),
        (address.replace("tls", "tcp"), None),
    ):
        with pytest.raises((OSError, TypeError)):
            Client(where, timeout=3, security=security)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "localhost:8786", "tcp://[::1]:8786"])
def test_plain_tcp_is_for_this_machine_alone(address):
    assert cluster_keys.security(address, None) is None


@pytest.mark.parametrize(
    "address",
    [
        "tcp://10.0.0.5:8786",
        "grader.example.edu:8786",
        "tcp://0.0.0.0:1",
        "ws://[::]:1",
        "tls://a:1",
    ],
)
def test_what_others_can_reach_needs_keys(address, tmp_path):
    with pytest.raises(KitError, match="python -m staff cluster-keys"):
        cluster_keys.security(address, tmp_path)


def test_keys_are_their_owners_and_never_replaced(tmp_path):
    folder = tmp_path / "keys"
    assert cluster_keys.main([str(folder)]) == 0
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "cluster.pem": 0o600,
        "cluster.key": 0o600,
    }
    with pytest.raises(KitError, match="holds keys already"):
        cluster_keys.make(folder)


def test_a_scheduler_that_others_can_reach_is_refused(tmp_path):
    """The address that the client was given is the loopback's, but it listens everywhere."""
    contact = tmp_path / "scheduler.json"
    process = scheduler(contact, "0.0.0.0")
    try:
        told = address_in(contact)
        if "127.0.0.1" in told:
            pytest.skip("this machine has no address but the loopback's")
        here = f"tcp://127.0.0.1:{told.rpartition(':')[2]}"
        with pytest.raises(KitError, match="is plain tcp, and whoever reaches it"):
            cluster.run([submissions.Job("a", "hw1", "")], here, 9.0, lambda record: None)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_no_scheduler_is_a_usage_error(monkeypatch):
    monkeypatch.setattr(cluster, "WAIT", 1)
    job = submissions.Job("a", "hw1", "")
    with pytest.raises(KitError, match="no Dask scheduler answers"):
        cluster.run([job], "tcp://127.0.0.1:1", 9.0, lambda r: None)
