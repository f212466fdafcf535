"""JSON schema of the configuration, for editors: ``python -m unsmear.schema FILE``."""

from __future__ import annotations

import json
import sys

from unsmear.config import Config
from unsmear.files import write_text


def config_schema() -> str:
    """The schema as indented JSON with a final newline."""
    return json.dumps(Config.model_json_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    write_text(sys.argv[1], config_schema())
