from unsmear.tracking.follow import Follower


# Asked for by name: sends what jobs have recorded and could not send.
rule sync_tracking:
    log:
        "results/logs/sync_tracking.log",
    localrule: True
    conda:
        "../../envs/train.yaml"
    params:
        tracking=no_trigger(section(CONFIG.tracking)),
        results=RESULTS,
    script:
        "../scripts/sync_tracking.py"


# Sends what jobs record, while the workflow runs.
FOLLOWER = Follower(CONFIG.tracking, RESULTS)
