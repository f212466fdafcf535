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


def check_tracking():
    """Stop before anything runs if the store's address cannot be understood."""
    from unsmear.tracking.destination import resolve_destination

    try:
        if CONFIG.tracking.enabled:
            resolve_destination(CONFIG.tracking, Path("results"))
    except ValueError as error:
        raise WorkflowError(str(error)) from None


def send_waiting_records():
    """Have one process send what jobs of a cluster have left in their journals."""
    from unsmear.tracking import send_waiting

    send_waiting(CONFIG.tracking, "results")


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
