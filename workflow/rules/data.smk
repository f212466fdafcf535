if CONFIG.data.source == "scenes":
    # One's own pictures: a scene is made anew when they change.
    PHOTOGRAPHS = PLAN.photographs

    rule make_scenes:
        input:
            in_place(PHOTOGRAPHS),
        output:
            kept_or_temp(paths.ARCHIVE),
        log:
            "results/logs/make_scenes/{archive}.log",
        benchmark:
            f"{paths.BENCHMARKS}/make_scenes/{{archive}}.tsv"
        conda:
            "../../envs/data.yaml"
        resources:
            **needs(),
        params:
            scenes=section(CONFIG.scenes),
            seed=CONFIG.seed,
            code=code_digest("scenes/archives.py"),
        script:
            "../scripts/make_scenes.py"

    rule measure_motion:
        input:
            in_place(PHOTOGRAPHS),
        output:
            paths.SCENE_MOTION,
        log:
            "results/logs/measure_motion/{split}.log",
        conda:
            "../../envs/data.yaml"
        resources:
            **needs(),
        params:
            scenes=section(CONFIG.scenes),
            seed=CONFIG.seed,
            num_frames=CONFIG.data.frames_per_group,
            code=code_digest("scenes/archives.py"),
        script:
            "../scripts/measure_motion.py"


if CONFIG.data.source == "reds":

    # Mirrors, retries and the list of sequences decide nothing about an archive that is there.
    rule download_reds:
        output:
            kept_or_temp(paths.ARCHIVE),
        log:
            "results/logs/download_reds/{archive}.log",
        conda:
            "../../envs/data.yaml"
        # The profile allows two at once: each has several connections already.
        resources:
            **needs(Demand(SMALL_MB, 12 * 60)),
            downloads=1,
        params:
            reds=no_trigger(section(CONFIG.data.reds)),
        script:
            "../scripts/download_reds.py"


# Built-in scenes are small: one job takes all of them.
rule extract_sequence:
    input:
        in_place(
            lambda wildcards: sorted(
                {r.archive for r in PLAN.sequences.of_job(**dict(wildcards.items()))}
            )
        ),
    output:
        PLAN.sequences.outputs(paths.FRAMES),
    log:
        f"results/logs/extract_sequence/{PLAN.sequences.job_name}.log",
    benchmark:
        f"{paths.BENCHMARKS}/extract_sequence/{PLAN.sequences.job_name}.tsv"
    # Frames come before further archives, so that temporary archives go early.
    priority: 1
    conda:
        "../../envs/data.yaml"
    resources:
        **needs(DEMANDS.extraction),
    params:
        records=of(PLAN.sequences.values_of_job),
        max_frames=CONFIG.data.max_frames,
        max_height=CONFIG.data.max_height,
        # Videos and folders may lack frames; groups then decide which of the others are kept.
        num_frames=(
            CONFIG.data.frames_per_group
            if CONFIG.data.source in ("videos", "folders")
            else None
        ),
        may_rest=CONFIG.data.source == "scenes",
        code=code_digest("frames/extract.py"),
    script:
        "../scripts/extract_sequence.py"


rule group_frames:
    input:
        PLAN.sequences.files_of_job(paths.FRAMES),
    output:
        paths.GROUPS,
    log:
        "results/logs/group_frames.log",
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        **needs(),
    params:
        num_frames=CONFIG.data.frames_per_group,
        code=code_digest("frames/grouping.py"),
    script:
        "../scripts/group_frames.py"
