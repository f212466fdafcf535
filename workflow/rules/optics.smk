rule simulate_camera:
    output:
        psfs="results/cameras/{camera}/psfs.npy",
        camera="results/cameras/{camera}/camera.json",
        figure="results/cameras/{camera}/psfs.png",
    log:
        "results/logs/simulate_camera/{camera}.log",
    conda:
        "../../envs/data.yaml"
    params:
        camera=lambda wildcards: section(CONFIG.camera(wildcards.camera)),
        num_frames=CONFIG.data.frames_per_group,
        code=code_digest("optics"),
    script:
        "../scripts/simulate_camera.py"
