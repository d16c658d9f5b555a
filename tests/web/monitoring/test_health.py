from __future__ import annotations

import pytest
from flask import Flask

from settings import version
from tests.conftest import Client


def test_health_tells_the_version_to_anyone(stranger: Client):
    response = stranger.open("/healthz")
    assert (response.status_code, response.get_json()) == (
        200,
        {"status": "ok", "version": version()},
    )


def test_a_server_that_can_work_is_ready(app: Flask, stranger: Client):
    response = stranger.open("/readyz")
    assert response.status_code == 200
    key = {"secret_key": "ok"} if app.extensions["patchbay"].database.spans_hosts else {}
    assert response.get_json() == {"status": "ok", "checks": {"database": "ok", "data_folder": "ok", **key}}


@pytest.mark.sqlite
def test_a_server_without_its_database_lives_but_is_not_ready(app: Flask, stranger: Client):
    instance = app.extensions["patchbay"].settings.instance
    app.extensions["patchbay"].database.close()
    for file in instance.glob("patchbay.db*"):
        file.unlink()
    (instance / "patchbay.db").write_bytes(b"not a database " * 1000)
    assert stranger.open("/healthz").status_code == 200
    response = stranger.open("/readyz")
    assert (response.status_code, response.get_json()["checks"]["database"]) == (503, "failed")


def test_a_server_without_its_data_folder_is_not_ready(app: Flask, stranger: Client):
    instance = app.extensions["patchbay"].settings.instance
    instance.rename(instance.with_name("elsewhere"))
    response = stranger.open("/readyz")
    assert (response.status_code, response.get_json()["checks"]["data_folder"]) == (503, "failed")
