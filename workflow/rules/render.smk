# The groups of a sequence follow from its own frames, so the table of all groups is no input:
# another sequence's change, which rewrites it, renders nothing here anew.
rule render_blur:
    input:
        frames=of(PLAN.sequences.files_of_job, pattern=paths.FRAMES),
        psfs=paths.PSFS,
        camera=paths.CAMERA,
    output:
        blur=PLAN.sequences.outputs(paths.BLUR),
        # Which frames it was rendered from.
        notes=PLAN.sequences.outputs(paths.BLUR_NOTE),
    log:
        f"results/logs/render_blur/{{camera}}/{PLAN.sequences.job_name}.log",
    conda:
        "../../envs/data.yaml"
    resources:
        **needs(rendering),
    params:
        records=of(PLAN.sequences.values_of_job),
        seed=CONFIG.seed,
        num_frames=CONFIG.data.frames_per_group,
        code=code_digest("optics/render.py"),
    script:
        "../scripts/render_blur.py"
