"""A DokuWiki's XML-RPC: a user's name and password, XML in, XML out.

Shapes as in https://www.dokuwiki.org/devel:xmlrpc and http://xmlrpc.com/spec.md.
"""

from __future__ import annotations

import xmlrpc.client
from typing import Any

from examples.sandbox.credentials import basic_of
from examples.sandbox.exchange import Reply, Request, text_reply
from examples.sandbox.provider import Provider, Sample

USERNAME, PASSWORD = "anna", "sandbox dokuwiki password"
CHANGES = [
    {"name": "garden:peas", "author": "anna", "version": 1767342000, "perms": 8, "size": 2140},
    {"name": "start", "author": "ben", "version": 1767228000, "perms": 8, "size": 812},
]
NO_CHANGES = 321
NOT_ALLOWED = -32604
UNKNOWN_METHOD = -32603


def check_user(request: Request) -> Reply | None:
    if basic_of(request) == (USERNAME, PASSWORD):
        return None
    return _answer(xmlrpc.client.Fault(NOT_ALLOWED, "server error. not authorized to call method"), 401)


def _answer(value: Any, status: int = 200) -> Reply:
    answer = value if isinstance(value, xmlrpc.client.Fault) else (value,)
    body = '<?xml version="1.0"?>\n' + xmlrpc.client.dumps(answer, methodresponse=True)
    return text_reply(body, status, "text/xml; charset=utf-8")


provider = Provider(
    "dokuwiki",
    config={"server": "{sandbox}/dokuwiki", "username": USERNAME, "password": PASSWORD},
    guard=check_user,
    samples=(
        Sample(
            "changes",
            {"since": 1767300000},
            [{"page": "garden:peas", "author": "anna", "at": "1767342000"}],
        ),
    ),
)


@provider.route("/lib/exe/xmlrpc.php", "POST")
def answer_rpc(request: Request) -> Reply:
    if request.headers.get_content_type() not in {"text/xml", "application/xml"}:
        return text_reply("XML-RPC server accepts XML requests only.", 400)
    parameters, method = xmlrpc.client.loads(request.body)
    if method == "dokuwiki.getTitle":
        return _answer("Anna's wiki")
    if method != "wiki.getRecentChanges":
        return _answer(xmlrpc.client.Fault(UNKNOWN_METHOD, "server error. requested method does not exist."))
    found = [change for change in CHANGES if change["version"] >= int(str(parameters[0]))]
    if not found:
        return _answer(xmlrpc.client.Fault(NO_CHANGES, "There are no changes in the specified timeframe"))
    return _answer(found)
