# Motion as a target of training: known for built-in scenes, elsewhere estimated from the frames.
rule estimate_motion:
    input:
        of(PLAN.sequences.files_of_job, pattern=paths.FRAMES),
    output:
        PLAN.sequences.outputs(paths.MOTION),
    log:
        f"results/logs/estimate_motion/{PLAN.sequences.job_name}.log",
    benchmark:
        f"{paths.BENCHMARKS}/estimate_motion/{PLAN.sequences.job_name}.tsv"
    conda:
        "../../envs/data.yaml"
    resources:
        **needs(DEMANDS.rendering),
    params:
        records=of(PLAN.sequences.values_of_job),
        seed=CONFIG.seed if CONFIG.data.source == "scenes" else 0,
        num_frames=CONFIG.data.frames_per_group,
        scenes=section(CONFIG.scenes) if CONFIG.data.source == "scenes" else None,
        code=code_digest("motion/groups.py"),
    script:
        "../scripts/estimate_motion.py"


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
    benchmark:
        f"{paths.BENCHMARKS}/render_blur/{{camera}}/{PLAN.sequences.job_name}.tsv"
    conda:
        "../../envs/data.yaml"
    resources:
        **needs(DEMANDS.rendering),
    params:
        records=of(PLAN.sequences.values_of_job),
        seed=CONFIG.seed,
        num_frames=CONFIG.data.frames_per_group,
        code=code_digest("optics/render.py"),
    script:
        "../scripts/render_blur.py"
