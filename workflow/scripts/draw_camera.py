import _src

_src.start(snakemake)

from unsmear.optics.camera import Camera
from unsmear.optics.figures import draw_camera

draw_camera(Camera.load(snakemake.input.psfs, snakemake.input.camera), snakemake.output.figure)
