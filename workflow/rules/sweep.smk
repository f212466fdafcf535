rule start_sweep:
    output:
        "results/models/{system}/{stage}/trials/sweep.yaml",
    log:
        "results/logs/start_sweep/{system}/{stage}.log",
    conda:
        "../../envs/train.yaml"
    params:
        # More rounds or trials continue the same sweep.
        sweep=lambda wildcards: {
            **sweep_section(wildcards),
            "rounds": [{"trials": 1, "budget": 1}],
        },
        tracking=no_trigger(TRACKING),
        code=code_digest("sweep"),
    script:
        "../scripts/start_sweep.py"


rule propose_trials:
    input:
        sweep="results/models/{system}/{stage}/trials/sweep.yaml",
        earlier=lambda wildcards: trial_files(wildcards, int(wildcards.round) - 1),
    output:
        "results/models/{system}/{stage}/trials/r{round}-t{trial}/hparams.yaml",
    log:
        "results/logs/propose_trials/{system}/{stage}/r{round}-t{trial}.log",
    conda:
        "../../envs/train.yaml"
    params:
        # The number of trials of this round and the rounds after it decide nothing here.
        sweep=lambda wildcards: {
            **sweep_section(wildcards),
            "rounds": [
                *sweep_section(wildcards)["rounds"][: int(wildcards.round) - 1],
                {
                    **sweep_section(wildcards)["rounds"][int(wildcards.round) - 1],
                    "trials": 1,
                },
            ],
        },
        hparams=default_hparams,
        folders=lambda wildcards: trial_folders(wildcards, int(wildcards.round) - 1),
        code=code_digest("sweep"),
    script:
        "../scripts/propose_trials.py"


rule select_trial:
    input:
        unpack(selection_inputs),
    output:
        "results/models/{system}/{stage}/final/hparams.yaml",
    log:
        "results/logs/select_trial/{system}/{stage}.log",
    conda:
        "../../envs/train.yaml"
    params:
        sweep=lambda wildcards: (
            section(sweep_of(wildcards)) if sweep_of(wildcards) else None
        ),
        hparams=default_hparams,
        folders=lambda wildcards: (
            trial_folders(wildcards, None)
            if isinstance(sweep_of(wildcards), SweepConfig)
            else []
        ),
        folder="results/models/{system}/{stage}/trials",
        tracking=no_trigger(TRACKING),
        code=code_digest("sweep"),
    script:
        "../scripts/select_trial.py"
