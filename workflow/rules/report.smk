rule compare:
    input:
        tables=PER_FRAME,
        tracking=[
            path
            for entry in COMPARED
            for key in ("tracking", "evaluation_tracking")
            for path in entry.get(key, [])
        ],
        groups="results/groups.csv",
        frames=TEST_FRAMES,
    output:
        csv="results/report/table.csv",
        md="results/report/table.md",
        tex="results/report/table.tex",
    log:
        "results/logs/compare.log",
    conda:
        "../../envs/report.yaml"
    resources:
        **needs_torch(30),
    params:
        systems=COMPARED,
        evaluation=section(CONFIG.evaluation, include={"seed", *INTERVALS}),
        config_text=no_trigger(CONFIG_TEXT),
        code=code_digest("comparison/compare.py"),
    script:
        "../scripts/compare.py"


rule draw_figures:
    input:
        tables=PER_FRAME,
        metrics=[
            path for entry in COMPARED for path in entry.get("metrics", {}).values()
        ],
        robustness=list(ROBUSTNESS.values()),
    output:
        [
            report(
                f"results/report/figures/{name}.png",
                caption=f"../report/{name}.rst",
                category="Figures",
                labels={"figure": name.replace("_", " ")},
            )
            for name in FIGURES
        ],
    log:
        "results/logs/draw_figures.log",
    conda:
        "../../envs/report.yaml"
    resources:
        **needs_torch(20),
    params:
        systems=COMPARED,
        robustness=ROBUSTNESS,
        report=section(CONFIG.report),
        evaluation=section(CONFIG.evaluation, include={"seed", *INTERVALS}),
        code=code_digest("report/figures.py", "report/curves.py"),
    script:
        "../scripts/draw_figures.py"


VIDEOS = {"": "all systems", **{f"_{system}": system for system in COSTS}}
VIDEO_SUFFIXES = ["mp4", "gif"] if CONFIG.report.gif else ["mp4"]


rule draw_gallery:
    input:
        tables=PER_FRAME,
        weights=[path for entry in COMPARED for path in entry.get("weights", [])],
        groups="results/groups.csv",
        frames=TEST_FRAMES,
        blur=[
            f"results/blur/{name.removeprefix('input_')}/test/{sequence}.npy"
            for name in INPUTS
            for sequence in SEQUENCES["test"]
        ],
        cameras=[
            path
            for name in INPUTS
            for path in camera_files(name.removeprefix("input_")).values()
        ],
    output:
        json="results/report/gallery.json",
        figures=[
            report(
                f"results/report/figures/{name}_{kind}.png",
                caption="../report/panel.rst",
                category="Pictures",
                labels={"frame group": name.replace("_", " "), "shows": text},
            )
            for name in GALLERY
            for kind, text in (("middle", "middle frame"), ("frames", "all frames"))
        ],
        videos=[
            report(
                f"results/report/videos/{name}{ending}.{suffix}",
                caption="../report/video.rst",
                category="Videos",
                labels={
                    "frame group": name.replace("_", " "),
                    "shows": text,
                    "format": suffix,
                },
            )
            for name in GALLERY
            for ending, text in VIDEOS.items()
            for suffix in VIDEO_SUFFIXES
        ],
        posters=expand("results/report/videos/{name}.png", name=GALLERY),
        slider=directory("results/report/slider"),
    log:
        "results/logs/draw_gallery.log",
    conda:
        "../../envs/report.yaml"
    resources:
        **needs(drawing),
    params:
        systems=COMPARED,
        cameras={
            name.removeprefix("input_"): {
                **camera_files(name.removeprefix("input_")),
                "blur": f"results/blur/{name.removeprefix('input_')}/test",
            }
            for name in INPUTS
        },
        report=section(CONFIG.report),
        evaluation=SCORING,
        code=code_digest("report/gallery.py"),
    script:
        "../scripts/draw_gallery.py"


rule draw_sweep:
    input:
        trials=lambda wildcards: trial_files(
            trial_folders(wildcards, rounds_of(wildcards))
        ),
        hparams="results/models/{system}/{stage}/final/hparams.yaml",
    output:
        trials=report(
            "results/report/sweeps/{system}/{stage}/trials.csv",
            caption="../report/sweep_trials.rst",
            category="Sweeps",
        ),
        hparams=report(
            "results/report/sweeps/{system}/{stage}/hparams.csv",
            caption="../report/sweep_hparams.rst",
            category="Sweeps",
        ),
        figure=report(
            "results/report/sweeps/{system}/{stage}/objective.png",
            caption="../report/sweep_objective.rst",
            category="Sweeps",
        ),
    log:
        "results/logs/draw_sweep/{system}/{stage}.log",
    conda:
        "../../envs/train.yaml"
    params:
        sweep=lambda wildcards: section(sweep_of(wildcards)),
        folders=lambda wildcards: trial_folders(wildcards, rounds_of(wildcards)),
        report=section(CONFIG.report),
        code=code_digest("report/sweeps.py"),
    script:
        "../scripts/draw_sweep.py"


rule write_report:
    input:
        table="results/report/table.csv",
        gallery="results/report/gallery.json",
        figures=expand("results/report/figures/{name}.png", name=FIGURES),
        cameras=[f"results/cameras/{camera}/psfs.png" for camera in CAMERAS],
        costs=list(COSTS.values()),
        sweeps=SWEEP_TABLES,
        differences=list(DIFFERENCES.values()),
        groups="results/groups.csv",
        frames=TEST_FRAMES,
        motion=["results/scenes/test.json"] if CONFIG.data.source == "scenes" else [],
    output:
        page="results/report/index.html",
        # `snakemake --report` takes files one by one: a page that is whole without its folder.
        table=report(
            "results/report/table.html",
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
        cameras={
            camera: [f"results/cameras/{camera}/{name}.png" for name in CAMERA_FIGURES]
            for camera in CAMERAS
        },
        costs=COSTS,
        sweeps=SEARCHES,
        differences=DIFFERENCES,
        report=section(CONFIG.report),
        config_text=CONFIG_TEXT,
        code=code_digest("report/page/write.py", "comparison/provenance.py"),
    script:
        "../scripts/write_report.py"
