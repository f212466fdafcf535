"""Options of the engine: parts of a batch, precision, patience, batch size, memory, determinism."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from unsmear.cascade.header import read_header
from unsmear.files import read_rows
from unsmear.out_of_memory import is_out_of_memory
from unsmear.training import batch_size
from unsmear.training.batch_size import find_batch_size
from unsmear.training.config import Hparams
from unsmear.training.hparams_file import read_hparams
from unsmear.training.metrics import MetricsTable
from unsmear.training.objective import Objective
from unsmear.training.precision import Precision

DOUBLE = {"precision": "float64"}


def tensors(job):
    return load_file(job.weights)


def largest_difference(a, b):
    left, right = tensors(a), tensors(b)
    return max(float((left[name].double() - right[name].double()).abs().max()) for name in left)


def trained(job, name, config=None, **hparams):
    done = replace(job, run=f"standard/center/{name}", hparams=hparams, config=config or {})
    done.train()
    return done


def test_a_batch_in_parts_gives_the_gradient_of_the_whole(job):
    whole, parts = trained(job, "whole", DOUBLE), trained(job, "parts", DOUBLE, accumulate=4)
    assert largest_difference(whole, parts) < 1e-10


def test_a_batch_that_cannot_be_cut_is_refused(job):
    with pytest.raises(ValueError, match=r"batch_size 4 cannot be cut into 1 processes x 3 parts .*multiple of 3"):
        trained(job, "uneven", accumulate=3)


def test_mixed_precision_and_compilation_stay_near_float32(job, monkeypatch):
    plain = trained(job, "plain", {"compile": False, "precision": "float32"}, learning_rate=1e-4)
    types = set()
    forward = torch.nn.Conv2d.forward
    monkeypatch.setattr(torch.nn.Conv2d, "forward", lambda self, x: types.add((y := forward(self, x)).dtype) or y)
    mixed = trained(job, "mixed", {"precision": "bfloat16"}, learning_rate=1e-4)
    assert torch.bfloat16 in types
    assert all(value.dtype == torch.float32 for value in tensors(mixed).values())
    assert 0 < largest_difference(plain, mixed) < 5e-3


@pytest.mark.slow
def test_a_compiled_network_trains_alike(job):
    plain, compiled = trained(job, "plain", DOUBLE), trained(job, "compiled", {**DOUBLE, "compile": True})
    assert largest_difference(plain, compiled) < 1e-6


def test_training_ends_when_patience_does(job):
    # With a tiny learning rate the PSNR of the moving average hardly moves; with none in common it never rises.
    early = trained(job, "early", {"validate_every": 1}, steps=200, learning_rate=1e-12, patience=2)
    values = [float(row["psnr"]) for row in read_rows(early.folder / "metrics.csv") if row["split"] == "val"]
    assert 2 < len(values) < 200


def test_patience_counts_validations_without_a_better_psnr():
    table = MetricsTable()
    ends = []
    for psnr in (20.0, 21.0, 20.5, 21.0, 20.0, 22.0):
        table.add(split="train", loss=0.0)
        table.add(split="val", psnr=psnr)
        ends.append(table.runs_out_of_patience(2))
    assert ends == [False, False, False, True, True, False]
    assert not table.runs_out_of_patience(0)


def test_batch_size_is_found_recorded_and_kept(job, monkeypatch):
    auto = trained(job, "auto", batch_size="auto", steps=2)
    found = read_header(auto.weights)["hparams"]["batch_size"]
    # The training split has four groups.
    assert found == 4 and read_hparams(auto.folder / "hparams.yaml").batch_size == "auto"


def test_batch_size_follows_memory(job, monkeypatch):
    from unsmear.cascade.stage import Stage

    stage = Stage(job.described().spec)
    objective = Objective(stage, [], "true", "mse", precision=Precision())
    each = batch_size._kept_bytes(objective, 32)
    assert batch_size._kept_bytes(objective, 64) == pytest.approx(4 * each, rel=0.2)
    monkeypatch.setattr(batch_size, "_free_bytes", lambda device: int(9 * each / batch_size.MEMORY_SHARE))
    assert find_batch_size(objective, 32, 1, 1, 1000) == 8
    assert find_batch_size(objective, 32, 1, 2, 1000) == 16
    assert find_batch_size(objective, 32, 1, 1, 5) == 4
    assert all(p.grad is None for p in stage.parameters())


def test_lack_of_memory_names_what_to_lower(job, monkeypatch):
    def fail(self, *arguments):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(Objective, "terms", fail)
    with pytest.raises(ValueError, match=r"out of memory on cpu: batch_size 4, crop 16 x 16; lower batch_size or crop"):
        trained(job, "large")


def test_lack_of_memory_is_told_from_other_errors():
    with pytest.raises(RuntimeError) as real:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(real.value)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert is_out_of_memory(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"))
    assert not is_out_of_memory(RuntimeError("shape '[2, 3]' is invalid for input of size 5"))


def test_divergence_just_before_the_end_is_no_good_end(job):
    hparams = {"learning_rate": 1.0, "warmup_steps": 0, "gradient_clip": 1e6, "schedule": "constant", "loss": "mse"}
    trial = replace(
        job, run="standard/center/trials/r1-t1", is_trial=True, hparams=hparams, config={"max_skipped_steps": 20}
    )
    trial.train()
    assert trial.record["status"] == "failed" and "is not finite" in trial.record["reason"]
    assert trial.record["seconds"] > 0


@pytest.mark.parametrize("what", ["memory", "divergence"])
def test_a_trial_that_fails_says_so_and_leaves_its_outputs(job, monkeypatch, what):
    true_terms, calls = Objective.terms, []

    def fail(self, prediction):
        calls.append(1)
        terms = true_terms(self, prediction)
        if len(calls) <= 6 or not torch.is_grad_enabled():
            return terms
        if what == "memory":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return {name: value * torch.nan for name, value in terms.items()}

    monkeypatch.setattr(Objective, "terms", fail)
    config = {"max_skipped_steps": 2}
    trial = replace(job, run="standard/center/trials/r1-t1", is_trial=True, with_state=True, config=config)
    trial.train()
    assert trial.record["status"] == "failed"
    assert ("out of memory" if what == "memory" else "is not finite") in trial.record["reason"]
    assert all(torch.isfinite(value).all() for value in tensors(trial).values())
    assert read_rows(trial.folder / "metrics.csv")[0]["loss"] != ""
    assert sorted(path.name for path in trial.folder.iterdir() if path.suffix == ".pt") == ["state.pt"]
    monkeypatch.undo()
    monkeypatch.setattr(Objective, "terms", fail)
    with pytest.raises(ValueError, match=r"not finite|out of memory"):
        replace(job, config=config).train()


def test_divergence_leaves_the_last_good_state(job, monkeypatch):
    whole = trained(job, "whole")
    true_terms, calls = Objective.terms, []

    def fail(self, prediction):
        calls.append(1)
        terms = true_terms(self, prediction)
        return terms if len(calls) <= 3 else {name: value * torch.nan for name, value in terms.items()}

    broken = replace(job, run="standard/center/broken", config={"max_skipped_steps": 1})
    monkeypatch.setattr(Objective, "terms", fail)
    with pytest.raises(
        ValueError, match=r"loss of step 5 is not finite \(samples 00.*learning rate .*2 times in a row"
    ):
        broken.train()
    monkeypatch.undo()
    # What broke was no setting here, so that the state may be gone on from.
    broken.train()
    assert largest_difference(whole, broken) == 0


def test_a_promoted_trial_goes_on_to_the_bits_of_a_longer_training(job):
    fixed = {"schedule": "constant"}
    whole = trained(job, "whole", **fixed, steps=12)
    first = replace(
        job, run="standard/center/trials/r1-t1", is_trial=True, hparams={**fixed, "steps": 8}, with_state=True
    )
    first.train()
    state = str(first.folder / "state.pt")
    second = replace(
        job, run="standard/center/trials/r2-t1", is_trial=True, hparams={**fixed, "steps": 12}, start=state
    )
    second.train()
    assert largest_difference(whole, second) == 0
    steps = [row["step"] for row in read_rows(second.folder / "metrics.csv") if row["split"] == "val"]
    assert steps == ["4", "8", "12"] and second.record["status"] == "finished"
    other = {**fixed, "steps": 12, "learning_rate": 1e-5}
    with pytest.raises(ValueError, match=r"state.pt cannot be gone on from: its hparams differ"):
        replace(second, hparams=other).train()
    with pytest.raises(ValueError, match=r"has done 8 steps, more than the 4 wanted"):
        replace(second, hparams={**fixed, "steps": 4}).train()


def test_same_configuration_same_bytes(job):
    first, again = trained(job, "first"), trained(job, "again", {"deterministic": True})
    torch.use_deterministic_algorithms(False)
    assert first.weights.read_bytes() == again.weights.read_bytes()


def test_every_term_of_the_loss_has_a_column(job):
    done = trained(job, "done", loss="charbonnier")
    rows = read_rows(done.folder / "metrics.csv")
    assert {"step", "epoch", "split", "loss", "psnr", "lr", "images_per_second", "data_wait"} <= set(rows[0])
    assert [row["loss"] for row in rows] == [row["charbonnier"] for row in rows] != [""] * len(rows)
    assert all(0 <= float(row["data_wait"]) <= 1 for row in rows if row["split"] == "train")


def test_hyper_parameters_of_the_engine_are_checked():
    for wrong in ({"batch_size": "most"}, {"batch_size": 0}, {"accumulate": 0}, {"patience": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Hparams.model_validate(wrong)
