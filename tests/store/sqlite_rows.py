"""Rows of the database, saved and damaged behind the back of its store."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from schedules.model import Schedule
from schedules.sqlite_store import DATABASE_NAME, SqliteStore


def save(store: SqliteStore, at: datetime, *schedules: Schedule) -> None:
    """Save schedules in one transaction."""
    with store.writing("jan", at) as writer:
        for schedule in schedules:
            writer.save(schedule, summary="bewaard")


def damage(data_dir: Path, sql: str, *values: object) -> None:
    """Change the database behind the store's back, triggers aside."""
    with closing(sqlite3.connect(data_dir / DATABASE_NAME)) as connection:
        connection.execute("DROP TRIGGER IF EXISTS revisions_are_never_rewritten")
        connection.execute("DROP TRIGGER IF EXISTS revisions_are_never_removed")
        connection.execute("DROP TRIGGER IF EXISTS schedules_are_deleted_first")
        connection.execute(sql, values)
        connection.commit()
