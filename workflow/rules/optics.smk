rule simulate_camera:
    input:
        in_place(lambda wildcards: CONFIG.camera(wildcards.camera).files),
    output:
        psfs=paths.PSFS,
        camera=paths.CAMERA,
    log:
        "results/logs/simulate_camera/{camera}.log",
    conda:
        "../../envs/data.yaml"
    resources:
        **needs(),
    params:
        camera=lambda wildcards: section(CONFIG.camera(wildcards.camera)),
        num_frames=CONFIG.data.frames_per_group,
        code=code_digest("optics/simulate.py"),
    script:
        "../scripts/simulate_camera.py"


rule draw_camera:
    input:
        psfs=paths.PSFS,
        camera=paths.CAMERA,
    output:
        figure=report(
            fill(paths.CAMERA_FIGURE, figure=CAMERA_FIGURES[0]),
            caption="../report/camera.rst",
            category="Cameras",
            labels={"camera": "{camera}"},
        ),
        others=[fill(paths.CAMERA_FIGURE, figure=name) for name in CAMERA_FIGURES[1:]],
    log:
        "results/logs/draw_camera/{camera}.log",
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        **needs(),
    params:
        code=code_digest("optics/figures.py", "optics/camera.py"),
    script:
        "../scripts/draw_camera.py"
