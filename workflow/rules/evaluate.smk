# Starting torch costs more than evaluating a short sequence, so one job takes a part of the test
# split; each sequence still has a table of its own, written when it is done.
for part in PARTS:

    rule:
        name:
            f"evaluate_{part}"
        input:
            unpack(
                lambda wildcards, part=part: sequence_files(
                    camera_of(wildcards.system), part
                )
            ),
            weights=lambda wildcards: final_weights(wildcards.system),
            lpips=LPIPS.values(),
        output:
            [
                f"results/evaluation/{{system}}/sequences/{name}.csv"
                for name in PARTS[part]
            ],
        log:
            f"results/logs/evaluate/{{system}}/{part}.log",
        conda:
            "../../envs/train.yaml"
        resources:
            **needs(evaluation, CONFIG.evaluation.gpus),
        params:
            records=lambda wildcards, part=part: sequence_records(
                wildcards.system, camera_of(wildcards.system), part
            ),
            evaluation=SCORING,
            lpips=list(LPIPS),
            code=code_digest("evaluation", "cascade", "kernels", "networks", "optics"),
        script:
            "../scripts/evaluate.py"

    rule:
        name:
            f"evaluate_input_{part}"
        input:
            unpack(lambda wildcards, part=part: sequence_files(wildcards.camera, part)),
            lpips=LPIPS.values(),
        output:
            [
                f"results/evaluation/input_{{camera}}/sequences/{name}.csv"
                for name in PARTS[part]
            ],
        log:
            f"results/logs/evaluate_input/{{camera}}/{part}.log",
        conda:
            "../../envs/train.yaml"
        resources:
            **needs(evaluation),
        params:
            records=lambda wildcards, part=part: sequence_records(
                f"input_{wildcards.camera}", wildcards.camera, part
            ),
            evaluation=SCORING,
            lpips=list(LPIPS),
            code=code_digest("evaluation", "optics"),
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
        code=code_digest("evaluation", "cascade", "kernels", "networks", "optics"),
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
        code=code_digest("evaluation/rows.py", "evaluation/gather.py"),
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
        code=code_digest(
            *(f"evaluation/{name}.py" for name in ("cost", "differences", "predict")),
            "evaluation/tiles.py",
            "cascade",
            "kernels",
            "networks",
        ),
    script:
        "../scripts/measure_cost.py"
