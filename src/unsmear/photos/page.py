"""What is on the local page, and what happens when a photo is dropped on it."""

from __future__ import annotations

import base64
import html
from pathlib import Path
from typing import Any

import gradio

from unsmear.photos.page_work import PhotoWork, StoppedError

SAMPLES = {
    "Rocket, a built-in scene": "rocket.jpg",
    "Cat, a built-in scene": "cat.jpg",
    "Clock, a photograph": "clock.jpg",
}
SAMPLES_FOLDER = Path(__file__).parent / "samples"
SIZES = {"Whole size": 1.0, "Half size": 0.5, "Quarter size": 0.25}


def build_page(work: PhotoWork) -> gradio.Blocks:
    """Put the page together."""
    # Served where they lie: a copy of each would fill the disk twice.
    gradio.set_static_paths([work.results])
    cameras = list(work.reconstructors)
    with gradio.Blocks(title="unsmear", analytics_enabled=False) as page:
        gradio.Markdown(
            "# unsmear\nSeven sharp frames from one motion-blurred photo. "
            "It is computed on this machine, and deleted after an hour."
        )
        previews, kept = gradio.State([]), gradio.State(None)
        with gradio.Row():
            with gradio.Column(min_width=280):
                photo = gradio.File(label="Your photo", height=160, elem_id="photo")
                sample_buttons = [
                    (gradio.Button(name, size="sm", icon=_embed(SAMPLES_FOLDER / file)), SAMPLES_FOLDER / file)
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
                running = gradio.HTML(elem_id="running")
                trouble = gradio.HTML(elem_id="trouble", visible=False)
        with gradio.Column(visible=False) as shown:
            compare = gradio.ImageSlider(interactive=False, elem_id="compare", max_height=700)
            number = gradio.Slider(1, 7, value=4, step=1, label="Frame", elem_id="frame")
            notes = gradio.Markdown()
            film = gradio.Video(label="Film", interactive=False, loop=True, buttons=["download"], elem_id="film")
            files = gradio.File(
                label="To download: frames, MP4, GIF", file_count="multiple", interactive=False, elem_id="files"
            )
        results = [compare, number, notes, film, files, previews, kept]

        def refuse(sentence: str) -> list[Any]:
            said = gradio.HTML(f'<p role="alert">{html.escape(sentence)}</p>', visible=True)
            return [said, gradio.Column(visible=False)]

        def make(
            photo: Any,
            camera: str,
            size: str,
            request: gradio.Request,
            progress: Any = gradio.Progress(),  # noqa: B008
        ) -> list[Any]:
            def tell(done: int, total: int) -> None:
                progress((done, total), "Writing frames and films" if done == total else "Computing", unit="tiles")

            try:
                if photo is None:
                    raise ValueError("no photo is here yet; drop one, or choose a sample")
                if not Path(photo).exists():
                    raise ValueError(f"{Path(photo).name} was deleted after an hour; drop it again")
                made = work(Path(photo), camera, SIZES[size], tell, request.session_hash)
            except ValueError as error:
                return [*refuse(str(error)), *[gradio.skip()] * len(results)]
            except StoppedError:
                return [gradio.skip()] * (2 + len(results))
            middle = (len(made.previews) + 1) // 2
            pictures = [str(path) for path in made.previews]
            return [
                gradio.HTML("", visible=False),
                gradio.Column(visible=True),
                gradio.ImageSlider(
                    (str(made.blurry), pictures[middle - 1]), label=f"{Path(photo).name}, blurry and sharp"
                ),
                gradio.Slider(1, len(pictures), value=middle, step=1),
                "\n".join(f"- {note}" for note in made.notes),
                made.film and str(made.film),
                [str(path) for path in made.files],
                pictures,
                str(made.blurry),
            ]

        def choose(previews: list[str], blurry: str | None, number: float) -> Any:
            if not blurry or not previews:
                return [gradio.skip()] * 3
            pair = (blurry, previews[int(number) - 1])
            if not all(Path(path).exists() for path in pair):
                return [*refuse("the frames were deleted after an hour; drop the photo again"), None]
            return [gradio.skip(), gradio.skip(), pair]

        def leave(request: gradio.Request) -> None:
            work.leave(request.session_hash)

        start.click(
            make,
            [photo, camera, size],
            [trouble, shown, *results],
            api_visibility="private",
            concurrency_id="work",
            # The results, where it would be by default, are not shown before they are there.
            show_progress_on=running,
        )
        for button, path in sample_buttons:
            button.click(lambda path=path: str(path), None, photo, api_visibility="private")
        number.input(
            choose,
            [previews, kept, number],
            [trouble, shown, compare],
            api_visibility="private",
            show_progress="hidden",
        )
        page.unload(leave)
    return page


def _embed(picture: Path) -> Any:
    """A JPEG within the page itself, as its address would tell where it lies."""
    data = base64.b64encode(picture.read_bytes()).decode()
    return {"path": picture.name, "url": f"data:image/jpeg;base64,{data}"}
