# What goes into a rule: functions of its wildcards, and tables that several rules share.


CAMERA_FIGURES = ["psfs", "encircled_energy", "mtf", "streak"]


def train_inputs(wildcards):
    camera = camera_of(wildcards.system)
    sequences = [
        f"{split}/{name}.npy" for split in ("train", "val") for name in SEQUENCES[split]
    ]
    stages = CONFIG.stages(wildcards.system)
    return {
        **camera_files(camera),
        "frames": [f"results/frames/{path}" for path in sequences],
        "blur": [f"results/blur/{camera}/{path}" for path in sequences],
        "predecessors": [
            f"results/models/{wildcards.system}/{name}/final/weights.safetensors"
            for name in find_predecessors(stages, wildcards.stage)
        ],
    }


def sweep_of(wildcards):
    return CONFIG.sweep_of(wildcards.system, wildcards.stage)


def trial_folders(wildcards, rounds):
    """Folders of all trials of the first so many rounds."""
    return [
        f"results/models/{wildcards.system}/{wildcards.stage}/trials/r{number}-t{trial}"
        for number, entry in enumerate(sweep_of(wildcards).rounds[:rounds], start=1)
        for trial in range(1, entry.trials + 1)
    ]


def trial_files(wildcards, rounds):
    return [
        f"{folder}/{name}"
        for folder in trial_folders(wildcards, rounds)
        for name in ("hparams.yaml", "metrics.csv")
    ]


def sweep_section(wildcards):
    return section(sweep_of(wildcards))


def selection_inputs(wildcards):
    """A searched stage waits for its trials, an inheriting one for the other system's choice."""
    entry = sweep_of(wildcards)
    if isinstance(entry, SweepConfig):
        return {
            "trials": trial_files(wildcards, len(entry.rounds)),
            "sweep": f"results/models/{wildcards.system}/{wildcards.stage}/trials/sweep.yaml",
        }
    if isinstance(entry, InheritConfig):
        return {
            "inherited": f"results/models/{entry.inherit}/{entry.stage}/final/hparams.yaml"
        }
    return {}


PARTS = split_into_parts(SEQUENCES["test"], CONFIG.evaluation.sequences_per_job)
SCORING = section(
    CONFIG.evaluation, exclude={"sequences_per_job", "num_resamples", "confidence"}
)


def sequence_records(system, camera, part):
    return [
        {
            "split": "test",
            "sequence": sequence,
            "frames": f"results/frames/test/{sequence}.npy",
            "blur": f"results/blur/{camera}/test/{sequence}.npy",
            "output": f"results/evaluation/{system}/sequences/{sequence}.csv",
        }
        for sequence in PARTS[part]
    ]


def sequence_files(camera, part):
    return {
        **camera_files(camera),
        "frames": [f"results/frames/test/{sequence}.npy" for sequence in PARTS[part]],
        "blur": [
            f"results/blur/{camera}/test/{sequence}.npy" for sequence in PARTS[part]
        ],
    }


def gather_inputs(wildcards):
    """Tables of the sequences; for the record also data, camera and, of a system, its weights."""
    name = wildcards.evaluated
    trained = name in SYSTEMS
    camera = camera_of(name) if trained else name.removeprefix("input_")
    return {
        "tables": [
            f"results/evaluation/{name}/sequences/{sequence}.csv"
            for sequence in SEQUENCES["test"]
        ],
        "frames": [
            f"results/frames/test/{sequence}.npy" for sequence in SEQUENCES["test"]
        ],
        "blur": [
            f"results/blur/{camera}/test/{sequence}.npy"
            for sequence in SEQUENCES["test"]
        ],
        **camera_files(camera),
        "weights": final_weights(name) if trained else [],
    }


CONFIG_TEXT = yaml.safe_dump(
    section(CONFIG, exclude={"tracking", "cluster"}), sort_keys=False
)
GALLERY = gallery_names(CONFIG.report)
FIGURES = ["psnr_per_frame", "direction", "scatter"]


def compared_systems():
    """The rows of the table: each camera's plain picture, then each system with its repeats."""
    inputs = [
        {
            "system": name,
            "camera": name.removeprefix("input_"),
            "kind": "input",
            "per_frame": [f"results/evaluation/{name}/per_frame.csv"],
        }
        for name in INPUTS
    ]
    trained = [
        {
            "system": system.name,
            "camera": system.camera,
            "kind": "trained",
            "per_frame": [
                f"results/evaluation/{name}/per_frame.csv" for name in system.repeats
            ],
            "weights": final_weights(system.name),
            "tracking": [
                f"results/models/{name}/{stage.name}/final/tracking.json"
                for name in system.repeats
                for stage in CONFIG.stages(name)
            ],
            "metrics": {
                stage.name: f"results/models/{system.name}/{stage.name}/final/metrics.csv"
                for stage in CONFIG.stages(system.name)
            },
        }
        for system in CONFIG.systems
    ]
    return inputs + trained


COMPARED = compared_systems()
PER_FRAME = [path for entry in COMPARED for path in entry["per_frame"]]
COSTS = {
    system.name: f"results/evaluation/{system.name}/cost.json"
    for system in CONFIG.systems
}
TEST_FRAMES = [f"results/frames/test/{sequence}.npy" for sequence in SEQUENCES["test"]]
