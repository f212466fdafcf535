"""From footage to a comparison of cameras: seven sharp frames from one blurry picture."""

from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.current_basedir}/config.yaml"


include: "workflow/rules/common.smk"


if CONFIG.container:

    container: CONFIG.container


include: "workflow/rules/resources.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/optics.smk"
include: "workflow/rules/render.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/sweep.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/tracking.smk"


# `localrule`, here and there: what takes seconds asks no cluster.
rule all:
    default_target: True
    input:
        paths.PAGE,
        fill(paths.TABLE, suffix="md"),
    localrule: True


onstart:
    begin_run()
    FOLLOWER.start()


onsuccess:
    FOLLOWER.finish()
    show_results()


onerror:
    FOLLOWER.finish()
