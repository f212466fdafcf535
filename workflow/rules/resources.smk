# What jobs ask a cluster for. On one machine only the number of GPUs counts.
from unsmear.cluster.demand import (
    SMALL_MB,
    TORCH_MB,
    Demand,
    demand_of_evaluation,
    demand_of_extraction,
    demand_of_rendering,
    demand_of_training,
    store_mb,
)
from unsmear.frames.forecast import frame_shape

SHAPES = {}


def needs(demand=Demand(SMALL_MB, 10), gpus=0):
    """Resources of a rule: a demand, or a function of wildcards and input, that each attempt multiplies."""

    def first(wildcards, input):
        return demand(wildcards, input) if callable(demand) else demand

    return {
        "mem_mb": lambda wildcards, input, attempt: attempt
        * first(wildcards, input).mem_mb,
        "runtime": lambda wildcards, input, attempt: attempt
        * first(wildcards, input).minutes,
        "gpu": gpus,
        **CONFIG.cluster.placement(gpus),
    }


def needs_torch(minutes):
    return needs(Demand(TORCH_MB, minutes))


def shape_of(record):
    """(height, width) of a sequence's frames; those of REDS where its source cannot be asked yet."""
    if CONFIG.data.source == "scenes":
        return CONFIG.scenes.height, CONFIG.scenes.width
    if record.archive not in SHAPES:
        try:
            SHAPES[record.archive] = frame_shape(record, CONFIG.data)
        except ValueError:
            SHAPES[record.archive] = (720, 1280)
    return SHAPES[record.archive]


def frames_mb(wildcards):
    """Size of a job's stores, which need not be there: they may be made in the same submission."""
    taken = PLAN.sequences.of_job(wildcards.get("split"), wildcards.get("sequence"))
    return sum(store_mb(record.num_frames, *shape_of(record)) for record in taken)


def extraction(wildcards, input):
    return demand_of_extraction(frames_mb(wildcards))


def rendering(wildcards, input):
    return demand_of_rendering(frames_mb(wildcards))


def training(wildcards, input):
    return demand_of_training(
        input.size_mb,
        CONFIG.training.num_workers * max(1, CONFIG.training.gpus),
        CONFIG.most_demanding_hparams(wildcards.system, wildcards.stage, wildcards.run),
    )


def evaluation(wildcards, input):
    record = next(record for record in PLAN.records if record.split == "test")
    return demand_of_evaluation(
        input.size_mb, CONFIG.evaluation.batch_size, *shape_of(record)
    )


def drawing(wildcards, input):
    """A few groups of the test split. From the plan: a submission's jobs are counted before their input is there."""
    record = max(
        (record for record in PLAN.records if record.split == "test"),
        key=lambda record: record.num_frames,
    )
    shape = shape_of(record)
    return demand_of_evaluation(
        store_mb(record.num_frames, *shape), CONFIG.evaluation.batch_size, *shape
    )
