"""Whom a certificate is for: its names, and where a person trusts its issuer its common name too."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.egress.certificate_names import is_for, told_names


def certificate(*names: str, common_name: str = "leaf") -> dict[str, Any]:
    kinds = [
        ("IP Address" if name.replace(".", "").isdigit() or ":" in name else "DNS", name) for name in names
    ]
    return {"subject": ((("commonName", common_name),),), "subjectAltName": tuple(kinds)}


# Host, certificate, whether it is for the host, and whether it is where a person trusts the issuer.
CASES = {
    "its name": ("api.test", certificate("api.test"), True, True),
    "any case": ("api.test", certificate("API.Test"), True, True),
    "a dot at the end": ("api.test", certificate("api.test."), True, True),
    "one of several": ("api.test", certificate("a.test", "api.test"), True, True),
    "another name": ("api.test", certificate("b.test"), False, False),
    "a name within": ("api.test", certificate("api.test.evil.test"), False, False),
    "a name around": ("evil-api.test", certificate("api.test"), False, False),
    "a wildcard": ("api.a.test", certificate("*.a.test"), True, True),
    "a wildcard for two labels": ("x.api.a.test", certificate("*.a.test"), False, False),
    "a wildcard for no label": ("a.test", certificate("*.a.test"), False, False),
    "a wildcard in a label": ("api.a.test", certificate("a*.a.test"), False, False),
    "a wildcard further on": ("api.a.test", certificate("api.*.test"), False, False),
    "two wildcards": ("api.a.test", certificate("*.*.test"), False, False),
    "a wildcard alone": ("nas", certificate("*"), False, False),
    "a wildcard over a whole domain": ("nas.home", certificate("*.home"), False, True),
    "its address": ("192.168.1.5", certificate("192.168.1.5"), True, True),
    "its IPv6 address": ("fe80::5", certificate("FE80:0:0:0:0:0:0:5"), True, True),
    "another address": ("192.168.1.5", certificate("192.168.1.6"), False, False),
    "an address under a wildcard": ("192.168.1.5", certificate("*.168.1.5x"), False, False),
    "its common name only": ("nas.home", certificate(common_name="nas.home"), False, True),
    "an address as its common name only": (
        "192.168.1.5",
        certificate(common_name="192.168.1.5"),
        False,
        True,
    ),
    "its common name beside another name": (
        "a.test",
        certificate("b.test", common_name="a.test"),
        False,
        False,
    ),
    "another common name": ("nas.home", certificate(common_name="tv.home"), False, False),
    "a name with a null": ("a.test", certificate("a.test\0.evil.test"), False, False),
    "no names": ("a.test", {}, False, False),
}


@pytest.mark.parametrize(("host", "shown", "publicly", "personally"), CASES.values(), ids=CASES.keys())
def test_a_certificate_is_for_whom_it_names(
    host: str, shown: dict[str, Any], publicly: bool, personally: bool
) -> None:
    found = [is_for(shown, host, is_trusted_by_person=trusted) for trusted in (False, True)]
    assert found == [publicly, personally]


def test_names_are_told_as_far_as_they_are_names() -> None:
    assert told_names(certificate("a.test", "1.2.3.4", "<script>", "x" * 101)) == "a.test, 1.2.3.4"
    assert told_names(certificate(*(f"{n}.test" for n in range(7)))).endswith("4.test and others")
    assert told_names(certificate(common_name="nas")) == "nas"
    assert told_names({}) == ""
