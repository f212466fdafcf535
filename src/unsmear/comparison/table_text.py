"""The results table as people read it: Markdown and LaTeX."""

from __future__ import annotations

from pathlib import Path

from unsmear.comparison.table_columns import COLUMNS, FITTED_ON_TEST, MORE_COLUMNS, MORE_NOTE, NOTES, ZERO_MARK, Columns
from unsmear.files import read_rows

Row = dict[str, str]


def format_estimate(row: Row, key: str, decimals: int, interval: bool, signed: bool = False) -> str:
    """``value ± spread over seeds [low, high]``, as far as there is each; "-" for what is absent.

    A mark says where a difference's interval spans zero.
    """
    if not row.get(key):
        return "-"
    sign = "+" if signed else ""
    shape = f"{sign}z.{decimals}f"  # z: no minus before a zero
    text = f"{float(row[key]):{shape}}"
    if row.get(f"{key}_seed_std"):
        text += f" ± {float(row[f'{key}_seed_std']):.{decimals}f}"
    low, high = row.get(f"{key}_low"), row.get(f"{key}_high")
    if interval and low and high:
        text += f" [{float(low):{shape}}, {float(high):{shape}}]"
        if signed and float(low) <= 0 <= float(high):
            text += ZERO_MARK
    return text


def row_label(row: Row) -> str:
    """Text of a row, with the number of trainings where there are several."""
    return row["label"] + (f", n = {row['num_seeds']}" if _is_repeated(row) else "")


def _is_repeated(row: Row) -> bool:
    return bool(row.get("num_seeds")) and int(row["num_seeds"]) > 1


def table_cells(rows: list[Row], columns: Columns = COLUMNS) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the systems' rows, and below them the differences'."""
    present = [column for column in columns if any(row.get(column[0]) for row in rows)]
    headings = ["", *(heading for _, heading, _, _ in present)]
    cells = []
    for row in rows:
        difference = row["kind"] == "difference"
        line = [row_label(row)]
        for key, _, decimals, interval in present:
            signed = difference or key.startswith("gain")
            # The input's direction is a tie by definition, not an estimate.
            bracket = (interval or difference) and row["kind"] != "input"
            line.append(format_estimate(row, key, decimals, bracket, signed))
        cells.append(line)
    return headings, cells


def count_line(rows: list[Row]) -> str:
    """On how many sequences and groups the table rests; all rows rest on the same."""
    row = rows[0]
    return (
        f"{row['num_sequences']} test sequences, {row['num_groups']} frame groups, "
        f"{row['num_static']} of them too still for a direction and left out of it."
    )


def _identical_lines(rows: list[Row]) -> list[str]:
    return [
        f"{row['label']}: {row['num_identical']} predicted frames equal the truth; means of PSNR leave them out."
        for row in rows
        if row["kind"] != "difference" and int(row["num_identical"]) > 0
    ]


def table_notes(rows: list[Row]) -> list[str]:
    """What stands below the table."""
    notes = [note.format(confidence=100 * float(rows[0]["confidence"])) for note in NOTES]
    return [count_line(rows), *notes, *_baseline_lines(rows), *seed_lines(rows), *_identical_lines(rows)]


def _baseline_lines(rows: list[Row]) -> list[str]:
    """What the gains over the best baseline are over."""
    labels = {row["row"]: row["label"] for row in rows}
    fitted_on_test = [FITTED_ON_TEST] if rows[0].get("baselines_split") == "test" else []
    return fitted_on_test + [
        f"{row['label']}: best baseline on the middle frame {labels[middle]}, on all frames {labels[frames]}."
        for row in rows
        if (middle := row.get("gain_middle_baseline_row")) and (frames := row.get("gain_frames_baseline_row"))
    ]


def seed_lines(rows: list[Row]) -> list[str]:
    """A sentence for each system whose training was repeated."""
    return [
        f"{row['label']}: mean ± standard deviation of n = {row['num_seeds']} trainings with different seeds; the "
        "interval is that of the mean, averaged over seeds before sequences are resampled."
        for row in rows
        if _is_repeated(row) and row["kind"] != "baseline"
    ]


def system_rows(rows: list[Row]) -> list[Row]:
    """The rows without the differences."""
    return [row for row in rows if row["kind"] != "difference"]


def to_markdown(table_csv: str | Path) -> str:
    """The table as Markdown, with notes."""
    rows = read_rows(table_csv)
    headings, cells = table_cells(rows)

    def line(parts: list[str]) -> str:
        return "| " + " | ".join(parts) + " |"

    def lines(headings: list[str], cells: list[list[str]]) -> list[str]:
        return [line(headings), line(["---", *["---:"] * (len(headings) - 1)]), *map(line, cells)]

    # A blank line between notes: Markdown joins lines otherwise.
    text = "\n".join(lines(headings, cells)) + "\n\n" + "\n\n".join(table_notes(rows)) + "\n"
    more_headings, more_cells = table_cells(system_rows(rows), MORE_COLUMNS)
    if len(more_headings) > 1:
        text += "\n" + "\n".join(lines(more_headings, more_cells)) + f"\n\n{MORE_NOTE}\n"
    return text


_LATEX = {"_": r"\_", "%": r"\%", "−": "--", ZERO_MARK: r"$^\circ$", "&": r"\&", "±": r"$\pm$"}


def to_latex(table_csv: str | Path) -> str:
    """The table as a LaTeX tabular (needs booktabs)."""
    rows = read_rows(table_csv)
    headings, cells = table_cells(rows)

    def escape(text: str) -> str:
        for old, new in _LATEX.items():
            text = text.replace(old, new)
        return text

    def line(parts: list[str]) -> str:
        return " & ".join(map(escape, parts)) + r" \\"

    num_systems = sum(row["kind"] != "difference" for row in rows)
    body = [line(headings), r"\midrule", *map(line, cells[:num_systems])]
    if cells[num_systems:]:
        body += [r"\midrule", *map(line, cells[num_systems:])]
    head = [r"\begin{tabular}{l" + "r" * (len(headings) - 1) + "}", r"\toprule"]
    notes = ["% " + note for note in table_notes(rows)]
    return "\n".join([*head, *body, r"\bottomrule", r"\end{tabular}", *notes]) + "\n"
