"""Families of metrics, made of our counters and histograms."""

from __future__ import annotations

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

from integrations.usage.instruments import LabelledHistogram, Labels


def counts(name: str, help: str, labels: Labels, counted: dict[Labels, int]) -> CounterMetricFamily:
    """A counter; Prometheus adds `_total` to its name."""
    family = CounterMetricFamily(name, help, labels=labels)
    for values, count in sorted(counted.items()):
        family.add_metric(values, count)
    return family


def spread(name: str, help: str, labels: Labels, spreads: LabelledHistogram) -> HistogramMetricFamily:
    """A histogram."""
    family = HistogramMetricFamily(name, help, labels=labels)
    bounds = ["+Inf" if bound == float("inf") else str(float(bound)) for bound in spreads.bounds]
    for values, sample in sorted(spreads.read().items()):
        family.add_metric(values, list(zip(bounds, sample.at_most, strict=True)), sample.total)
    return family
