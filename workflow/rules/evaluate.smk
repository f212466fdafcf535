# What the baselines need is chosen on the validation split, as all that a system learns.
rule fit_camera_baselines:
    input:
        unpack(of(EVALUATION.fitting_inputs)),
    output:
        fill(paths.FITTED_BASELINES, evaluated="input_{camera}"),
    log:
        "results/logs/fit_camera_baselines/{camera}.log",
    benchmark:
        f"{paths.BENCHMARKS}/fit_camera_baselines/{{camera}}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **needs(DEMANDS.evaluation),
    params:
        records=of(EVALUATION.fitting_records),
        code=code_digest("evaluation/fit_camera.py"),
    script:
        "../scripts/fit_camera_baselines.py"


rule fit_system_baselines:
    input:
        unpack(of(EVALUATION.fitting_inputs)),
    output:
        fill(paths.FITTED_BASELINES, evaluated="{system}"),
    log:
        "results/logs/fit_system_baselines/{system}.log",
    benchmark:
        f"{paths.BENCHMARKS}/fit_system_baselines/{{system}}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **needs(DEMANDS.evaluation, CONFIG.evaluation.gpus),
    params:
        records=of(EVALUATION.fitting_records),
        evaluation=EVALUATION.running,
        code=code_digest("evaluation/fit_system.py"),
    script:
        "../scripts/fit_system_baselines.py"


# Starting torch costs more than evaluating a short sequence, so one job takes a part of the test split.
rule evaluate:
    input:
        unpack(of(EVALUATION.inputs)),
    output:
        fill(paths.PART, evaluated="{system}"),
    log:
        "results/logs/evaluate/{system}/{part}.log",
    benchmark:
        f"{paths.BENCHMARKS}/evaluate/{{system}}/{{part}}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **needs(DEMANDS.evaluation, CONFIG.evaluation.gpus),
    params:
        records=of(EVALUATION.records),
        evaluation=EVALUATION.scoring,
        lpips=list(CONFIG.evaluation.lpips),
        code=code_digest("evaluation/evaluate.py"),
    script:
        "../scripts/evaluate.py"


rule evaluate_input:
    input:
        unpack(of(EVALUATION.inputs)),
    output:
        fill(paths.PART, evaluated="input_{camera}"),
    log:
        "results/logs/evaluate_input/{camera}/{part}.log",
    benchmark:
        f"{paths.BENCHMARKS}/evaluate_input/{{camera}}/{{part}}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **needs(DEMANDS.evaluation),
    params:
        records=of(EVALUATION.records),
        evaluation=EVALUATION.scoring,
        lpips=list(CONFIG.evaluation.lpips),
        code=code_digest("evaluation/evaluate_input.py"),
    script:
        "../scripts/evaluate_input.py"


rule measure_robustness:
    input:
        weights=lambda wildcards: PLAN.final(paths.WEIGHTS, wildcards.system),
        camera=lambda wildcards: fill(
            paths.CAMERA, camera=PLAN.camera_of(wildcards.system)
        ),
        groups=paths.GROUPS,
        frames=EVALUATION.robustness_frames,
    output:
        fill(paths.ROBUSTNESS, evaluated="{system}"),
    log:
        "results/logs/measure_robustness/{system}.log",
    benchmark:
        f"{paths.BENCHMARKS}/measure_robustness/{{system}}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **needs(DEMANDS.evaluation, CONFIG.evaluation.gpus),
    params:
        evaluation=section(
            CONFIG.evaluation,
            exclude={"sequences_per_job", "lpips", "reblur", "motion", "upper_bound"},
        ),
        code=code_digest("evaluation/robustness.py"),
    script:
        "../scripts/measure_robustness.py"


rule gather_evaluation:
    input:
        unpack(of(EVALUATION.gathering_inputs)),
    output:
        table=paths.PER_FRAME,
        baselines=paths.BASELINES,
    log:
        "results/logs/gather_evaluation/{evaluated}.log",
    wildcard_constraints:
        evaluated="|".join(PLAN.all_evaluated),
    conda:
        "../../envs/train.yaml"
    resources:
        **needs_torch(20),
    params:
        stages=of(PLAN.stages_of),
        tracking=no_trigger(TRACKING),
        code=code_digest("evaluation/gather.py"),
    script:
        "../scripts/gather_evaluation.py"


rule measure_cost:
    input:
        weights=lambda wildcards: PLAN.final(paths.WEIGHTS, wildcards.system),
        blur=lambda wildcards: PLAN.blur(PLAN.camera_of(wildcards.system), "test")[0],
    output:
        cost=fill(paths.COST, evaluated="{system}"),
        differences=fill(paths.DIFFERENCES, evaluated="{system}"),
    log:
        "results/logs/measure_cost/{system}.log",
    benchmark:
        f"{paths.BENCHMARKS}/measure_cost/{{system}}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **needs(DEMANDS.evaluation),
    params:
        evaluation=EVALUATION.scoring,
        code=code_digest(
            "evaluation/cost.py", "evaluation/differences.py", "frames/store.py"
        ),
    script:
        "../scripts/measure_cost.py"
