# Starting torch costs more than evaluating a short sequence, so one job takes a part of the test split.
rule evaluate:
    input:
        unpack(
            lambda wildcards: sequence_files(
                camera_of(wildcards.system), wildcards.part
            )
        ),
        weights=lambda wildcards: final_weights(wildcards.system),
        lpips=LPIPS.values(),
    output:
        "results/evaluation/{system}/parts/{part}.csv",
    log:
        "results/logs/evaluate/{system}/{part}.log",
    conda:
        "../../envs/train.yaml"
    resources:
        **needs(evaluation, CONFIG.evaluation.gpus),
    params:
        records=lambda wildcards: sequence_records(
            camera_of(wildcards.system), wildcards.part
        ),
        evaluation=SCORING,
        lpips=list(LPIPS),
        code=code_digest("evaluation/evaluate.py"),
    script:
        "../scripts/evaluate.py"


rule evaluate_input:
    input:
        unpack(lambda wildcards: sequence_files(wildcards.camera, wildcards.part)),
        lpips=LPIPS.values(),
    output:
        "results/evaluation/input_{camera}/parts/{part}.csv",
    log:
        "results/logs/evaluate_input/{camera}/{part}.log",
    conda:
        "../../envs/train.yaml"
    resources:
        **needs(evaluation),
    params:
        records=lambda wildcards: sequence_records(wildcards.camera, wildcards.part),
        evaluation=SCORING,
        lpips=list(LPIPS),
        code=code_digest("evaluation/evaluate_input.py"),
    script:
        "../scripts/evaluate_input.py"


rule measure_robustness:
    input:
        weights=lambda wildcards: final_weights(wildcards.system),
        camera=lambda wildcards: camera_files(camera_of(wildcards.system))["camera"],
        groups="results/groups.csv",
        frames=robustness_frames(),
    output:
        "results/evaluation/{system}/robustness.csv",
    log:
        "results/logs/measure_robustness/{system}.log",
    conda:
        "../../envs/train.yaml"
    resources:
        **needs(evaluation, CONFIG.evaluation.gpus),
    params:
        evaluation=section(
            CONFIG.evaluation,
            exclude={"sequences_per_job", "lpips", "reblur", "upper_bound"},
        ),
        code=code_digest("evaluation/robustness.py"),
    script:
        "../scripts/measure_robustness.py"


rule gather_evaluation:
    input:
        unpack(gather_inputs),
    output:
        table="results/evaluation/{evaluated}/per_frame.csv",
        tracking="results/evaluation/{evaluated}/tracking.json",
    log:
        "results/logs/gather_evaluation/{evaluated}.log",
    wildcard_constraints:
        evaluated="|".join([*EVALUATED, *INPUTS]),
    conda:
        "../../envs/train.yaml"
    resources:
        **needs_torch(20),
    params:
        tracking=no_trigger(TRACKING),
        code=code_digest("evaluation/gather.py"),
    script:
        "../scripts/gather_evaluation.py"


rule measure_cost:
    input:
        weights=lambda wildcards: final_weights(wildcards.system),
        blur=lambda wildcards: f"results/blur/{camera_of(wildcards.system)}/test/{SEQUENCES['test'][0]}.npy",
    output:
        cost="results/evaluation/{system}/cost.json",
        differences="results/evaluation/{system}/differences.json",
    log:
        "results/logs/measure_cost/{system}.log",
    conda:
        "../../envs/train.yaml"
    resources:
        **needs(evaluation),
    params:
        evaluation=SCORING,
        code=code_digest("evaluation/cost.py", "evaluation/differences.py"),
    script:
        "../scripts/measure_cost.py"
