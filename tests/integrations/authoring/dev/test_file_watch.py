import os

import pytest

from integrations.authoring.dev.file_watch import changes


class Steps:
    """What happens while the watch waits; then Ctrl-C."""

    def __init__(self, *steps):
        self._steps = list(steps)

    def __call__(self, _seconds):
        if not self._steps:
            raise KeyboardInterrupt
        self._steps.pop(0)()


def seen(names, *steps):
    found = []
    with pytest.raises(KeyboardInterrupt):
        for changed in changes(names, Steps(*steps)):
            found.append(changed)
    return found


def test_all_files_come_first_then_those_that_changed(tmp_path):
    a, b = (tmp_path / name for name in "ab")
    a.write_text("1")
    b.write_text("1")
    steps = [lambda: None, lambda: b.write_text("22"), lambda: None, lambda: (a.unlink(), b.write_text("3"))]
    assert seen([str(a), str(b)], *steps) == [[str(a), str(b)], [str(b)], [str(a), str(b)]]


def test_a_replaced_file_of_the_same_size_and_time_is_noticed(tmp_path):
    a, other = tmp_path / "a", tmp_path / "other"
    a.write_text("1")
    other.write_text("2")
    for path in (a, other):
        os.utime(path, (1, 1))
    assert seen([str(a)], lambda: other.replace(a)) == [[str(a)], [str(a)]]


def test_a_change_during_the_work_is_noticed_afterwards(tmp_path):
    a = tmp_path / "a"
    a.write_text("1")
    found = changes([str(a)], lambda _seconds: None)
    next(found)
    a.write_text("22")
    assert next(found) == [str(a)]


def test_a_file_that_comes_back_is_noticed(tmp_path):
    a = tmp_path / "a"
    assert seen([str(a)], lambda: a.write_text("1")) == [[str(a)], [str(a)]]
