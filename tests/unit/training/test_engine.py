from __future__ import annotations

import copy
import itertools
import math

import pytest
import torch

from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.training.config import Hparams, TrainingConfig
from unsmear.training.engine import Allowed, fit
from unsmear.training.objective import Objective
from unsmear.training.optimizer import ExponentialMovingAverage, learning_rate
from unsmear.training.resume import StateFiles

NETWORK = {"kind": "joint", "width": 8, "patch": 2, "encoder_blocks": [1], "decoder_blocks": [1], "middle_blocks": 1}
CENTER = StageSpec(name="center", predicts=(4,), network=NETWORK)
PAIR = StageSpec(name="f35", predicts=(3, 5), conditions_on=(4,), network=NETWORK)
HPARAMS = Hparams(steps=12, batch_size=2, crop=16, learning_rate=2e-3, warmup_steps=2)
CONFIG = TrainingConfig(validate_every=4, save_seconds=1e9)


def make_stage(spec: StageSpec, seed: int = 0) -> Stage:
    torch.manual_seed(seed)
    return Stage(spec)


def train(stores, folder, *, spec=CENTER, predecessors=(), order="true", hparams=HPARAMS, config=CONFIG, rows=None):
    objective = Objective(make_stage(spec), predecessors, order, hparams.loss)
    state = fit(
        objective,
        hparams,
        config,
        stores["train"],
        stores["val"],
        seed=5,
        allowed=Allowed(),
        states=StateFiles(folder, "key"),
        on_metrics=(rows if rows is not None else []).append,
        title="test",
    )
    return state.mean, state.table


def same(a: Stage, b: Stage) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_training_lowers_the_loss(stores, tmp_path):
    hparams = HPARAMS.model_copy(update={"steps": 60, "learning_rate": 4e-3})
    rows: list[dict] = []
    _, table = train(stores, tmp_path, hparams=hparams, rows=rows)
    losses = [row["loss"] for row in rows if row["split"] == "train"]
    assert losses[-1] < 0.9 * losses[0]
    assert table.rows == rows and [row["step"] for row in rows[-2:]] == [60, 60]


def test_same_seed_same_weights(stores, tmp_path):
    first, again = train(stores, tmp_path)[0], train(stores, tmp_path)[0]
    assert same(first, again)


class KilledError(Exception):
    pass


@pytest.mark.parametrize("killed_at", [4, 8])
def test_a_killed_training_goes_on_to_the_same_bits(stores, tmp_path, killed_at):
    config = TrainingConfig(validate_every=4, save_seconds=1e-9)
    whole, whole_table = train(stores, tmp_path / "whole", config=config)

    class Rows(list):
        def append(self, row):
            if row["step"] > killed_at:
                raise KilledError
            super().append(row)

    with pytest.raises(KilledError):
        train(stores, tmp_path / "killed", config=config, rows=Rows())
    resumed, table = train(stores, tmp_path / "killed", config=config)
    assert same(whole, resumed)
    keys = ("step", "split", "loss", "psnr", "lr")
    wanted, found = ([[row.get(key) for key in keys] for row in t.rows] for t in (whole_table, table))
    assert [row[0] for row in found] == [row[0] for row in wanted]
    assert [row for row in found if row[1] == "val"] == [row for row in wanted if row[1] == "val"]


def test_predecessors_stay_frozen(stores, tmp_path):
    frozen = make_stage(CENTER, seed=9).eval().requires_grad_(False)
    before = copy.deepcopy(frozen)
    train(stores, tmp_path, spec=PAIR, predecessors=[frozen], order="free_per_sample")
    assert same(frozen, before)


def test_loss_that_is_not_finite_is_skipped_then_stops_the_run(stores, tmp_path, monkeypatch):
    hparams = HPARAMS.model_copy(update={"loss": "mse"})
    calls = {"n": 0}
    true_terms = Objective.terms

    def spoil(terms):
        return {name: value * math.nan for name, value in terms.items()}

    def terms(self, prediction):
        calls["n"] += 1
        value = true_terms(self, prediction)
        return spoil(value) if calls["n"] == 3 else value

    monkeypatch.setattr(Objective, "terms", terms)
    stage, _ = train(stores, tmp_path, hparams=hparams)
    assert all(torch.isfinite(p).all() for p in stage.parameters())

    monkeypatch.setattr(Objective, "terms", lambda self, prediction: spoil(true_terms(self, prediction)))
    config = CONFIG.model_copy(update={"max_skipped_steps": 3})
    with pytest.raises(ValueError, match=r"loss of step 4 is not finite .*learning rate .* 4 times in a row"):
        train(stores, tmp_path, hparams=hparams, config=config)


def test_state_of_another_run_is_not_used(stores, tmp_path, caplog):
    StateFiles(tmp_path, "other key").save({"step": 3})
    assert StateFiles(tmp_path, "key").load() is None
    assert "other hyper-parameters, data or code" in caplog.text


def test_torn_state_falls_back_to_the_one_before(tmp_path, caplog):
    states = StateFiles(tmp_path, "key")
    states.save({"step": 1})
    states.save({"step": 2})
    newest = tmp_path / "state.pt"
    newest.write_bytes(newest.read_bytes()[:-20])
    assert states.load() == {"step": 1}
    assert "torn or corrupt" in caplog.text
    states.remove()
    assert not list(tmp_path.iterdir())


def test_learning_rate_warms_up_and_falls():
    hparams = Hparams(steps=100, warmup_steps=10, learning_rate=1.0)
    rates = [learning_rate(hparams, step) for step in range(100)]
    assert rates[0] == pytest.approx(1 / 11) and max(rates) == pytest.approx(rates[10], rel=0.03)
    assert rates[-1] == pytest.approx(0.01, abs=0.002) and all(a >= b for a, b in itertools.pairwise(rates[10:]))
    constant = hparams.model_copy(update={"schedule": "constant"})
    assert learning_rate(constant, 10) == learning_rate(constant, 99) == 1.0


def test_moving_average_follows_its_recursion():
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 0.0)
    mean, expected = ExponentialMovingAverage(network, decay=0.5), 0.0
    for step in range(20):
        torch.nn.init.constant_(network.weight, float(step))
        mean.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * step
    assert float(mean.network.weight) == pytest.approx(expected, rel=1e-6)
