"""The loop: a run that was stopped and resumed ends with the very same weights."""

import json
import os
import signal

import numpy as np
import pytest
import torch
from torch import nn

from common.errors import KitError, Stopped
from common.training import runs
from common.training.runs import RunFolder
from common.training.trainer import Trainer


def make(folder, resume=False, steps=24, width=5, stop_at=None, lr=0.01, by=signal.SIGINT):
    """A small run with dropout, momentum, a schedule and a generator: all state that there is."""
    torch.manual_seed(3)
    module = nn.Sequential(nn.Linear(4, width), nn.Dropout(0.3), nn.ReLU(), nn.Linear(width, 1))
    optimizer = torch.optim.Adam(module.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    rng = np.random.default_rng(7)
    run = RunFolder(folder, {"data": "none", "width": width}, resume)
    trainer = Trainer(
        run, module, optimizer, rng, steps, 5, schedule, best_by="-val_loss", clip=1.0
    )
    count = [0]

    def loss_of():
        x = torch.from_numpy(rng.normal(size=(8, 4))).float()
        count[0] += 1
        if count[0] == stop_at:
            os.kill(os.getpid(), by)
        return ((module(x) - x.sum(1, keepdim=True)) ** 2).mean(), {"figure": float(x.mean())}

    def evaluate():
        x = torch.linspace(-1, 1, 12).reshape(3, 4)
        loss = ((module(x) - x.sum(1, keepdim=True)) ** 2).mean()
        return {"val_loss": np.float64(loss.item())}  # plain types only reach the checkpoint

    return trainer, loss_of, evaluate


@pytest.mark.parametrize(
    "stop_at, by", [(1, "SIGINT"), (5, "SIGINT"), (7, "SIGTERM"), (23, "SIGINT")]
)
def test_a_resumed_run_ends_with_the_same_bits(tmp_path, stop_at, by):
    whole, *work = make(tmp_path / "whole")
    whole.fit(*work)
    cut, *work = make(tmp_path / "cut", stop_at=stop_at, by=signal.Signals[by])
    with pytest.raises(Stopped, match=f"step {stop_at} of 24"):
        cut.fit(*work)
    torch.rand(5)  # whatever happens in between
    again, *work = make(tmp_path / "cut", resume=True)
    again.fit(*work)
    for one, other in zip(whole.module.parameters(), again.module.parameters()):
        assert torch.equal(one, other)
    for one, other in zip(whole.best["module"].values(), again.best["module"].values()):
        assert torch.equal(one, other)
    timeless = [
        [{k: v for k, v in row.items() if k != "steps_per_second"} for row in t.rows]
        for t in (whole, again)
    ]
    assert timeless[0] == timeless[1]
    assert [row["step"] for row in runs.read_metrics(tmp_path / "cut")] == [5, 10, 15, 20, 24]


@pytest.mark.parametrize("stop_at", [7, None])
def test_the_time_of_a_run_is_that_of_all_its_sittings(tmp_path, monkeypatch, stop_at):
    now = [0.0]
    monkeypatch.setattr(runs.time, "monotonic", lambda: now[0])
    first, *work = make(tmp_path, stop_at=stop_at)
    now[0] += 100
    if stop_at:
        with pytest.raises(Stopped):
            first.fit(*work)
    else:  # stopped between the last step and the picture
        first.fit(*work)
    now[0] += 5000  # the night
    again, *work = make(tmp_path, resume=True)
    again.fit(*work)
    now[0] += 20
    again.run.finish({"loss": 0.5})
    assert json.loads((tmp_path / "result.json").read_text()) == {"loss": 0.5, "seconds": 120.0}


def test_a_checkpoint_of_an_older_kit_has_no_time(tmp_path, monkeypatch):
    trainer, *work = make(tmp_path)
    trainer.fit(*work)
    state = runs.read_checkpoint(tmp_path / "checkpoint.pt")
    del state["seconds"]
    torch.save(state, tmp_path / "checkpoint.pt")
    again, *work = make(tmp_path, resume=True)
    again.fit(*work)
    again.run.finish({"loss": 0.5})
    assert json.loads((tmp_path / "result.json").read_text()) == {"loss": 0.5, "seconds": None}


def test_resuming_trains_the_module_it_returns(tmp_path):
    cut, *work = make(tmp_path, stop_at=7)
    with pytest.raises(Stopped):
        cut.fit(*work)
    before = runs.read_checkpoint(tmp_path / "checkpoint.pt")["module"]
    again, *work = make(tmp_path, resume=True)
    again.fit(*work)
    assert any(not torch.equal(before[name], p) for name, p in again.module.named_parameters())


def test_a_finished_run_resumes_to_itself(tmp_path):
    trainer, *work = make(tmp_path)
    trainer.fit(*work)
    again, *work = make(tmp_path, resume=True)
    assert again.fit(*work) == trainer.rows


def test_another_configuration_is_refused(tmp_path):
    trainer, *work = make(tmp_path, steps=5)
    trainer.fit(*work)
    with pytest.raises(KitError, match="width = 5, not 6"):
        make(tmp_path, resume=True, width=6)


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path):
    trainer, *work = make(tmp_path, steps=5)
    trainer.fit(*work)
    state = runs.read_checkpoint(tmp_path / "checkpoint.pt")["module"]
    with pytest.raises(KitError, match=r"0\.(weight|bias) is"):
        runs.load_weights(nn.Sequential(nn.Linear(4, 6)), state, "it")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a checkpoint", None])
def test_a_damaged_checkpoint_is_named(tmp_path, content):
    path = tmp_path / "checkpoint.pt"
    if content is None:
        torch.save({"format": 0}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(KitError, match="train again"):
        runs.read_checkpoint(path)


def test_a_checkpoint_with_code_in_it_is_refused(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/sprung",)

    torch.save({"format": 1, "x": Trap()}, tmp_path / "checkpoint.pt")
    with pytest.raises(KitError):
        runs.read_checkpoint(tmp_path / "checkpoint.pt")
    assert not (tmp_path / "sprung").exists()


def test_an_earlier_run_is_kept(tmp_path):
    trainer, *work = make(tmp_path / "run", steps=5)
    trainer.fit(*work)
    kept = (tmp_path / "run" / "metrics.csv").read_text()
    make(tmp_path / "run")
    assert (tmp_path / "run.old1" / "metrics.csv").read_text() == kept
    assert not (tmp_path / "run" / "metrics.csv").exists()


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path):
    trainer, _, evaluate = make(tmp_path)
    with pytest.raises(KitError, match="loss is nan at step 1"):
        trainer.fit(lambda: (torch.tensor(float("nan")), {}), evaluate)


def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KitError, match="another --out"):
        make(tmp_path / "file" / "run")


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    trainer, *work = make(tmp_path, steps=5)
    trainer.fit(*work)
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def full(*_, **__):
        raise RuntimeError("PytorchStreamWriter failed writing file: file write failed")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(KitError, match="cannot write"):
        trainer.run.save_checkpoint({"step": 1})
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "checkpoint.pt",
        "config.json",
        "metrics.csv",
    ]
