import yaml

# What every recorded run shares; where records go does not change a result.
TRACKING |= {
    "config_text": yaml.safe_dump(
        section(
            CONFIG, exclude={"tracking": {"uri", "artifact_location"}, "cluster": True}
        ),
        sort_keys=False,
    )
}


localrules:
    sync_tracking,


# Asked for by name: sends what jobs have recorded and could not send.
rule sync_tracking:
    log:
        "results/logs/sync_tracking.log",
    conda:
        "../../envs/train.yaml"
    params:
        tracking=no_trigger(TRACKING),
    script:
        "../scripts/sync_tracking.py"
