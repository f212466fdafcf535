"""What is on the local page, and what happens when a photo is dropped on it."""

from __future__ import annotations

import argparse
import html
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gradio

SAMPLES = {
    "Rocket, a built-in scene": "rocket.jpg",
    "Cat, a built-in scene": "cat.jpg",
    "Clock, a photograph": "clock.jpg",
}
SAMPLES_FOLDER = Path(__file__).parent / "samples"
SIZES = {"Whole size": 1.0, "Half size": 0.5, "Quarter size": 0.25}
PREVIEW_SIDE = 1600


def build_page(options: argparse.Namespace, results: Path) -> gradio.Blocks:
    """Put the page together.

    Parameters
    ----------
    results : folder for what is made; it is deleted by others
    """
    import gradio

    # Served where they lie: copies would be deleted with all that is older than an hour.
    gradio.set_static_paths([SAMPLES_FOLDER])
    cameras = available_cameras(options.weights)
    work = PhotoWork(options, results)
    with gradio.Blocks(title="unsmear", analytics_enabled=False) as page:
        gradio.Markdown(
            "# unsmear\nSeven sharp frames from one motion-blurred photo. "
            "It is computed on this machine, and deleted after an hour."
        )
        previews, kept = gradio.State([]), gradio.State(None)
        with gradio.Row():
            with gradio.Column(min_width=280):
                photo = gradio.File(
                    label="Your photo", file_types=["image", ".heic", ".heif", ".avif"], height=160, elem_id="photo"
                )
                sample_buttons = [
                    (gradio.Button(name, size="sm", icon=str(SAMPLES_FOLDER / file)), SAMPLES_FOLDER / file)
                    for name, file in SAMPLES.items()
                ]
            with gradio.Column(min_width=280):
                camera = gradio.Radio(
                    cameras,
                    value=cameras[0],
                    label="Camera",
                    info="Masked: through the phase mask; phones and usual cameras are standard.",
                    visible=len(cameras) > 1,
                )
                size = gradio.Radio(
                    list(SIZES),
                    value="Whole size",
                    label="Size",
                    info="A smaller size is faster, and shortens a long blur.",
                )
                start = gradio.Button("Make it sharp", variant="primary", elem_id="start")
                trouble = gradio.HTML(elem_id="trouble", visible=False)
        with gradio.Column(visible=False) as shown:
            compare = gradio.ImageSlider(label="Blurry and sharp", interactive=False, elem_id="compare", max_height=700)
            number = gradio.Slider(1, 7, value=4, step=1, label="Frame", elem_id="frame")
            notes = gradio.Markdown()
            film = gradio.Video(label="Film", interactive=False, loop=True, elem_id="film")
            files = gradio.File(label="To download: frames, MP4, GIF", file_count="multiple", interactive=False)

        def make(photo: Any, camera: str, size: str, progress: Any = gradio.Progress()) -> Any:  # noqa: B008
            try:
                if photo is None:
                    raise ValueError("drop a photo first, or choose a sample")
                made = work(Path(photo), camera, SIZES[size], lambda done, total: progress((done, total), unit="tiles"))
            except ValueError as error:
                said = gradio.HTML(f'<p role="alert">{html.escape(str(error))}</p>', visible=True)
                return [said, gradio.Column(visible=False), *[gradio.skip()] * len(results_of_photo)]
            middle = (len(made.previews) + 1) // 2
            return [
                gradio.HTML("", visible=False),
                gradio.Column(visible=True),
                (made.blurry, made.previews[middle - 1]),
                gradio.Slider(1, len(made.previews), value=middle, step=1),
                "\n".join(f"- {note}" for note in made.notes),
                made.film,
                made.files,
                made.previews,
                made.blurry,
            ]

        def choose(previews: list[str], blurry: str | None, number: float) -> Any:
            return (blurry, previews[int(number) - 1]) if blurry and previews else None

        results_of_photo = [compare, number, notes, film, files, previews, kept]
        start.click(
            make,
            [photo, camera, size],
            [trouble, shown, *results_of_photo],
            api_visibility="private",
            concurrency_id="work",
            # The results, where it would be by default, are not shown before they are there.
            show_progress_on=photo,
        )
        for button, path in sample_buttons:
            button.click(lambda path=path: str(path), None, photo, api_visibility="private")
        number.input(choose, [previews, kept, number], compare, api_visibility="private", show_progress="hidden")
    return page


class MadePhoto:
    """What the page shows of one photo: paths of files."""

    def __init__(self, blurry: Path, previews: Sequence[Path], film: Path, files: Sequence[Path], notes: Sequence[str]):
        self.blurry, self.film = str(blurry), str(film)
        self.previews, self.files = [str(p) for p in previews], [str(p) for p in files]
        self.notes = notes


class PhotoWork:
    """Turns an uploaded photo into files for the page."""

    def __init__(self, options: argparse.Namespace, results: Path) -> None:
        self.options, self.results = options, results

    def __call__(self, photo: Path, camera: str, scale: float, progress: Any) -> MadePhoto:
        """Make the files of one photo.

        Raises
        ------
        ValueError
            In the words of the command, with the photo's name instead of its path.
        """
        from unsmear.photos.picture import Picture
        from unsmear.photos.reconstruct import reconstruct
        from unsmear.photos.save import Output, choose_folder, save_reconstruction, write_picture
        from unsmear.photos.video import fit

        try:
            result = reconstruct(
                photo,
                camera=camera,  # type: ignore[arg-type]
                weights=self.options.weights,
                scale=scale,
                device=self.options.device,
                max_pixels=int(self.options.max_megapixels * 1e6),
                max_bytes=int(self.options.max_megabytes * 2**20),
                progress=progress,
            )
        except (ValueError, OSError) as error:
            raise ValueError(str(error).replace(str(photo), photo.name)) from None
        self.results.mkdir(parents=True, exist_ok=True)
        folder = choose_folder(photo.name, tempfile.mkdtemp(dir=self.results), (), False)
        files = save_reconstruction(result, folder, Output(("mp4", "gif")))
        previews = [folder / f"preview_{index}.jpg" for index in range(len(result.frames) + 1)]
        for path, pixels in zip(previews, (result.blurry, *result.frames), strict=True):
            write_picture(fit(pixels, PREVIEW_SIDE), path, Picture(pixels), {"format": "JPEG", "quality": 92})
        film = next(path for path in files if path.suffix == ".mp4")
        return MadePhoto(previews[0], previews[1:], film, files, result.notes)


def available_cameras(weights: Sequence[Path] | None) -> list[str]:
    """Cameras whose weights are there.

    Raises
    ------
    ValueError
        If there are none.
    """
    from unsmear.weights.load import CAMERAS, shipped_weights

    if weights:
        return ["standard"]
    found, reason = [], None
    for camera in CAMERAS:
        try:
            shipped_weights(camera)
            found.append(camera)
        except ValueError as error:
            reason = error
    if not found:
        raise ValueError(str(reason))
    return found
