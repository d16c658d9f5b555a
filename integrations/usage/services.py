"""The usage services."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.usage.call_log import CallLog
from integrations.usage.counter import UsageCounter
from integrations.usage.period_memo import PeriodMemo
from integrations.usage.recent_renders import RecentRenders
from integrations.usage.render_log import RenderLog
from plugin_store.engine.runtime import Runtime


@dataclass(frozen=True, slots=True)
class UsageServices:
    """The call log, the usage counter, the recently rendered inputs, and what was computed from usage."""

    call_log: CallLog
    counter: UsageCounter
    recent_renders: RecentRenders
    render_log: RenderLog
    memo: PeriodMemo


def build_usage(runtime: Runtime) -> UsageServices:
    """Builds the counters. They write to the store from time to time, and once more when they are closed."""
    retention_seconds = runtime.settings.log_retention_days * 86400.0
    counter = runtime.close_at_end(UsageCounter(runtime.database, runtime.clock, retention_seconds))
    recent_renders = RecentRenders()
    return UsageServices(
        call_log=runtime.close_at_end(CallLog(runtime.database, runtime.clock, retention_seconds)),
        counter=counter,
        recent_renders=recent_renders,
        render_log=RenderLog(counter, recent_renders.note if runtime.settings.prefetch else None),
        memo=PeriodMemo(runtime.database),
    )
