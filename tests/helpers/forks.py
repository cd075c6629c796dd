"""Commands of the kit in forks of one process that has imported torch: it takes seconds, and each needs it.

A fork has arguments, a folder, an environment and output of its own, and ends as Python does. The process
that forks imports, and runs nothing: after an operator of torch a fork would hang.

    python forks.py    for each line of JSON that comes in: run a module in a fork, print its exit code
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

SLOW = ("torch._dynamo", "torchvision", "matplotlib.pyplot", "rich.progress")
PATIENCE = 300  # seconds for one command


class Forks:
    """The process that forks, begun at the first command."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._process: subprocess.Popen[str] | None = None

    def run(
        self,
        *words: str | Path,
        folder: Path,
        tree: Path | None = None,
        before: str = "",
        **more: str,
    ) -> subprocess.CompletedProcess[str]:
        """`python -m` these words; what it printed and its exit code.

        Args:
            folder: that it runs in.
            tree: where modules are looked for first; None takes `folder`.
            before: Python to run ahead of the module.
            more: variables of its environment.
        """
        with tempfile.TemporaryDirectory() as place:
            out, errors = Path(place, "out"), Path(place, "errors")
            order = {
                "words": [*map(str, words)],
                "folder": str(folder),
                "tree": str(tree or folder),
                "before": before,
                "environment": self.environment | more,
                "streams": [os.devnull, str(out), str(errors)],
            }
            code = self._ask(json.dumps(order))
            printed = [path.read_text(encoding="utf-8") for path in (out, errors)]
            return subprocess.CompletedProcess(order["words"], code, *printed)

    def _ask(self, order: str) -> int:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        process = self._process
        late = threading.Timer(PATIENCE, os.killpg, (process.pid, signal.SIGKILL))
        late.start()
        try:
            process.stdin.write(order + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        finally:
            late.cancel()
        assert answer, f"not finished after {PATIENCE} s: {order}"
        return int(answer)

    def close(self) -> None:
        """End the process that forks."""
        if self._process is not None:
            self._process.communicate()


def serve() -> dict | None:
    """Fork for every order; the order in a fork, and None at the end of them all."""
    with open(os.dup(1), "w", encoding="utf-8") as answers:
        for line in sys.stdin:
            pid = os.fork()
            if pid == 0:
                answers.close()
                return json.loads(line)
            status = os.waitpid(pid, 0)[1]
            print(os.waitstatus_to_exitcode(status), file=answers, flush=True)
    return None


def become(order: dict) -> None:
    """Run a module as the order says."""
    for handle, name in enumerate(order["streams"]):
        opened = os.open(name, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, handle)
        os.close(opened)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.path[0] = order["tree"]
    exec(order["before"], {})
    sys.argv[:] = order["words"]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def end(code: object) -> None:
    """End as Python does, but for taking down what was imported, which takes longer than a fork."""
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else code is not None)


if __name__ == "__main__":
    for name in SLOW:
        importlib.import_module(name)
    gc.freeze()
    order = serve()
    if order is not None:
        try:
            become(order)
        except SystemExit as left:
            end(left.code)
        except BaseException:
            traceback.print_exc()
            end(1)
        end(0)
