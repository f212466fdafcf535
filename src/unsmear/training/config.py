"""The ``training`` section: hyper-parameters, and what does not change the result. Read without torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Beta = Annotated[float, Field(ge=0, lt=1)]


class Hparams(BaseModel):
    """Hyper-parameters of one training run; a sweep may search over any of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(1000, ge=1, description="optimizer steps")
    batch_size: int = Field(8, ge=1, le=4096, description="samples a step")
    crop: int = Field(96, ge=8, le=2048, description="side of the square crop, pixels; at most the picture's side")
    optimizer: Literal["adam", "adamw"] = Field("adamw", description="Adam, or Adam with decoupled weight decay")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="largest learning rate")
    betas: tuple[Beta, Beta] = Field((0.9, 0.99), description="decay of Adam's two running means")
    weight_decay: float = Field(1e-4, ge=0, le=1, description="decoupled for adamw, in the gradient for adam")
    schedule: Literal["cosine", "constant"] = Field("cosine", description="course of the learning rate")
    warmup_steps: int = Field(50, ge=0, description="steps of linear rise at the start")
    loss: Literal["mse", "l1", "charbonnier", "log_mse"] = Field("log_mse", description="reconstruction loss")
    noise: float = Field(0.0, ge=0, le=0.5, description="standard deviation of noise added to the input, full scale 1")
    gradient_clip: float = Field(1.0, gt=0, allow_inf_nan=False, description="largest norm of the gradient")
    ema_decay: float = Field(0.995, ge=0, lt=1, description="decay of the running mean of weights; 0 keeps the last")
    flips: bool = Field(True, description="mirror samples at random, where the camera allows it")
    turns: bool = Field(True, description="turn samples by 90 degrees at random, where the camera allows it")


class TrainingConfig(BaseModel):
    """How the stages of every system are trained."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    defaults: Hparams = Field(default_factory=Hparams, description="hyper-parameters of every stage")
    validate_every: int = Field(250, ge=1, description="steps between validations")
    num_workers: int = Field(0, ge=0, le=64, description="processes that load samples; 0 loads in the training process")
    threads: int = Field(1, ge=1, le=1024, description="CPU threads of one training job")
    gpus: int = Field(0, ge=0, le=1, description="GPUs that one training job asks the workflow for")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto takes a GPU where there is one")
    save_seconds: float = Field(120, gt=0, description="seconds between saved states that a killed job resumes from")
    max_skipped_steps: int = Field(20, ge=0, description="steps in a row without a finite loss before the job stops")
