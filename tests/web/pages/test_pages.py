from __future__ import annotations

import re

from tests.conftest import Client
from web.pages.pages import problem_help

OUTSIDE = re.compile(r"""(?:src|action|data)=["']?(?:https?:)?//|<link[^>]+href=["']?(?:https?:)?//""")


def test_the_start_leads_to_the_notebook(client: Client):
    response = client.open("/")
    assert (response.status_code, response.headers["Location"]) == (303, "/notebook")


def test_no_page_asks_another_origin_or_holds_a_script(client: Client):
    for path in (
        "/notebook",
        "/console",
        "/console/",
        "/console/usage/calls",
        "/signin",
        "/api/docs",
        "/docs/problems",
    ):
        page = client.open(path).get_data(as_text=True)
        assert page.startswith("<!doctype html>"), path
        assert not OUTSIDE.search(page), path
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", page), path


def test_the_type_of_a_problem_leads_to_its_explanation(client: Client):
    path, _, fragment = client.get("/integrations/nowhere").get_json()["type"].partition("#")
    page = client.open(path).get_data(as_text=True)
    assert f'<section id="{fragment}">' in page


def test_every_code_is_explained_on_the_page(client: Client):
    page = client.open("/docs/problems").get_data(as_text=True)
    assert len(problem_help()) > 20
    for help in problem_help():
        assert f'id="{help.code}"' in page
        assert help.paragraphs
