rule train_stage:
    input:
        unpack(in_place(of(PLAN.training_inputs))),
        hparams=paths.HPARAMS,
    output:
        weights=paths.WEIGHTS,
        metrics=paths.METRICS,
        outcome=paths.OUTCOME,
    log:
        "results/logs/train_stage/{system}/{stage}/{run}.log",
    benchmark:
        f"{paths.BENCHMARKS}/train_stage/{{system}}/{{stage}}/{{run}}.tsv"
    wildcard_constraints:
        run=rf"(?!{PLAN.trials.runs_that_save})(?:final|trials/r\d+-t\d+)",
        # The weights of the system `pretrained` are imported.
        system="|".join(PLAN.systems),
        stage=rf"(?!(?:{PLAN.taken})/)(?:{'|'.join(PLAN.stages)})",
    conda:
        "../../envs/train.yaml"
    threads: CONFIG.training.threads
    resources:
        **needs(DEMANDS.training, CONFIG.training.gpus),
    params:
        spec=lambda wildcards: section(CONFIG.stage(wildcards.system, wildcards.stage)),
        sweep=of(PLAN.trials.sweep_folder),
        sequences=of(PLAN.training_sequences),
        camera_name=lambda wildcards: PLAN.camera_of(wildcards.system),
        # Of no concern to stages without the perceptual loss.
        imagenet_norm=lambda wildcards: (
            CONFIG.losses.perceptual.imagenet_norm
            if CONFIG.needs_perceptual(wildcards.system, wildcards.stage)
            else None
        ),
        validate_every=CONFIG.training.validate_every,
        training=no_trigger(section(CONFIG.training, exclude={"defaults"})),
        tracking=no_trigger(TRACKING),
        seed=lambda wildcards: CONFIG.training_seed(wildcards.system),
        code=code_digest("training/train.py"),
    script:
        "../scripts/train_stage.py"


# A trial whose training may go on, in a later round or as the final one, leaves its state as well.
use rule train_stage as train_stage_and_save with:
    output:
        weights=paths.WEIGHTS,
        metrics=paths.METRICS,
        outcome=paths.OUTCOME,
        state=paths.STATE,
    wildcard_constraints:
        run=PLAN.trials.runs_that_save,


# A stage of no steps is what it begins with: nothing is read of frames, and no run is recorded.
rule take_weights:
    input:
        unpack(in_place(of(PLAN.taking_inputs))),
    output:
        fill(paths.WEIGHTS, run=paths.FINAL),
    log:
        "results/logs/take_weights/{system}/{stage}.log",
    wildcard_constraints:
        stage=PLAN.taken,
    conda:
        "../../envs/train.yaml"
    resources:
        **needs_torch(10),
    params:
        spec=lambda wildcards: section(CONFIG.stage(wildcards.system, wildcards.stage)),
        camera_name=lambda wildcards: PLAN.camera_of(wildcards.system),
        code=code_digest("training/take.py"),
    script:
        "../scripts/take_weights.py"
