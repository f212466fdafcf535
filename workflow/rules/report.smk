rule compare:
    input:
        tables=REPORT.collect("per_frame"),
        baselines=[fill(paths.BASELINES, evaluated=name) for name in PLAN.all_evaluated],
        outcomes=REPORT.collect("outcomes"),
        groups=paths.GROUPS,
        frames=PLAN.sequences.of_split(paths.FRAMES, "test"),
    output:
        csv=fill(paths.TABLE, suffix="csv"),
        md=fill(paths.TABLE, suffix="md"),
        tex=fill(paths.TABLE, suffix="tex"),
    log:
        "results/logs/compare.log",
    conda:
        "../../envs/report.yaml"
    resources:
        **needs_torch(30),
    params:
        systems=REPORT.rows,
        baselines_split=EVALUATION.fitting_split,
        evaluation=EVALUATION.intervals,
        config_text=no_trigger(PLAN.config_text),
        code=code_digest("comparison/compare.py"),
    script:
        "../scripts/compare.py"


rule draw_figures:
    input:
        tables=REPORT.collect("per_frame"),
        metrics=REPORT.collect("metrics"),
        robustness=list(REPORT.robustness.values()),
    output:
        [
            report(
                fill(paths.FIGURE, figure=name),
                caption=f"../report/{name}.rst",
                category="Figures",
                labels={"figure": name.replace("_", " ")},
            )
            for name in REPORT.figures
        ],
    log:
        "results/logs/draw_figures.log",
    conda:
        "../../envs/report.yaml"
    resources:
        **needs_torch(20),
    params:
        systems=REPORT.systems,
        robustness=REPORT.robustness,
        report=section(CONFIG.report, include={"labels", "figure_dpi"}),
        evaluation=EVALUATION.intervals,
        code=code_digest("report/figures.py", "report/curves.py"),
    script:
        "../scripts/draw_figures.py"


rule draw_gallery:
    input:
        tables=REPORT.collect("per_frame"),
        weights=REPORT.collect("weights"),
        groups=paths.GROUPS,
        frames=PLAN.sequences.of_split(paths.FRAMES, "test"),
        blur=[
            path for camera in PLAN.cameras_used for path in PLAN.blur(camera, "test")
        ],
        cameras=[
            path
            for camera in PLAN.cameras_used
            for path in PLAN.camera_files(camera).values()
        ],
    output:
        json=paths.GALLERY,
        figures=[
            report(
                fill(paths.FIGURE, figure=f"{name}_{kind}"),
                caption="../report/panel.rst",
                category="Pictures",
                labels={"frame group": name.replace("_", " "), "shows": text},
            )
            for name in REPORT.gallery
            for kind, text in (("middle", "middle frame"), ("frames", "all frames"))
        ],
        videos=[
            report(
                fill(paths.VIDEO, name=name, ending=ending, suffix=suffix),
                caption="../report/video.rst",
                category="Videos",
                labels={
                    "frame group": name.replace("_", " "),
                    "shows": text,
                    "format": suffix,
                },
            )
            for name in REPORT.gallery
            for ending, text in REPORT.videos.items()
            for suffix in REPORT.video_suffixes
        ],
        posters=[fill(paths.POSTER, name=name) for name in REPORT.gallery],
        slider=directory(paths.SLIDER),
    log:
        "results/logs/draw_gallery.log",
    conda:
        "../../envs/report.yaml"
    resources:
        **needs(DEMANDS.drawing),
    params:
        systems=REPORT.systems,
        cameras=REPORT.cameras,
        frames=lambda wildcards, input: str(Path(input.frames[0]).parent),
        report=section(CONFIG.report, exclude={"title"}),
        evaluation=EVALUATION.scoring,
        code=code_digest("report/gallery.py"),
    script:
        "../scripts/draw_gallery.py"


rule draw_sweep:
    input:
        trials=of(PLAN.trials.files),
        hparams=fill(paths.HPARAMS, run=paths.FINAL),
    output:
        trials=report(
            f"{paths.SWEEP_REPORT}/trials.csv",
            caption="../report/sweep_trials.rst",
            category="Sweeps",
        ),
        hparams=report(
            f"{paths.SWEEP_REPORT}/hparams.csv",
            caption="../report/sweep_hparams.rst",
            category="Sweeps",
        ),
        figure=report(
            f"{paths.SWEEP_REPORT}/objective.png",
            caption="../report/sweep_objective.rst",
            category="Sweeps",
        ),
    log:
        "results/logs/draw_sweep/{system}/{stage}.log",
    localrule: True
    conda:
        "../../envs/train.yaml"
    params:
        sweep=of(PLAN.trials.section_of),
        folders=of(PLAN.trials.folders),
        report=section(CONFIG.report, include={"figure_dpi"}),
        code=code_digest("report/sweeps.py"),
    script:
        "../scripts/draw_sweep.py"


# Digest of the code of each rule so far, for the record.
CODES = {
    each.name: each.params.code
    for each in workflow.rules
    if hasattr(each.params, "code")
}


rule write_report:
    input:
        table=fill(paths.TABLE, suffix="csv"),
        gallery=paths.GALLERY,
        figures=[fill(paths.FIGURE, figure=name) for name in REPORT.figures],
        cameras=[path for files in REPORT.camera_figures.values() for path in files],
        costs=list(REPORT.of_networks(paths.COST).values()),
        sweeps=REPORT.sweep_files,
        differences=list(REPORT.of_networks(paths.DIFFERENCES).values()),
        groups=paths.GROUPS,
        frames=PLAN.sequences.of_split(paths.FRAMES, "test"),
        motion=(
            [fill(paths.SCENE_MOTION, split="test")]
            if CONFIG.data.source == "scenes"
            else []
        ),
    output:
        page=paths.PAGE,
        assets=directory(paths.ASSETS),
        # What `unsmear compare` reads of a run.
        config=paths.REPORT_CONFIG,
        provenance=paths.PROVENANCE,
        # `snakemake --report` takes files one by one: a page that is whole without its folder.
        table=report(
            fill(paths.TABLE, suffix="html"),
            caption="../report/table.rst",
            category="Results",
            labels={"results": "table"},
        ),
    log:
        "results/logs/write_report.log",
    conda:
        "../../envs/report.yaml"
    resources:
        **needs_torch(20),
    params:
        cameras=REPORT.camera_figures,
        costs=REPORT.of_networks(paths.COST),
        sweeps=PLAN.trials.reports(),
        differences=REPORT.of_networks(paths.DIFFERENCES),
        report=section(CONFIG.report, include={"title", "labels", "gif"}),
        config_text=PLAN.config_text,
        benchmarks=no_trigger(paths.BENCHMARKS),
        codes=no_trigger(CODES),
        code=code_digest("report/page/write.py", "comparison/provenance.py"),
    script:
        "../scripts/write_report.py"
