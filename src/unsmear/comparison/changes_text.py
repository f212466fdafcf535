"""What differs between two runs, as text for a terminal or as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unsmear.comparison.changes import Changes
from unsmear.comparison.measure_changes import MeasureChange
from unsmear.comparison.steps import StepCost
from unsmear.evaluation.bootstrap import Estimate

LONGEST = 60  # letters of a setting


@dataclass(frozen=True)
class Section:
    """A heading and its table; ``closing`` is said where the table has no line."""

    title: str
    headings: Sequence[str]
    lines: Sequence[Sequence[str]]
    closing: str = ""


def describe_changes(changes: Changes, markdown: bool = False, pictures: Sequence[str] = ()) -> str:
    """All sections of a comparison.

    Parameters
    ----------
    markdown : tables of Markdown, otherwise aligned columns
    pictures : names of files to show, for Markdown
    """
    first, second = changes.names
    title = f"{first} (A) and {second} (B)"
    parts = [f"## {title}" if markdown else title]
    parts += [f"> {note}" if markdown else note for note in changes.notes]
    for section in _sections(changes):
        parts.append(f"### {section.title}" if markdown else section.title)
        parts.append((_markdown if markdown else _aligned)(section) if section.lines else section.closing)
    if markdown:
        parts += [f"![{name.rpartition('.')[0]}]({name})" for name in pictures]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sections(changes: Changes) -> list[Section]:
    both = ("A", "B")
    measures = [_measure_line(change) for change in changes.measures]
    steps = [(rule, *_step_cells(*pair)) for rule, pair in changes.steps.items()]
    metrics = [(name, *(_number(value) for value in pair)) for name, pair in changes.metrics.items()]
    found = [
        Section("Configuration", ("key", *both), _short(changes.settings), "No key differs."),
        Section("Code, data and versions", ("", *both), _short(changes.facts), "No digest differs."),
        Section("Measures", ("", "measure", *both, "B - A", "groups"), measures, "No system is in both."),
    ]
    if metrics:
        found.append(Section("Numbers without groups", ("", *both), metrics))
    headings = ("rule", "time A", "time B", "memory A", "memory B")
    return [*found, Section("Time and memory", headings, steps, "Neither run has benchmarks.")]


def _measure_line(change: MeasureChange) -> tuple[str, ...]:
    decimals = change.measure.decimals
    difference = _estimate(change.difference, decimals, signed=True) if change.difference else "-"
    difference += " worse" if change.is_worse else ""
    values = (_estimate(each, decimals) for each in (change.before, change.after))
    return (change.label, change.measure.title, *values, difference, str(change.num_groups))


def _estimate(found: Estimate, decimals: int, signed: bool = False) -> str:
    shape = f"{'+' if signed else ''}z.{decimals}f"
    text = f"{found.value:{shape}}"
    return text if found.low is None else f"{text} [{found.low:{shape}}, {found.high:{shape}}]"


def _step_cells(first: StepCost | None, second: StepCost | None) -> tuple[str, ...]:
    both = (first, second)
    times = ["-" if step is None else f"{step.seconds:.0f} s" for step in both]
    memory = ["-" if step is None or step.peak_mb is None else f"{step.peak_mb:.0f} MB" for step in both]
    return (*times, *memory)


def _short(pairs: dict[str, tuple[str, str]] | object) -> list[tuple[str, str, str]]:
    assert isinstance(pairs, dict)
    return [(name, *(_cut(text) for text in pair)) for name, pair in pairs.items()]  # type: ignore[misc]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _markdown(section: Section) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(section.headings), line(["---"] * len(section.headings)), *map(line, section.lines)])


def _aligned(section: Section) -> str:
    rows = [section.headings, *section.lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(section.headings))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)
