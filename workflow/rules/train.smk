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
    conda:
        "../../envs/train.yaml"
    threads: CONFIG.training.threads
    resources:
        **needs(training, CONFIG.training.gpus),
    params:
        spec=stage_spec,
        camera=lambda wildcards: camera_of(wildcards.system),
        validate_every=CONFIG.training.validate_every,
        training=no_trigger(section(CONFIG.training, exclude={"defaults"})),
        tracking=no_trigger(TRACKING),
        seed=lambda wildcards: CONFIG.training_seed(wildcards.system),
        code=code_digest("training", "cascade", "networks", "losses"),
    script:
        "../scripts/train_stage.py"
