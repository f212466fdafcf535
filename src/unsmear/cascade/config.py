"""The ``pretrained`` section and the options of inference. Read without torch."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from unsmear.section import Section

AUTHORS_FOLDER = "https://www.dropbox.com/sh/r0n9x6uz1ke8iuy/AADJBQBf9E2UMzG4Gt2Az-Qza?dl=1"


class ReleasedFile(Section):
    """What one released file must be."""

    name: str = Field(pattern=r"^[^/\\]+$", description="file name, as in the folder or zip")
    size_bytes: int = Field(ge=1, description="length of the file, bytes")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="64 lower-case hexadecimal digits")


RELEASED_FILES = {
    "center": ReleasedFile(
        name="center_v3.pth",
        size_bytes=59795213,
        sha256="33977601d6919f3af9f4fdf49397f3946594aabb415495af06b2f9989460d37a",
    ),
    "f35": ReleasedFile(
        name="F35_N8.pth",
        size_bytes=229128764,
        sha256="42a390f91c4941370ab8dbe4dd6beaba4614a4f5f57437d06b2d23b63525dda6",
    ),
    "f26": ReleasedFile(
        name="F26_N9_from_F35_N8.pth",
        size_bytes=166788742,
        sha256="6039acec6363e6a9764847d70377789a713cb216cd84dab9284943ccdd07dcff",
    ),
    "f17": ReleasedFile(
        name="F17_N9_from_F26_N9_from_F35_N8.pth",
        size_bytes=166795248,
        sha256="6b1644d9d6025829a50e6c6bca29891b4d7f9eca46b848fff3277493581f1059",
    ),
}


class PretrainedConfig(Section):
    """Where the released weights of the published cascade come from."""

    source: str | tuple[str, ...] = Field(
        AUTHORS_FOLDER,
        description="the four files, their folder, a zip of them or a URL of any; several are searched in order",
    )
    files: dict[str, ReleasedFile] = Field(
        default_factory=lambda: dict(RELEASED_FILES),
        description="name, size in bytes and sha256 of the file of each stage; the default is the release",
    )
    camera: str = Field("standard", description="camera on whose pictures the released networks are evaluated")
    timeout_s: float = Field(60.0, gt=0, le=3600, description="seconds without a byte that end a download")

    @field_validator("source")
    @classmethod
    def _named(cls, source: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not source or not all((source,) if isinstance(source, str) else source):
            raise ValueError("source is empty; name files, a folder, a zip or a URL, or remove `pretrained`")
        return source

    @field_validator("files")
    @classmethod
    def _all_stages(cls, files: dict[str, ReleasedFile]) -> dict[str, ReleasedFile]:
        if set(files) != set(RELEASED_FILES):
            raise ValueError(f"files names stages {sorted(files)}; it needs {sorted(RELEASED_FILES)}")
        return files

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources as a list."""
        return (self.source,) if isinstance(self.source, str) else self.source


class InferenceConfig(Section):
    """How a cascade is run; ``auto`` takes what helps on the device."""

    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="auto takes a CUDA GPU, else Apple's mps, else the CPU"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 on a GPU that has it, float32 on a CPU"
    )
    self_ensemble: Literal[1, 2, 4, 8] = Field(
        1,
        description="views of the picture, mirrored and turned, whose predictions of the middle frame are averaged; "
        "sharper, at so many times the cost of that stage; views that the camera's PSFs do not allow are left out",
    )
    attention_window: int | None = Field(
        None,
        ge=16,
        description="px a side over which joint networks take the means of their channel attention; null: the "
        "whole picture, as in training",
    )
    channels_last: bool | Literal["auto"] = Field(
        "auto",
        description="channels innermost in memory; auto: on a GPU, for joint networks, with kernels and with compile",
    )
    compile: bool | Literal["auto"] = Field(
        "auto",
        description="compile blocks of the networks with torch.compile; auto: from 200 pictures on, "
        "where there is a C++ compiler and kernels do not serve",
    )
    kernels: bool | Literal["auto"] = Field(
        "auto",
        description="kernels of our own for float32 on a CPU: norm, ReLU and convolution of published networks in one "
        "pass, 3x3 by Winograd's algorithm, gated blocks without attention of joint networks in one; auto: with "
        "AVX2 or AVX-512 and a C++ compiler, unless compile is true",
    )

    @field_validator("self_ensemble", mode="before")
    @classmethod
    def _read_number(cls, value: object) -> object:
        # What a command line gives within braces is text, which a choice among numbers does not take.
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @model_validator(mode="after")
    def _check_one_way_to_run(self) -> Self:
        if self.compile is True and self.kernels is True:
            raise ValueError("compile and kernels are both true; they take the same blocks, so set one to false")
        return self
