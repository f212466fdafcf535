rule start_sweep:
    output:
        paths.SWEEP,
    log:
        "results/logs/start_sweep/{system}/{stage}.log",
    localrule: True
    conda:
        "../../envs/train.yaml"
    params:
        # Whatever changes, it is the same sweep's run that trials belong to.
        sweep=lambda wildcards, input: PLAN.trials.section_of(**dict(wildcards.items())),
        tracking=no_trigger(TRACKING),
        code=code_digest("sweep/record.py"),
    script:
        "../scripts/start_sweep.py"


rule propose_trials:
    input:
        sweep=paths.SWEEP,
        earlier=of(PLAN.trials.files),
    output:
        fill(paths.HPARAMS, run="trials/r{round}-t{trial}"),
    log:
        "results/logs/propose_trials/{system}/{stage}/r{round}-t{trial}.log",
    localrule: True
    conda:
        "../../envs/train.yaml"
    params:
        sweep=lambda wildcards, input: PLAN.trials.known_to(**dict(wildcards.items())),
        basis=of(PLAN.trials.basis_of),
        hparams=of(PLAN.hparams),
        folders=of(PLAN.trials.folders),
        code=code_digest("sweep/propose.py"),
    script:
        "../scripts/propose_trials.py"


rule select_trial:
    input:
        unpack(of(PLAN.trials.selection_inputs)),
    output:
        fill(paths.HPARAMS, run=paths.FINAL),
    log:
        "results/logs/select_trial/{system}/{stage}.log",
    localrule: True
    conda:
        "../../envs/train.yaml"
    params:
        sweep=of(PLAN.trials.section_of),
        hparams=of(PLAN.hparams),
        folders=of(PLAN.trials.folders),
        dependents=of(PLAN.trials.dependents),
        folder=paths.TRIALS_FOLDER,
        tracking=no_trigger(TRACKING),
        code=code_digest("sweep/select.py"),
    script:
        "../scripts/select_trial.py"
