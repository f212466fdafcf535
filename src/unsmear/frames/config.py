"""Settings of the `data` section: where the sharp frames come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from unsmear.frames.selection import expand_names, expand_selection

Rate = Annotated[float, Field(gt=0, le=1e6)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _refuse_unquoted(value: object) -> object:
    if isinstance(value, list | tuple):
        for item in value:
            if isinstance(item, int):
                raise ValueError(
                    f"{item} was read as a number, which loses leading zeros; quote sequence names, "
                    'for example "004" or "010-019"'
                )
    return value


class _SplitFromTrain(_Section):
    val_sequences: int | tuple[str, ...] | None = Field(
        default=None,
        description="Train sequences that form the val split: a list of names or ranges such as "
        '["004", "010-019"], or a count (that many of the last ones); null takes a tenth, at least one.',
    )

    @field_validator("val_sequences", mode="before")
    @classmethod
    def _check_val_sequences(cls, value: object) -> object:
        return _refuse_unquoted(value)

    @field_validator("val_sequences")
    @classmethod
    def _expand_val_sequences(cls, value: int | tuple[str, ...] | None) -> int | tuple[str, ...] | None:
        if isinstance(value, tuple):
            return tuple(expand_names(value))
        if isinstance(value, int) and value < 1:
            raise ValueError(f"a count of {value}: the val split needs at least one sequence")
        return value


class ArchivesConfig(_SplitFromTrain):
    """Zips in REDS layout that the user has."""

    folder: str | tuple[str, ...] = Field(
        default=(), description="A folder that holds the zips, one zip, or a list of either."
    )


class Checksum(_Section):
    """What a fetched file must be."""

    size: int | None = Field(default=None, ge=1, description="Bytes.")
    sha256: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="SHA-256, 64 lower-case hexadecimal digits."
    )


class RedsConfig(_SplitFromTrain):
    """REDS 120 fps, fetched from its official place or from mirrors."""

    sequences: Literal["all"] | Annotated[int, Field(ge=3, le=270)] | tuple[str, ...] = Field(
        default="all",
        description='What to fetch: "all", a number of sequences (3..270, shared out between train and val '
        'as in the full set), or a list such as ["train/000-009", "val/000"].',
    )
    mirrors: tuple[str, ...] = Field(
        default=("https://huggingface.co/datasets/snah/REDS_orig/resolve/main/",),
        min_length=1,
        description="Where the zips are, tried in order: base URLs (https://, http://, file://) or folders.",
    )
    checksums: dict[str, Checksum] = Field(
        default={}, description="Known size and sha256 by archive name, such as train_orig_part0.zip."
    )
    lock: str = Field(
        default="config/reds.lock.json",
        description="File that records size and sha256 at the first download; later downloads must match it.",
    )
    connections: int = Field(default=4, ge=1, le=32, description="Parallel connections of one download.")
    retries: int = Field(
        default=8, ge=0, le=100, description="Failed attempts in a row without a new byte before giving up."
    )
    timeout_s: float = Field(
        default=60.0, gt=0, le=3600, description="Seconds without an answer or a byte that end an attempt."
    )
    max_wait_s: float = Field(
        default=300.0,
        ge=0,
        le=86400,
        description="Longest pause between attempts, also if a server asks for more.",
    )

    @field_validator("sequences", mode="before")
    @classmethod
    def _check_sequences(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) and value != "all" else value

    @field_validator("sequences")
    @classmethod
    def _expand_sequences(cls, value: int | str | tuple[str, ...]) -> int | str | tuple[str, ...]:
        if isinstance(value, tuple):
            return tuple(f"{part}/{name}" for part, name in expand_selection(value))
        return value


class VideosConfig(_Section):
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


class FoldersConfig(_Section):
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


class DataConfig(_Section):
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
