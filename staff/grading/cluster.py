"""Many machines: jobs go to a Dask scheduler, records come back; this process alone writes.

Dask runs the jobs of a worker that died on another one (four times, then it gives the job up,
which is recorded as failed). A record is kept once, by its name, so
nothing is lost and nothing counts twice. Every machine needs this repository (with the term's
secret and its recorded sets) and the environment; submissions travel with their jobs.
"""

from __future__ import annotations

import platform
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import homework as homeworks
from common.errors import KitError
from staff.grading import cluster_keys, pool, session, submissions
from staff.grading.archives import Refused
from staff.grading.jobs import Job, grader_version

AHEAD = 3  # jobs a worker: enough to keep it busy, few to hold in memory
WAIT = 20  # seconds for the scheduler to answer
_lock = threading.Lock()
_graders: dict[str, pool.Alone] = {}  # of the batch at hand


def run(
    jobs: list[Job],
    address: str,
    seconds: float,
    keep: Callable[[dict], None],
    keys: Path | None = None,
) -> None:
    """Grade all jobs on a cluster; `keep` gets each record once.

    Args:
        seconds: what one submission may take on a worker before its process is ended.
        keys: the folder that `staff cluster-keys` made; needed but on this machine alone.

    Raises:
        KitError: when there is no cluster, it is open to others, or has no worker or another kit.
    """
    if not jobs:
        return
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise KitError("--scheduler needs Dask: pip install -r staff/requirements.txt") from None
    try:
        client = Client(address, timeout=WAIT, security=cluster_keys.security(address, keys))
    except (OSError, TimeoutError, ValueError) as error:
        raise KitError(
            f"no Dask scheduler answers at {address} ({error}); start one with: dask scheduler"
        ) from None
    homework = homeworks.load(jobs[0].homework)
    version = grader_version(homework, jobs[0])
    with client:
        _require_closed(client, address)
        try:
            client.wait_for_workers(1, timeout=60)
        except TimeoutError:
            raise KitError(
                f"{address} has no worker; start one on each machine, in this folder: "
                f"PYTHONPATH=. dask worker {address} --nthreads 1"
            ) from None
        _require_closed(client, address)  # once more: now the workers are there
        batch = secrets.token_hex(8)
        waiting, running = list(reversed(jobs)), dict[Any, Job]()

        def submit() -> list:
            cores = max(1, sum(client.nthreads().values()))
            new = []
            while waiting and len(running) < AHEAD * cores:
                job = waiting.pop()
                try:
                    packed = submissions.with_content(job)
                except Refused as refusal:
                    keep(session.refused_record(homework, job, str(refusal)))
                    continue
                except Exception as error:  # costs this submission alone
                    keep(session.failed_record(job, f"cannot be sent ({type(error).__name__})"))
                    continue
                future = client.submit(
                    grade_here,
                    packed,
                    version,
                    seconds,
                    batch,
                    key=f"{job.ident}-{job.fingerprint}",
                    pure=False,
                    retries=0,
                )
                running[future.key] = job
                new.append(future)
            return new

        done = as_completed(submit())
        for future in done:
            job = running.pop(future.key)
            failure = future.exception() if future.status != "finished" else None
            if isinstance(failure, KitError):
                raise failure
            keep(
                future.result()
                if failure is None and future.status == "finished"
                else session.failed_record(job, f"{type(failure).__name__}: {failure}"[:500])
            )
            future.release()
            for new in submit():
                done.add(new)


def _require_closed(client: Any, address: str) -> None:
    """Refuse a cluster without keys that listens to more than the address of this machine.

    Raises:
        KitError: when its scheduler or a worker can be reached by others.
    """
    if not address.startswith("tls://"):
        info = client.scheduler_info(n_workers=-1)
        for place in (info["address"], *info["workers"]):
            cluster_keys.require_here(place)


def grade_here(job: Job, version: str, seconds: float, batch: str) -> dict:
    """Grade one job beside the process of a Dask worker, under the limits of one machine.

    Args:
        batch: of which it is; the kit must be this machine's when a batch begins here, and nobody may
            change it while the batch goes on.

    Raises:
        KitError: when the kit is another one.
    """
    with _lock:
        if batch not in _graders:
            _require_same(job, version)
            for earlier in list(_graders):
                _graders.pop(earlier).end()
            _graders[batch] = pool.Alone()
        return _graders[batch].grade(job, seconds)


def _require_same(job: Job, version: str) -> None:
    if grader_version(homeworks.load(job.homework), job) != version:
        raise KitError(
            f"the checks, answers or table of {job.homework} on {platform.node()} are not those "
            "of this machine; copy this folder to it"
        )
