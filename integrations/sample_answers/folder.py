"""The samples below a folder, found by their requests."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from integrations.egress.call_identity import CallIdentity
from integrations.sample_answers.sample_file import Sample, SampleError, read_sample
from regular_files import UnusableFile, read_regular_file

FOLDER_SUFFIX = ".samples"
INPUTS_FILE = "inputs.json"
"""Lists what is recorded, and is no sample."""
MAX_SAMPLE_BYTES = 64 * 1024 * 1024

_log = logging.getLogger(__name__)


class SampleFolder:
    """The files `*.json` in folders `*.samples`, at any depth, and in the folder itself. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._places: dict[str, Path] = {}
        self._look()

    def __len__(self) -> int:
        return len(self._places)

    def find(self, identity: CallIdentity) -> Sample | None:
        """The sample of the request as its file has it now; None without one. A new file is found, too."""
        digest = identity.digest
        found = self._read(digest)
        if found is None:
            with self._lock:
                self._look()
            found = self._read(digest)
        return found

    def _read(self, digest: str) -> Sample | None:
        place = self._places.get(digest)
        sample = _read_file(place) if place is not None else None
        return sample if sample is not None and sample.identity.digest == digest else None

    def _look(self) -> None:
        places: dict[str, Path] = {}
        for path in sorted({*self.path.glob("*.json"), *self.path.glob(f"**/*{FOLDER_SUFFIX}/*.json")}):
            sample = _read_file(path) if path.name != INPUTS_FILE else None
            if sample is not None:
                places.setdefault(sample.identity.digest, path)
        self._places = places


def _read_file(path: Path) -> Sample | None:
    try:
        return read_sample(read_regular_file(path, MAX_SAMPLE_BYTES))
    except SampleError as error:
        # A manifest may stand in the same folder.
        if path.parent.name.endswith(FOLDER_SUFFIX):
            _log.warning("The sample %s cannot be used: %s", path, error)
    except (OSError, UnusableFile) as error:
        _log.warning("The sample %s cannot be read: %s", path, error)
    return None
