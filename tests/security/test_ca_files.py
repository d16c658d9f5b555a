"""A CA file that is none is a setting's fault: told at once, and nobody else waits."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from errors import SettingsIncomplete
from integrations.egress.messages import Tls
from tests.certificates import Authority
from tests.egress_calls import call, egress_maker
from tests.raw_upstreams import RawUpstream, answering, respond
from tests.security.test_setting_files import UNUSABLE, Make, make_pipe


@pytest.mark.parametrize("make", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_ca_file_that_is_none_is_a_settings_fault_at_once(tmp_path: Path, make: Make) -> None:
    tls = Tls(ca_file=make(tmp_path), settings=(("ca_file", "trusted"),))
    with egress_maker() as make_egress, pytest.raises(SettingsIncomplete) as fault:
        make_egress().check_settings(call("https://api.test/", tls=tls))

    assert list(fault.value.errors or ()) == ["config.trusted"]
    assert str(tmp_path) not in repr((fault.value.detail, fault.value.errors))


def test_a_fault_in_a_path_of_the_manifest_names_its_word() -> None:
    with egress_maker() as make_egress, pytest.raises(SettingsIncomplete) as fault:
        make_egress().check_settings(call("https://api.test/", tls=Tls(ca_file="/dev/zero")))

    assert list(fault.value.errors or ()) == ["manifest.integration.tls.ca_file"]


def test_a_pipe_holds_up_no_other_call(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server_context(authority.issue("127.0.0.1"))
    pipe = make_pipe(tmp_path)
    faults: list[SettingsIncomplete] = []
    with egress_maker() as make_egress, RawUpstream(answering(respond(b"ok")), tls=context) as upstream:
        egress = make_egress(upstream)

        def ask_with_the_pipe() -> None:
            try:
                egress.send(call(upstream.url(), tls=Tls(ca_file=pipe)))
            except SettingsIncomplete as fault:
                faults.append(fault)

        threads = [threading.Thread(target=ask_with_the_pipe, daemon=True) for _ in range(8)]
        for thread in threads:
            thread.start()
        body = egress.send(call(upstream.url(), tls=Tls(ca_file=authority.ca_file))).body
        for thread in threads:
            thread.join(10)

    assert body == b"ok"
    assert len(faults) == 8
