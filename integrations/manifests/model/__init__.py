"""A compiled manifest, typed and immutable; made by `integrations.manifests.compiling`.

Everything in it can work; otherwise registration would have refused it.
"""

from integrations.manifests.model.blocks import Action, Block, Step
from integrations.manifests.model.credentials import (
    GRANT,
    TLS_WORDS,
    Credential,
    Login,
    LoginOutput,
    LoginStep,
    OAuth2,
    SessionEnd,
    Signature,
    SignatureValue,
    TlsTemplates,
)
from integrations.manifests.model.endpoints import (
    SAFE_METHODS,
    Endpoint,
    Location,
    Paginator,
    Parameter,
    RateLimit,
    Retry,
)
from integrations.manifests.model.integration import Integration, SecretUse
from integrations.manifests.model.values import MISSING, Missing, Property, Value

__all__ = [
    "GRANT",
    "MISSING",
    "SAFE_METHODS",
    "TLS_WORDS",
    "Action",
    "Block",
    "Credential",
    "Endpoint",
    "Integration",
    "Location",
    "Login",
    "LoginOutput",
    "LoginStep",
    "Missing",
    "OAuth2",
    "Paginator",
    "Parameter",
    "Property",
    "RateLimit",
    "Retry",
    "SecretUse",
    "SessionEnd",
    "Signature",
    "SignatureValue",
    "Step",
    "TlsTemplates",
    "Value",
]
