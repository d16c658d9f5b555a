"""The blueprint that every API route hangs on."""

from __future__ import annotations

import flask_smorest

from web.json import ArgumentsParser


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's blueprint with the strict JSON reader: use it for every route under /api/v1."""

    ARGUMENTS_PARSER = ArgumentsParser()
