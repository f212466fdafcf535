"""Settings of zips in REDS layout, the user's own or fetched ones."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from unsmear.frames.selection import expand_names, expand_selection
from unsmear.section import Section


def _refuse_unquoted(value: object) -> object:
    if isinstance(value, list | tuple):
        for item in value:
            if isinstance(item, int):
                raise ValueError(
                    f"{item} was read as a number, which loses leading zeros; quote sequence names, "
                    'for example "004" or "010-019"'
                )
    return value


class _SplitFromTrain(Section):
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


class Checksum(Section):
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
