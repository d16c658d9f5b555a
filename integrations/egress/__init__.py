"""The one way out to other servers, and the checks before it."""

from integrations.egress.door import Egress
from integrations.egress.guard import EgressPolicy, EgressVerdict

__all__ = ["Egress", "EgressPolicy", "EgressVerdict"]
