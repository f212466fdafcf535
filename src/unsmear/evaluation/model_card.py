"""What goes with an evaluated cascade as its model card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LIMITS = (
    "It expects pictures of the camera it was trained for, and blur as long as in its training data.",
    "Without a lens that tells the direction of time, frames may come in the reverse order.",
    "A prediction shows what is likely, which need not be what was there: it is no evidence.",
)


def write_model_card(system: str, data: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """Model card in Markdown: what it is, which data, how good, where it ends.

    Parameters
    ----------
    system : name of the system
    data, metrics : tables of name and value
    """
    lines = [f"# unsmear-{system}", "", "Sharp frames, in the order of time, from one motion-blurred picture.", ""]
    lines += ["```python", f'model = mlflow.pyfunc.load_model("models:/unsmear-{system}/latest")']
    lines += ["frames = model.predict(picture[None])[0]  # (H, W, 3) uint8 RGB -> (N, H, W, 3)", "```", ""]
    for title, table in (("Data", data), ("Metrics", metrics)):
        lines += [f"## {title}", "", "| | |", "|---|---|"]
        lines += [
            f"| {name} | {f'{value:.4g}' if isinstance(value, float) else value} |" for name, value in table.items()
        ]
        lines += [""]
    lines += ["## Limits", "", *(f"- {limit}" for limit in LIMITS)]
    return "\n".join(lines) + "\n"
