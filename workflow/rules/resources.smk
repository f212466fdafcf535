# What jobs ask a cluster for. On one machine only the number of GPUs counts.
from unsmear.cluster.demand import SMALL_MB, TORCH_MB, Demand
from unsmear.plan.demands import DemandPlan

DEMANDS = DemandPlan(PLAN)


def needs(demand=Demand(SMALL_MB, 10), gpus=0):
    """Resources of a rule: a demand, or a function of input and wildcards, that each attempt multiplies."""

    def first(wildcards, input):
        if not callable(demand):
            return demand
        return demand(input, **dict(wildcards.items()))

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
