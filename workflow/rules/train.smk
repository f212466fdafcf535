rule train_stage:
    input:
        unpack(train_inputs),
        hparams="results/models/{system}/{stage}/{run}/hparams.yaml",
    output:
        weights="results/models/{system}/{stage}/{run}/weights.safetensors",
        metrics="results/models/{system}/{stage}/{run}/metrics.csv",
        tracking="results/models/{system}/{stage}/{run}/tracking.json",
    log:
        "results/logs/train_stage/{system}/{stage}/{run}.log",
    wildcard_constraints:
        run=rf"(?!{RUNS_THAT_SAVE})(?:final|trials/r\d+-t\d+)",
        # The weights of the system `pretrained` are imported.
        system="|".join(SYSTEMS),
    conda:
        "../../envs/train.yaml"
    threads: CONFIG.training.threads
    resources:
        **needs(training, CONFIG.training.gpus),
    params:
        spec=stage_spec,
        camera=lambda wildcards: camera_of(wildcards.system),
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
        weights="results/models/{system}/{stage}/{run}/weights.safetensors",
        metrics="results/models/{system}/{stage}/{run}/metrics.csv",
        tracking="results/models/{system}/{stage}/{run}/tracking.json",
        state="results/models/{system}/{stage}/{run}/state.pt",
    wildcard_constraints:
        run=RUNS_THAT_SAVE,
