import logging

import _src

_src.start(snakemake)

from unsmear.tracking import TrackingConfig, sync_journals

tracking = snakemake.params.tracking
config = TrackingConfig.model_validate(tracking["config"])
report = sync_journals(tracking["root"], config)
if not config.enabled:
    logging.info("tracking.enabled is false: nothing is sent")
logging.info("%d of %d runs are fully recorded", report.num_synced, report.num_runs)
if report.busy:
    logging.info("%d runs are being sent by their own jobs, or by another sync_tracking", len(report.busy))
if not report.complete:
    raise ValueError(
        f"records of {len(report.pending)} runs are not sent yet ({', '.join(report.pending[:3])}, ...); "
        "they stay in the journals: try again when the store is reachable"
    )
