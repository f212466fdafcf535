# The grouping of one sequence follows from its own frames and the number of frames a group, so
# the table is `ancient`: another sequence's change, which rewrites it, renders nothing here anew.
rule render_blur:
    input:
        groups=ancient("results/groups.csv"),
        frames="results/frames/{split}/{sequence}.npy",
        psfs="results/cameras/{camera}/psfs.npy",
        camera="results/cameras/{camera}/camera.json",
    output:
        "results/blur/{camera}/{split}/{sequence}.npy",
    log:
        "results/logs/render_blur/{camera}/{split}/{sequence}.log",
    conda:
        "../../envs/data.yaml"
    params:
        seed=CONFIG.seed,
        num_frames=CONFIG.data.frames_per_group,
        code=code_digest("optics", "frames/store.py", "frames/grouping.py"),
    script:
        "../scripts/render_blur.py"
