"""What a provider may be asked: rate limits, pauses that it asked for, rests after failures."""

from integrations.budget.budget import Account, Budget, Spender, Standing, account_of

__all__ = ["Account", "Budget", "Spender", "Standing", "account_of"]
