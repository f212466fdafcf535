"""The ``training`` section: hyper-parameters, and what does not change the result. Read without torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unsmear.section import Section

Beta = Annotated[float, Field(ge=0, lt=1)]
BatchSize = Annotated[int, Field(ge=1, le=4096)]


class Hparams(Section):
    """Hyper-parameters of one training run; a sweep may search over any of them."""

    steps: int = Field(1000, ge=0, description="optimizer steps; 0 keeps the weights that training starts from")
    batch_size: BatchSize | Literal["auto"] = Field(
        8, description="samples a step, of all GPUs together; auto: the largest power of two up to 64 that fits"
    )
    accumulate: int = Field(1, ge=1, le=1024, description="parts in which a batch goes through the network")
    crop: int = Field(96, ge=8, le=2048, description="side of the square crop, pixels; at most the picture's side")
    optimizer: Literal["adam", "adamw", "muon"] = Field(
        "adamw", description="Adam, Adam with decoupled weight decay, or Muon: orthogonal steps of whole layers"
    )
    learning_rate: float = Field(1e-3, gt=0, le=1, description="largest learning rate")
    betas: tuple[Beta, Beta] = Field((0.9, 0.99), description="decay of Adam's two running means")
    weight_decay: float = Field(1e-4, ge=0, le=1, description="decoupled; in the gradient for adam")
    schedule: Literal["cosine", "constant"] = Field("cosine", description="course of the learning rate")
    warmup_steps: int = Field(50, ge=0, description="steps of linear rise at the start")
    patience: int = Field(
        0, ge=0, description="validations in a row without a better PSNR that end the training; 0 is never"
    )
    loss: Literal["mse", "l1", "charbonnier", "log_mse"] = Field("log_mse", description="reconstruction loss")
    fourier_weight: float = Field(
        0.0,
        ge=0,
        le=10,
        description="factor of the mean magnitude of the error's spectrum that is added; 0.02 with charbonnier",
    )
    motion_weight: float = Field(
        0.02,
        ge=0,
        le=10,
        description="factor of the end-point error in pixels that is added where a stage predicts motion",
    )
    angle_weight: float = Field(
        0.0,
        ge=0,
        le=10,
        description="factor of one less the cosine between predicted and true displacement, added beside motion_weight",
    )
    reblur_weight: float = Field(
        0.0,
        ge=0,
        le=10,
        description="factor of the distance between the frames' exposure and the blurry image that is added by the "
        "stage that completes the frames; for cameras without a response",
    )
    perceptual_weight: float = Field(
        0.0, ge=0, le=1e4, description="factor of the VGG16 distance that is added; 0 leaves it out, the authors used 1"
    )
    noise: float = Field(0.0, ge=0, le=0.5, description="standard deviation of noise added to the input, full scale 1")
    gradient_clip: float = Field(1.0, gt=0, allow_inf_nan=False, description="largest norm of the gradient")
    ema_decay: float = Field(
        0.995, ge=0, lt=1, description="decay of the exponential moving average of the weights; 0 keeps the last"
    )
    flips: bool = Field(True, description="flip samples at random, where the camera allows it")
    turns: bool = Field(True, description="turn samples by 90 degrees at random, where the camera allows it")
    time_reversal: bool = Field(
        False, description="reverse the truth of samples at random, where the camera is symmetric in time"
    )


class TrainingConfig(Section):
    """How the stages of every system are trained."""

    defaults: Hparams = Field(default_factory=Hparams, description="hyper-parameters of every stage")
    scale_steps: float = Field(
        1.0,
        gt=0,
        le=1000,
        description="factor of the steps of every training, those of stages, warm-up and trials of a sweep included; "
        "0.1 makes a short run of all",
    )
    validate_every: int = Field(250, ge=1, description="steps between validations")
    num_workers: int = Field(
        0, ge=0, le=64, description="processes that load samples, for each GPU; 0 loads in the training process"
    )
    threads: int = Field(1, ge=1, le=1024, description="CPU threads of one training job")
    gpus: int = Field(
        0, ge=0, le=64, description="GPUs that one training job asks the workflow for; several train as one"
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto takes a GPU where there is one")
    precision: Literal["auto", "float32", "bfloat16", "float64"] = Field(
        "auto",
        description="bfloat16 is automatic mixed precision; auto: where the GPU or CPU computes in it, else float32",
    )
    compile: bool | Literal["auto"] = Field(
        "auto", description="compile the network with torch.compile; auto: on a GPU, where that works"
    )
    kernels: bool = Field(
        True,
        description="compute what lies between the convolutions of joint and motion networks by kernels of our own, on "
        "a CPU where there is a C++ compiler and the network is not compiled",
    )
    deterministic: bool = Field(
        False, description="same weights twice on a GPU too, at some speed; a CPU gives them always"
    )
    save_seconds: float = Field(120, gt=0, description="seconds between saved states that a killed job resumes from")
    save_steps: int | None = Field(None, ge=1, description="steps between saved states, besides save_seconds")
    max_skipped_steps: int = Field(20, ge=0, description="steps in a row without a finite loss before the job stops")
