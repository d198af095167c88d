"""What a job file may say: its sections, declared once.

The declaration knows nothing of files on disk or of the functions that steps name;
:mod:`oceandata.job.read` checks those, so that all faults come in one message.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Section(BaseModel):
    """A section of a job file that takes no other keys than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OpenSection(BaseModel):
    """A section whose further keys are keyword arguments of a public function."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @property
    def arguments(self) -> dict[str, Any]:
        """The keyword arguments for the function."""
        return dict(self.model_extra or {})


class About(Section):
    """``[job]``: what the job is called and where its results go."""

    title: str = Field(min_length=1)
    output: str = "output"
    summary: str = ""
    creator: str = ""
    license: str = ""


class StorePath(Section):
    """``[store]``: where the store lies; made by the job if it is not there."""

    path: str = Field(min_length=1)
    commit: int | None = Field(default=None, ge=0)


class Region(Section):
    """``[region]``: box (west, south, east, north) and cell size, in degrees."""

    box: tuple[float, float, float, float]
    step: float | tuple[float, float]

    @field_validator("box")
    @classmethod
    def _box_is_on_earth(cls, box: tuple[float, ...]) -> tuple[float, ...]:
        west, south, east, north = box
        if not (-180 <= west <= 180 and -180 <= east <= 180):
            raise ValueError(
                f"west and east must lie in [-180, 180] degrees; they are "
                f"{west:g} and {east:g} (order: west, south, east, north)"
            )
        if not -90 <= south < north <= 90:
            raise ValueError(
                f"south must be less than north, both in [-90, 90] degrees; they are "
                f"{south:g} and {north:g} (order: west, south, east, north)"
            )
        if west == east:
            raise ValueError(f"west and east are both {west:g}: the box has no width")
        return box

    @field_validator("step")
    @classmethod
    def _step_is_positive(cls, step):
        sizes = step if isinstance(step, tuple) else (step,)
        if min(sizes) <= 0:
            raise ValueError(f"a cell must be larger than 0 degrees; step is {step}")
        return step

    @property
    def steps(self) -> tuple[float, float]:
        """Cell width and height, degrees."""
        return self.step if isinstance(self.step, tuple) else (self.step, self.step)


class Period(Section):
    """``[period]``: half-open span of time, UTC."""

    start: str
    stop: str

    @field_validator("start", "stop", mode="before")
    @classmethod
    def _as_text(cls, value):
        if isinstance(value, datetime | date):
            return value.isoformat()
        return value

    @field_validator("start", "stop")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(
                f"expected a date or time such as 2024-01-31 or "
                f"2024-01-31T12:00:00; got {value!r}"
            ) from None
        if time.tzinfo is not None and time.utcoffset().total_seconds() != 0:
            raise ValueError(f"periods are UTC; {value!r} names another offset")
        return time.replace(tzinfo=None).isoformat()

    @model_validator(mode="after")
    def _has_a_length(self):
        if self.start >= self.stop:
            raise ValueError(
                f"start must come before stop; they are {self.start} and {self.stop}"
            )
        return self


class Input(Section):
    """``[[input]]``: files of one kind, with what the reader has to know.

    ``license``, ``attribution``, ``doi`` and ``redistribution`` are the terms of the
    files, or ``publisher`` names whose they are; the products carry them.
    """

    paths: list[str] = Field(min_length=1)
    format: str = "auto"
    timezone: str | None = None
    columns: dict[str, str] | None = None
    options: dict[str, Any] | None = None
    publisher: Literal["", "noaa", "gfw", "nari"] = ""
    license: str = ""
    attribution: str = ""
    doi: str = ""
    redistribution: Literal["", "allowed", "unknown", "forbidden"] = ""

    @field_validator("paths", mode="before")
    @classmethod
    def _one_is_a_list(cls, value):
        return [value] if isinstance(value, str) else value


class Step(OpenSection):
    """``[[step]]``: a public function (``use``), what it takes, its arguments."""

    use: str = Field(min_length=1)
    name: str = ""
    of: str = ""

    @property
    def label(self) -> str:
        """The name by which others refer to this step."""
        return self.name or self.use


class Product(OpenSection):
    """``[[product]]``: a file made of the result of a step."""

    kind: str
    of: str | list[str] = ""
    caption: str = ""
    path: str = Field(min_length=1)

    @property
    def steps(self) -> list[str]:
        """Names of the steps that the product shows."""
        return [self.of] if isinstance(self.of, str) else list(self.of)


class Job(BaseModel):
    """A whole job file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    job: About
    store: StorePath
    region: Region | None = None
    period: Period | None = None
    input: list[Input] = Field(default_factory=list)
    step: list[Step] = Field(min_length=1)
    product: list[Product] = Field(default_factory=list)
