"""Creating and migrating the embedded SQLite store."""

from __future__ import annotations

import shutil
from pathlib import Path

from mlflow.store.db.utils import (
    _get_latest_schema_revision,
    _get_schema_version,
    _initialize_tables,
    _is_empty_database,
    _upgrade_db,
    create_sqlalchemy_engine,
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
