"""The one door to other servers, and the guards that stand at it."""

from integrations.egress.door import Egress
from integrations.egress.guard import EgressPolicy, EgressVerdict

__all__ = ["Egress", "EgressPolicy", "EgressVerdict"]
