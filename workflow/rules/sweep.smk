rule start_sweep:
    output:
        "results/models/{system}/{stage}/trials/sweep.yaml",
    log:
        "results/logs/start_sweep/{system}/{stage}.log",
    conda:
        "../../envs/train.yaml"
    params:
        # Whatever changes, it is the same sweep's run that trials belong to.
        sweep=lambda wildcards, input: section(sweep_of(wildcards)),
        tracking=no_trigger(TRACKING),
        code=code_digest("sweep/record.py"),
    script:
        "../scripts/start_sweep.py"


rule propose_trials:
    input:
        sweep="results/models/{system}/{stage}/trials/sweep.yaml",
        earlier=lambda wildcards: trial_files(
            trial_folders(wildcards, rounds_of(wildcards, int(wildcards.round)))
        ),
    output:
        "results/models/{system}/{stage}/trials/r{round}-t{trial}/hparams.yaml",
    log:
        "results/logs/propose_trials/{system}/{stage}/r{round}-t{trial}.log",
    conda:
        "../../envs/train.yaml"
    params:
        sweep=lambda wildcards, input: section(
            sweep_of(wildcards).known_to(int(wildcards.round), int(wildcards.trial))
        ),
        basis=lambda wildcards: sweep_of(wildcards).basis_of(
            int(wildcards.round), int(wildcards.trial)
        ),
        hparams=default_hparams,
        folders=lambda wildcards: trial_folders(
            wildcards, rounds_of(wildcards, int(wildcards.round))
        ),
        code=code_digest("sweep/propose.py"),
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
        folders=lambda wildcards: trial_folders(wildcards, rounds_of(wildcards)),
        heirs=heirs_of,
        folder="results/models/{system}/{stage}/trials",
        tracking=no_trigger(TRACKING),
        code=code_digest("sweep/select.py"),
    script:
        "../scripts/select_trial.py"
