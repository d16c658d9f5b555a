"""Limits calls to providers: rate limits, pauses that a provider asked for, circuit breakers."""

from integrations.budget.budget import (
    RESERVED,
    SCHEDULED_CAUSES,
    Account,
    Budget,
    BudgetStatus,
    PausedOrigin,
    Spender,
    account_of,
    frees_up_in_time,
    is_reserved_refusal,
)
from integrations.budget.windows import Window

__all__ = [
    "RESERVED",
    "SCHEDULED_CAUSES",
    "Account",
    "Budget",
    "BudgetStatus",
    "PausedOrigin",
    "Spender",
    "Window",
    "account_of",
    "frees_up_in_time",
    "is_reserved_refusal",
]
