# Weights that others trained. Their SHA-256 says what they are: where they come from decides nothing.
if CONFIG.pretrained:

    rule import_pretrained:
        # Refused files leave the weights that are there: Snakemake removes other outputs before a job. It cannot in a bucket.
        output:
            **{
                stage.name: update(path) if RESULTS == paths.RESULTS else path
                for stage, path in zip(
                    CONFIG.stages("pretrained"),
                    PLAN.final(paths.WEIGHTS, "pretrained"),
                    strict=True,
                )
            },
        log:
            "results/logs/import_pretrained.log",
        conda:
            "../../envs/train.yaml"
        resources:
            **needs_torch(60),
            downloads=1,
        params:
            files=section(CONFIG.pretrained)["files"],
            pretrained=no_trigger(section(CONFIG.pretrained)),
            code=code_digest("cascade/jin2018.py"),
        script:
            "../scripts/import_pretrained.py"


# Here and not while evaluating: a cluster's nodes may have no network.
rule fetch_lpips:
    output:
        paths.LPIPS,
    log:
        "results/logs/fetch_lpips/{variant}.log",
    wildcard_constraints:
        variant="alex|vgg",
    conda:
        "../../envs/train.yaml"
    resources:
        **needs_torch(60),
        downloads=1,
    params:
        files=of(EVALUATION.lpips_identity),
        lpips=lambda wildcards, input: section(
            CONFIG.evaluation.lpips[wildcards.variant]
        ),
        code=code_digest("evaluation/lpips_weights.py"),
    script:
        "../scripts/fetch_lpips.py"


rule fetch_perceptual:
    output:
        paths.PERCEPTUAL,
    log:
        "results/logs/fetch_perceptual.log",
    conda:
        "../../envs/train.yaml"
    resources:
        **needs_torch(60),
        downloads=1,
    params:
        sha256=CONFIG.losses.perceptual.sha256,
        perceptual=no_trigger(section(CONFIG.losses.perceptual)),
        code=code_digest("losses/perceptual.py"),
    script:
        "../scripts/fetch_perceptual.py"
