"""Creating and migrating the embedded SQLite store."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

from mlflow.store.db.utils import (
    _get_latest_schema_revision,
    _get_schema_version,
    _initialize_tables,
    _is_empty_database,
    _upgrade_db,
    create_sqlalchemy_engine,
)

# Where MLflow keeps addresses of artifacts.
_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)


def create_database(path: Path) -> None:
    """Create or migrate an SQLite store; the caller holds its lock. A new one appears whole or not at all."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        temporary.unlink(missing_ok=True)
        _upgrade(temporary)
        temporary.replace(path)
        return
    engine = create_sqlalchemy_engine(f"sqlite:///{path}")
    found, wanted = _get_schema_version(engine), _get_latest_schema_revision()
    engine.dispose()
    if found != wanted:
        shutil.copyfile(path, path.with_name(f"{path.name}.before-{wanted}"))
        _upgrade(path)


def _upgrade(path: Path) -> None:
    engine = create_sqlalchemy_engine(f"sqlite:///{path}")
    if _is_empty_database(engine):
        _initialize_tables(engine)
    else:
        _upgrade_db(engine)
    engine.dispose()


def relocate_artifacts(path: Path) -> None:
    """Have the embedded store look for artifacts beside itself, where it has been moved or copied to.

    MLflow keeps absolute addresses only. Artifacts that were never beside the store are left alone.
    """
    here = f"{(path.parent / 'artifacts').as_uri()}/"
    with sqlite3.connect(path, timeout=60) as connection:
        places = [place or "" for (place,) in connection.execute("select artifact_location from experiments")]
        found = [re.match(r"file://.*/mlflow/artifacts/", place) for place in places]
        for there in {match[0] for match in found if match} - {here}:
            for table, column in _ADDRESSES:
                connection.execute(
                    f"update {table} set {column} = ? || substr({column}, ?) where substr({column}, 1, ?) = ?",
                    (here, len(there) + 1, len(there), there),
                )
    connection.close()
