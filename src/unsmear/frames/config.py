"""Settings of the `data` section: where the sharp frames come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from unsmear.frames.archives_config import ArchivesConfig, RedsConfig
from unsmear.section import Section

Rate = Annotated[float, Field(gt=0, le=1e6)]


class VideosConfig(Section):
    """The user's own video files, split by file."""

    folder: str = Field(
        default="", description="Folder with the video files, or one file (any container that PyAV reads)."
    )
    val: int | tuple[str, ...] = Field(
        default=1, description="Files of the val split: names, or a count (the last ones before test)."
    )
    test: int | tuple[str, ...] = Field(
        default=1, description="Files of the test split: names, or a count (the last ones)."
    )
    max_height: int | None = Field(
        default=None,
        ge=16,
        le=8192,
        description="Pixels; higher frames are scaled down by area. null keeps the size.",
    )

    rate: Rate | dict[str, Rate] | None = Field(
        default=None,
        description="Frames a second at which the camera took the files, where their containers say less, as those of "
        "slow motion do: a number for all, or one by file name; null believes the containers.",
    )

    @field_validator("val", "test")
    @classmethod
    def _check_count(cls, value: int | tuple[str, ...]) -> int | tuple[str, ...]:
        if (value if isinstance(value, int) else len(value)) < 1:
            raise ValueError("the split needs at least one file")
        return value


class FoldersConfig(Section):
    """Trees of image folders, each a sequence, split by top folder or by list."""

    folder: str = Field(
        default="", description="Folder below which each folder with numbered PNG or JPG files is a sequence."
    )
    val: int | tuple[str, ...] | None = Field(
        default=None,
        description="Folders of the val split: names or patterns such as GOPR0384*, or a count (the last ones); "
        "null takes those below a top folder val, else a tenth of the train part.",
    )
    test: int | tuple[str, ...] | None = Field(
        default=None,
        description="Folders of the test split: names or patterns, or a count (the last ones); null takes those "
        "below a top folder test, else those below val.",
    )
    max_height: int | None = Field(
        default=None, ge=16, le=8192, description="Pixels; higher frames are scaled down by area. null keeps the size."
    )

    @field_validator("val", "test")
    @classmethod
    def _check_count(cls, value: int | tuple[str, ...] | None) -> int | tuple[str, ...] | None:
        if value is not None and (value if isinstance(value, int) else len(value)) < 1:
            raise ValueError("the split needs at least one folder")
        return value


class DataConfig(Section):
    """Where the sharp frames come from and how they are cut into groups."""

    source: Literal["scenes", "archives", "reds", "videos", "folders"] = Field(
        default="scenes",
        description="scenes: built in; archives: zips in REDS layout; reds: fetched; videos: own files; "
        "folders: trees of image folders.",
    )
    frames_per_group: int = Field(
        default=7, ge=3, le=63, description="Sharp frames exposed in one blurry image; odd, 3..63."
    )
    max_frames: int | None = Field(
        default=None,
        ge=3,
        le=100_000,
        description="Frames taken from the start of each sequence; null takes all.",
    )
    all_test: bool = Field(
        default=False,
        description="Take every sequence of archives, videos or folders as a test sequence, whatever part it lies in; "
        "for experiments that train nothing.",
    )
    keep_archives: bool = Field(
        default=True, description="Keep fetched or made archives after their frames are extracted."
    )
    archives: ArchivesConfig = ArchivesConfig()
    reds: RedsConfig = RedsConfig()
    videos: VideosConfig = VideosConfig()
    folders: FoldersConfig = FoldersConfig()

    @field_validator("frames_per_group")
    @classmethod
    def _check_odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"{value} is even; a frame group needs a middle frame, so choose an odd number")
        return value

    @property
    def max_height(self) -> int | None:
        """Pixels above which frames of the source are scaled down; None keeps their size."""
        return {"videos": self.videos.max_height, "folders": self.folders.max_height}.get(self.source)

    @model_validator(mode="after")
    def _check_source(self) -> DataConfig:
        if self.source == "archives" and not self.archives.folder:
            raise ValueError("source is archives, but archives.folder is empty; name the folder with your zips")
        if self.source == "videos" and not self.videos.folder:
            raise ValueError("source is videos, but videos.folder is empty; name the folder with your files")
        if self.source == "folders" and not self.folders.folder:
            raise ValueError("source is folders, but folders.folder is empty; name the one with your pictures")
        if self.all_test and self.source in ("scenes", "reds"):
            raise ValueError(f"all_test takes archives, videos or folders, but source is {self.source}; remove it")
        if self.max_frames is not None and self.max_frames < self.frames_per_group:
            raise ValueError(
                f"max_frames is {self.max_frames}, below frames_per_group, {self.frames_per_group}; raise it"
            )
        return self
