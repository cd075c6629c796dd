"""Many machines: orders go to a Dask scheduler, records come back; this process alone writes.

Dask runs the orders of a worker that died on another one (four times, then it gives the order up,
which is recorded as failed). A record is kept once, by its name, so
nothing is lost and nothing counts twice. Every machine needs this repository (with the term's
secret and its recorded sets) and the environment; submissions travel with their orders.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import homework as homeworks
from common.errors import KitError
from staff.grading import cluster_keys, pool, session, submissions
from staff.grading.archives import Refused
from staff.grading.jobs import Order, grader_version

AHEAD = 3  # orders a worker: enough to keep it busy, few to hold in memory
WAIT = 20  # seconds for the scheduler to answer
_lock = threading.Lock()


def run(
    orders: list[Order],
    address: str,
    seconds: float,
    keep: Callable[[dict], None],
    keys: Path | None = None,
) -> None:
    """Grade all orders on a cluster; `keep` gets each record once.

    Args:
        seconds: what one submission may take on a worker before its process is ended.
        keys: the folder that `staff cluster-keys` made; needed but on this machine alone.

    Raises:
        KitError: when there is no cluster, it is open to others, or has no worker or another kit.
    """
    if not orders:
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
    homework = homeworks.load(orders[0].homework)
    version = grader_version(homework, orders[0])
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
        waiting, running = list(reversed(orders)), dict[Any, Order]()

        def submit() -> list:
            cores = max(1, sum(client.nthreads().values()))
            new = []
            while waiting and len(running) < AHEAD * cores:
                order = waiting.pop()
                try:
                    packed = submissions.with_content(order)
                except Refused as refusal:
                    keep(session.refused(homework, order, str(refusal)))
                    continue
                except Exception as error:  # costs this submission alone
                    keep(session.failed(order, f"cannot be sent ({type(error).__name__})"))
                    continue
                future = client.submit(
                    grade_here,
                    packed,
                    version,
                    seconds,
                    key=f"{order.ident}-{order.fingerprint}",
                    pure=False,
                    retries=0,
                )
                running[future.key] = order
                new.append(future)
            return new

        done = as_completed(submit())
        for future in done:
            order = running.pop(future.key)
            failure = future.exception() if future.status != "finished" else None
            if isinstance(failure, KitError):
                raise failure
            keep(
                future.result()
                if failure is None and future.status == "finished"
                else session.failed(order, f"{type(failure).__name__}: {failure}"[:500])
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


def grade_here(order: Order, version: str, seconds: float) -> dict:
    """Grade one order beside the process of a Dask worker, under the limits of one machine."""
    homework = homeworks.load(order.homework)
    if grader_version(homework, order) != version:
        raise KitError(
            f"a worker's checks, answers or table of {order.homework} are not those "
            "of this machine; copy this folder to it"
        )
    with _lock:
        return pool.grade_one(order, seconds)
