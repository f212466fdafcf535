# The groups of a sequence follow from its own frames, so the table of all groups is no input:
# another sequence's change, which rewrites it, renders nothing here anew.
rule render_blur:
    input:
        frames="results/frames/{split}/{sequence}.npy",
        psfs="results/cameras/{camera}/psfs.npy",
        camera="results/cameras/{camera}/camera.json",
    output:
        blur="results/blur/{camera}/{split}/{sequence}.npy",
        # Which frames it was rendered from.
        note="results/blur/{camera}/{split}/{sequence}.json",
    log:
        "results/logs/render_blur/{camera}/{split}/{sequence}.log",
    conda:
        "../../envs/data.yaml"
    resources:
        **needs(rendering),
    params:
        seed=CONFIG.seed,
        num_frames=CONFIG.data.frames_per_group,
        code=code_digest("optics/render.py"),
    script:
        "../scripts/render_blur.py"
