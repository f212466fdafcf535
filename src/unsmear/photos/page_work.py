"""What the local page does with a photo: files for it to show, or a sentence."""

from __future__ import annotations

import argparse
import re
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unsmear.out_of_memory import is_out_of_memory
from unsmear.photos.picture import Picture
from unsmear.photos.reconstruction import Reconstruction
from unsmear.photos.reconstructor import Reconstructor
from unsmear.photos.save import Output, choose_folder, save_reconstruction, write_picture
from unsmear.photos.sources import read_photo
from unsmear.photos.video import fit
from unsmear.weights.load import CAMERAS, shipped_file

PREVIEW_SIDE = 1600
# Folders in front of a name, which say nothing to a visitor.
_FOLDERS = re.compile(r"(?<![\w:/.])/(?:[^/\s]*/)*")


class StoppedError(Exception):
    """Nobody waits for the photo any more."""


@dataclass(frozen=True)
class MadePhoto:
    """Files of one photo.

    Attributes
    ----------
    blurry, previews : the photo and its frames, as JPEG of at most ``PREVIEW_SIDE`` px a side
    film : MP4; None where there is one frame alone
    files : to download
    notes : what a person should know
    """

    blurry: Path
    previews: Sequence[Path]
    film: Path | None
    files: Sequence[Path]
    notes: Sequence[str]


class PhotoWork:
    """Turns uploaded photos into files for the page, one at a time.

    Parameters
    ----------
    options : of ``unsmear app``
    results : folder for what is made; it is deleted by others

    Raises
    ------
    ValueError
        If the weights or the device cannot be used.
    """

    def __init__(self, options: argparse.Namespace, results: Path) -> None:
        cameras = ["standard"] if options.weights else [c for c in CAMERAS if shipped_file(c, "center").exists()]
        self.results = results
        self.max_pixels, self.max_bytes = int(options.max_megapixels * 1e6), int(options.max_megabytes * 2**20)
        self.reconstructors = {
            camera: Reconstructor(camera, options.weights, options.device)  # type: ignore[arg-type]
            for camera in cameras or CAMERAS
        }
        self._busy, self._stopped = threading.Lock(), threading.Event()
        self._visitor: str | None = None

    def __call__(
        self, photo: Path, camera: str, scale: float, progress: Callable[[int, int], None], visitor: str | None = None
    ) -> MadePhoto:
        """Make the files of one photo.

        Parameters
        ----------
        progress : is told how many stages of tiles are done, and of how many
        visitor : who waits for it

        Raises
        ------
        ValueError
            In the words of the command, without a path of this machine.
        StoppedError
            If the visitor left, or the page is closed.
        """

        def go_on(done: int, total: int) -> None:
            if self._stopped.is_set() or visitor != self._visitor:
                raise StoppedError
            progress(done, total)

        with self._busy:
            self._visitor = visitor
            go_on(0, 1)
            try:
                picture = read_photo(photo, None, self.max_pixels, self.max_bytes)
                return self._save(self.reconstructors[camera](picture, scale=scale, progress=go_on), photo.name)
            except (ValueError, OSError) as error:
                raise ValueError(_without_paths(error, photo)) from error
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                raise ValueError(f"{photo.name} does not fit into memory; choose a smaller size") from error

    def leave(self, visitor: str | None) -> None:
        """End the work for a visitor who has gone."""
        if visitor == self._visitor:
            self._visitor = None

    def stop(self) -> None:
        """End all work; return when nothing is written any more."""
        self._stopped.set()
        with self._busy:
            pass

    def _save(self, result: Reconstruction, name: str) -> MadePhoto:
        try:
            folder = choose_folder(name, tempfile.mkdtemp(dir=self.results), (), False)
            files = save_reconstruction(result, folder, Output(("mp4", "gif")))
            previews = [folder / f"preview_{index}.jpg" for index in range(len(result.frames) + 1)]
            for path, pixels in zip(previews, (result.blurry, *result.frames), strict=True):
                write_picture(fit(pixels, PREVIEW_SIDE), path, Picture(pixels), {"format": "JPEG", "quality": 92})
        except (ValueError, OSError) as error:
            cause = error if isinstance(error, OSError) else error.__context__
            reason = getattr(cause, "strerror", None) or error
            raise ValueError(f"the frames of {name} cannot be written where the page runs ({reason})") from error
        film = next((path for path in files if path.suffix == ".mp4"), None)
        return MadePhoto(previews[0], previews[1:], film, files, result.notes)


def _without_paths(error: ValueError | OSError, photo: Path) -> str:
    if isinstance(error, OSError):
        return f"{photo.name} cannot be read ({error.strerror or type(error).__name__}); drop it again"
    text = str(error).replace(str(photo), photo.name)
    return _FOLDERS.sub("", text.replace(tempfile.gettempdir(), "the temporary folder"))
