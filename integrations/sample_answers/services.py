"""What answers in place of providers, where PATCHBAY_SAMPLES names a folder of samples."""

from __future__ import annotations

from integrations.calling.metered_egress import MeteredEgress
from integrations.calling.sender import TokenSource
from integrations.sample_answers.door import FreeOfCharge, NoCallLog, SampleDoor, SampleTokens
from integrations.sample_answers.folder import SampleFolder
from plugin_store.engine.runtime import Runtime
from settings import ConfigurationError


def egress_or_samples(runtime: Runtime, egress: MeteredEgress) -> MeteredEgress:
    """The egress, or what answers from samples in its place. Raises ConfigurationError if there is no such folder."""
    path = runtime.settings.samples
    if path is None:
        return egress
    if not path.is_dir():
        raise ConfigurationError(f"PATCHBAY_SAMPLES must name a folder, and {path} is none.")
    return MeteredEgress(SampleDoor(SampleFolder(path)), FreeOfCharge(), NoCallLog(), runtime.clock)


def tokens_or_samples(runtime: Runtime, tokens: TokenSource) -> TokenSource:
    """The source of tokens; with samples one that asks nobody."""
    return tokens if runtime.settings.samples is None else SampleTokens()
