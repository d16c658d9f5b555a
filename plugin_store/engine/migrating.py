"""Migrates the store's tables with Alembic. Imported only when a migration is needed.

A start with current tables needs none of this, and saves the time and memory of loading it.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from alembic import command
from alembic.config import Config
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy


def init_migrations(app: Flask, db: SQLAlchemy, folder: Path) -> Migrate:
    """What `migrations/env.py` and `flask db` use."""
    migrate = Migrate(db=db, directory=str(folder))
    migrate.init_app(app, db)
    return migrate


def upgrade(app: Flask, db: SQLAlchemy, folder: Path) -> None:
    """Migrates the tables to the newest revision. Call it within the app's context."""
    command.upgrade(config_of(app, db, folder), "head")


def config_of(app: Flask, db: SQLAlchemy, folder: Path) -> Config:
    """The configuration for Alembic's commands."""
    return cast(Config, init_migrations(app, db, folder).get_config())
