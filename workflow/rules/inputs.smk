# What goes into a rule: functions of its wildcards, and tables that several rules share.


PERCEPTUAL = "results/losses/vgg16.safetensors"
CAMERA_FIGURES = ["psfs", "encircled_energy", "mtf", "streak"]


def train_inputs(wildcards):
    camera = camera_of(wildcards.system)
    sequences = [
        f"{split}/{name}.npy" for split in ("train", "val") for name in SEQUENCES[split]
    ]
    stages = CONFIG.stages(wildcards.system)
    init = CONFIG.init_of(wildcards.system, wildcards.stage)
    if init == "pretrained":
        init = f"results/models/pretrained/{wildcards.stage}/final/weights.safetensors"
    needs_perceptual = CONFIG.needs_perceptual(wildcards.system, wildcards.stage)
    return {
        **({"init": init} if init else {}),
        **({"perceptual": PERCEPTUAL} if needs_perceptual else {}),
        **camera_files(camera),
        "frames": [f"results/frames/{path}" for path in sequences],
        "blur": [f"results/blur/{camera}/{path}" for path in sequences],
        "predecessors": [
            f"results/models/{wildcards.system}/{name}/final/weights.safetensors"
            for name in find_predecessors(stages, wildcards.stage)
        ],
        "states": starting_states(wildcards),
    }


def sweep_of(wildcards):
    return CONFIG.sweep_of(wildcards.system, wildcards.stage)


def is_search(entry):
    return isinstance(entry, SweepConfig)


def final_steps(wildcards):
    return CONFIG.hparams(wildcards.system, wildcards.stage).steps


def trial_folders(wildcards, rounds):
    """Folders of all trials of some rounds, numbered from 1."""
    return [
        f"results/models/{wildcards.system}/{wildcards.stage}/trials/{trial_name(number, trial)}"
        for number in rounds
        for trial in range(1, sweep_of(wildcards).rounds[number - 1].trials + 1)
    ]


def rounds_of(wildcards, before=None):
    """Numbers of a searched stage's rounds, or of those before one."""
    entry = sweep_of(wildcards)
    return range(1, before or (len(entry.rounds) + 1 if is_search(entry) else 1))


def trial_files(folders):
    return [
        f"{folder}/{name}"
        for folder in folders
        for name in ("hparams.yaml", "metrics.csv", "tracking.json")
    ]


def heirs_of(wildcards):
    """Systems that train the reused winner's values anew."""
    entry = sweep_of(wildcards)
    if not is_search(entry) or not entry.reuse:
        return []
    return CONFIG.heirs(wildcards.system, wildcards.stage)


def starting_states(wildcards):
    """Saved states of trials; which one a training goes on from, if any, stands in its hparams.yaml."""
    entry = sweep_of(wildcards)
    if not is_search(entry):
        return []
    rounds = entry.starting_rounds(wildcards.run, final_steps(wildcards))
    return [f"{folder}/state.pt" for folder in trial_folders(wildcards, rounds)]


def runs_that_save():
    """Pattern of the trials that save their state for a later run; without any, one that matches nothing."""
    patterns = [
        # What stands before it makes the pattern one of this system and stage alone.
        rf"(?<=/{entry.system}/{entry.stage}/)trials/r{number}-t\d+"
        for entry in CONFIG.sweep
        if is_search(entry)
        for number in entry.saved_rounds(final_steps(entry))
    ]
    return "|".join(patterns) or r"(?!)"


RUNS_THAT_SAVE = runs_that_save()
SEARCHES = [
    {
        "system": entry.system,
        "stage": entry.stage,
        "folder": f"results/report/sweeps/{entry.system}/{entry.stage}",
        "heirs": CONFIG.heirs(entry.system, entry.stage),
    }
    for entry in CONFIG.sweep
    if is_search(entry)
]
SWEEP_TABLES = [
    f"{entry['folder']}/{name}"
    for entry in SEARCHES
    for name in ("trials.csv", "hparams.csv", "objective.png")
]


def selection_inputs(wildcards):
    """A searched stage waits for its trials, an inheriting one for the other system's choice."""
    entry = sweep_of(wildcards)
    if is_search(entry):
        return {"trials": trial_files(trial_folders(wildcards, rounds_of(wildcards)))}
    if isinstance(entry, InheritConfig):
        return {
            "inherited": f"results/models/{entry.inherit}/{entry.stage}/final/hparams.yaml"
        }
    return {}


PARTS = split_into_parts(SEQUENCES["test"], CONFIG.evaluation.sequences_per_job)
LPIPS = {
    variant: f"results/lpips/{variant}.safetensors"
    for variant in CONFIG.evaluation.lpips
}


def lpips_identity(variant):
    """What makes a variant another one: its SHA-256, and whether local files are there."""
    files = CONFIG.evaluation.lpips[variant]
    there = [
        is_url(path) or Path(path).expanduser().is_file()
        for path in (files.trunk, files.linear)
    ]
    return [files.trunk_sha256, files.linear_sha256, *there]


INTERVALS = {"num_resamples", "confidence"}
SCORING = section(
    CONFIG.evaluation, exclude={"sequences_per_job", "lpips", "robustness", *INTERVALS}
)


def sequence_records(camera, part):
    return [
        {
            "split": "test",
            "sequence": sequence,
            "frames": f"results/frames/test/{sequence}.npy",
            "blur": f"results/blur/{camera}/test/{sequence}.npy",
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


def robustness_frames():
    """Stores of the first test sequences, as many as the curve takes."""
    settings = CONFIG.evaluation.robustness
    chosen = SEQUENCES["test"][: settings.sequences if settings else 0]
    return [f"results/frames/test/{sequence}.npy" for sequence in chosen]


def gather_inputs(wildcards):
    """Tables of the sequences; for the record also data, camera and, of a system, its weights."""
    name = wildcards.evaluated
    trained = name in EVALUATED
    camera = camera_of(name) if trained else name.removeprefix("input_")
    return {
        "tables": [f"results/evaluation/{name}/parts/{part}.csv" for part in PARTS],
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
GALLERY = CONFIG.report.gallery_names


def evaluation_files(names):
    """What evaluations of a system, or of its repeats, wrote."""
    folders = [f"results/evaluation/{name}" for name in names]
    return {
        "per_frame": [f"{folder}/per_frame.csv" for folder in folders],
        "evaluation_tracking": [f"{folder}/tracking.json" for folder in folders],
    }


def compared_systems():
    """The rows of the table: each camera's plain picture, the released networks, then each system with its repeats."""
    inputs = [
        {
            "system": name,
            "camera": name.removeprefix("input_"),
            "kind": "input",
            **evaluation_files([name]),
        }
        for name in INPUTS
    ]
    pretrained = [
        {
            "system": name,
            "camera": camera_of(name),
            "kind": "pretrained",
            **evaluation_files([name]),
            "weights": final_weights(name),
        }
        for name in EVALUATED
        if name not in SYSTEMS
    ]
    trained = [
        {
            "system": system.name,
            "camera": system.camera,
            "kind": "trained",
            **evaluation_files(system.repeats),
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
    return inputs + pretrained + trained


COMPARED = compared_systems()
PER_FRAME = [path for entry in COMPARED for path in entry["per_frame"]]
COSTS = {
    entry["system"]: f"results/evaluation/{entry['system']}/cost.json"
    for entry in COMPARED
    if entry["kind"] != "input"
}
ROBUSTNESS = {
    system.name: f"results/evaluation/{system.name}/robustness.csv"
    for system in CONFIG.systems
    if CONFIG.evaluation.robustness and CONFIG.camera(system.camera).has_pupil
}
DIFFERENCES = {
    system: path.replace("cost.json", "differences.json")
    for system, path in COSTS.items()
}
FIGURES = [
    "psnr_per_frame",
    "direction",
    "scatter",
    *(["robustness"] if ROBUSTNESS else []),
    "training_curves",
]
TEST_FRAMES = [f"results/frames/test/{sequence}.npy" for sequence in SEQUENCES["test"]]
