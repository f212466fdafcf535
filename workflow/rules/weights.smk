# Weights that others trained. Their SHA-256 says what they are: where they come from decides nothing.
if CONFIG.pretrained:

    rule import_pretrained:
        output:
            **{
                stage.name: f"results/models/pretrained/{stage.name}/final/weights.safetensors"
                for stage in CONFIG.stages("pretrained")
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
            code=code_digest("cascade", "networks"),
        script:
            "../scripts/import_pretrained.py"


rule fetch_perceptual:
    output:
        PERCEPTUAL,
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
