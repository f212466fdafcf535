import logging

import _src

_src.start(snakemake)

from unsmear.tracking.follow import sync

report = sync(snakemake.params.tracking, snakemake.params.results)
logging.info("%d of %d runs are fully recorded", report.num_runs - len(report.pending), report.num_runs)
if report.pending:
    raise ValueError(
        f"records of {len(report.pending)} runs are not sent yet ({', '.join(map(str, report.pending[:3]))}); "
        "they stay in the journals: try again when the store is reachable"
    )
