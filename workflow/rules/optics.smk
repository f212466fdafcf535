rule simulate_camera:
    input:
        lambda wildcards: CONFIG.camera(wildcards.camera).files,
    output:
        psfs="results/cameras/{camera}/psfs.npy",
        camera="results/cameras/{camera}/camera.json",
    log:
        "results/logs/simulate_camera/{camera}.log",
    conda:
        "../../envs/data.yaml"
    resources:
        **needs(),
    params:
        camera=lambda wildcards: section(CONFIG.camera(wildcards.camera)),
        num_frames=CONFIG.data.frames_per_group,
        code=code_digest("optics/camera.py"),
    script:
        "../scripts/simulate_camera.py"


rule draw_camera:
    input:
        psfs="results/cameras/{camera}/psfs.npy",
        camera="results/cameras/{camera}/camera.json",
    output:
        figure=report(
            "results/cameras/{camera}/psfs.png",
            caption="../report/camera.rst",
            category="Cameras",
            labels={"camera": "{camera}"},
        ),
        others=[f"results/cameras/{{camera}}/{name}.png" for name in CAMERA_FIGURES[1:]],
    log:
        "results/logs/draw_camera/{camera}.log",
    conda:
        "../../envs/data.yaml"
    resources:
        **needs(),
    params:
        code=code_digest("optics/figures.py", "optics/camera.py"),
    script:
        "../scripts/draw_camera.py"
