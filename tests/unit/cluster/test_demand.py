"""What jobs ask a cluster for follows the size of their work."""

from __future__ import annotations

import pytest

from unsmear.cluster.config import ClusterConfig
from unsmear.cluster.demand import (
    MAPPED_MB,
    TORCH_MB,
    demand_of_evaluation,
    demand_of_extraction,
    demand_of_rendering,
    demand_of_training,
    store_mb,
)
from unsmear.training.config import Hparams


def test_sequence_of_reds_has_the_size_of_its_pixels():
    assert store_mb(500, 720, 1280) == pytest.approx(1382.4)


@pytest.mark.parametrize("demand", [demand_of_extraction, demand_of_rendering])
def test_store_that_is_mapped_fits_beside_the_processes(demand):
    small, reds = demand(store_mb(7, 128, 128)), demand(store_mb(500, 720, 1280))
    assert reds.mem_mb - small.mem_mb >= 1300
    assert reds.minutes > small.minutes >= 5


def test_training_takes_the_original_work_three_days():
    demand = demand_of_training(480_000, num_workers=6, hparams=Hparams(steps=84_000, batch_size=8, crop=320))
    assert demand.minutes == pytest.approx(3 * 24 * 60, rel=0.02)
    assert demand.mem_mb == TORCH_MB + 6 * 1500 + MAPPED_MB, "what the system may drop is not asked for whole"


def test_training_on_more_data_asks_for_more_memory():
    few, many = (demand_of_training(mb, 0, Hparams()) for mb in (10, 5000))
    assert many.mem_mb - few.mem_mb == 4990 and many.minutes == few.minutes


def test_batch_that_is_found_by_trying_counts_as_the_largest():
    auto, largest = (demand_of_training(10, 0, Hparams(steps=50_000, batch_size=size)) for size in ("auto", 64))
    assert auto == largest


def test_evaluation_grows_with_pictures_and_sequences():
    one, ten = (demand_of_evaluation(mb, 1, 720, 1280) for mb in (1600, 16_000))
    assert ten.minutes > one.minutes and ten.mem_mb > one.mem_mb
    assert demand_of_evaluation(1600, 4, 720, 1280).mem_mb - one.mem_mb > 8000


def test_placement_names_only_what_is_configured():
    assert ClusterConfig().placement(gpus=1) == {}
    cluster = ClusterConfig(account="lab", cpu_partition="short", gpu_partition="a100", gpu_model="a100")
    assert cluster.placement(gpus=0) == {"slurm_account": "lab", "slurm_partition": "short"}
    assert cluster.placement(gpus=2) == {"slurm_account": "lab", "slurm_partition": "a100", "gpu_model": "a100"}


@pytest.mark.parametrize("value", ["", "a b", "x; rm -rf", "$(date)"])
def test_partition_that_a_shell_would_take_apart_is_refused(value):
    with pytest.raises(ValueError, match="gpu_partition"):
        ClusterConfig(gpu_partition=value)
