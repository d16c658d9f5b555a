"""Converts the security requirements of the selected operations to the credentials of one integration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.authoring.openapi.document import Document, NotConvertible, Operation
from integrations.authoring.openapi.names import escape_braces
from integrations.authoring.openapi.parameters import Place
from integrations.authoring.openapi.properties import Properties
from integrations.authoring.openapi.schemes import Scheme, read_scheme

Alternative = frozenset[str]
"""Schemes that are needed together."""


@dataclass(slots=True)
class Security:
    """`section` is added to `integration`; `refused` says by operation why its credentials cannot be sent."""

    section: dict[str, Any] = field(default_factory=lambda: {"auth_method": "none"})
    places: frozenset[Place] = frozenset()
    public: frozenset[str] = frozenset()
    """The titles of operations that ask for no credentials."""
    refused: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_security(
    document: Document, chosen: Sequence[Operation], base_url: str, properties: Properties
) -> Security:
    """The credentials that most of the operations require, and others that do not conflict with them."""
    needs = _Needs(document, chosen, base_url)
    found = Security(refused=needs.refused, notes=needs.notes)
    schemes = needs.chosen_schemes()
    found.places = frozenset(scheme.place for scheme in schemes if scheme.place)
    found.public = needs.public()
    if schemes:
        found.section = _Section(document, schemes, needs, properties).words()
    return found


class _Needs:
    """The requirements of each operation, and the schemes that can serve them all."""

    def __init__(self, document: Document, chosen: Iterable[Operation], base_url: str) -> None:
        self._document = document
        self._base_url = base_url
        self._schemes: dict[str, Scheme | None] = {}
        self._wanted: dict[str, list[Alternative]] = {}
        self.scopes: dict[str, list[str]] = {}
        self.refused: dict[str, str] = {}
        self.notes: list[str] = []
        for operation in chosen:
            self._read(operation)

    def chosen_schemes(self) -> list[Scheme]:
        """The schemes of the most frequent requirement, and those that do not conflict with them."""
        counted = Counter(tuple(wanted) for wanted in self._wanted.values() if any(wanted))
        schemes: dict[str, Scheme] = {}
        for wanted, _ in counted.most_common():
            is_first = not schemes
            for alternative in wanted:
                if is_first or not any(other <= schemes.keys() for other in wanted):
                    self._add(alternative, schemes, is_first=is_first)
        for title, wanted in self._wanted.items():
            if wanted and not any(alternative <= schemes.keys() for alternative in wanted):
                names = " and ".join(sorted(wanted[0]))
                self.refused[title] = (
                    f"it needs `{names}`, which conflicts with the needs of the other operations"
                )
        self._forget_other_alternatives(schemes.keys())
        return list(schemes.values())

    def _forget_other_alternatives(self, chosen: Collection[str]) -> None:
        """Keeps the alternatives that the selected schemes serve. A scheme that is not used is reported."""
        passed_over: set[str] = set()
        for title in self._wanted.keys() - self.refused.keys():
            wanted = self._wanted[title]
            passed_over |= {name for alternative in wanted for name in alternative if name not in chosen}
            self._wanted[title] = [alternative for alternative in wanted if alternative <= set(chosen)]
        self.notes += [
            f"security scheme {name}: not taken: another one serves the same operations"
            for name in sorted(passed_over)
        ]

    def public(self) -> frozenset[str]:
        return frozenset(title for title, wanted in self._wanted.items() if not any(wanted))

    def is_required(self, scheme: Scheme) -> bool:
        """Whether every operation with credentials needs this scheme."""
        open_titles = self._wanted.keys() - self.refused.keys()
        wanted = [self._wanted[title] for title in open_titles if any(self._wanted[title])]
        return all(scheme.name in alternative for alternatives in wanted for alternative in alternatives)

    def _add(self, alternative: Alternative, schemes: dict[str, Scheme], *, is_first: bool) -> None:
        """Adds the alternative if it can be sent together with those added before."""
        new = [self._known(name) for name in sorted(alternative - schemes.keys())]
        places = [scheme.place for scheme in new if scheme.place]
        taken = {scheme.place for scheme in schemes.values()}
        tokens = [scheme for scheme in (*schemes.values(), *new) if scheme.kind == "oauth2"]
        together = len(places) == len(set(places)) and len(tokens) <= 1
        # Alternatives may share a place, because a user sets only one of them.
        if together and (is_first or not taken & set(places)):
            schemes.update({scheme.name: scheme for scheme in new})

    def _known(self, name: str) -> Scheme:
        scheme = self._schemes[name]
        assert scheme is not None  # noqa: S101 - alternatives hold followed schemes only
        return scheme

    def _read(self, operation: Operation) -> None:
        alternatives = self._alternatives(operation)
        followed = [item for item in alternatives if all(self._scheme(name) for name in item)]
        if alternatives and not followed:
            names = ", ".join(
                sorted({name for item in alternatives for name in item if not self._scheme(name)})
            )
            self.refused[operation.title] = f"it needs `{names}`, which is not supported"
            return
        self._wanted[operation.title] = followed

    def _alternatives(self, operation: Operation) -> list[Alternative]:
        declared = operation.spec.get("security", self._document.root.get("security"))
        found = []
        for item in declared if isinstance(declared, list) else ():
            if isinstance(item, Mapping):
                found.append(frozenset(item))
                for name, scopes in item.items():
                    known = self.scopes.setdefault(name, [])
                    for scope in scopes if isinstance(scopes, list) else ():
                        if isinstance(scope, str) and scope not in known:
                            known.append(scope)
        return found

    def _scheme(self, name: str) -> Scheme | None:
        if name not in self._schemes:
            try:
                scheme = read_scheme(self._document, name, self._base_url)
            except NotConvertible as unfit:
                self._schemes[name] = None
                self.notes.append(f"security scheme {name}: not supported: {unfit}")
            else:
                self._schemes[name] = scheme
                if scheme.note:
                    self.notes.append(f"security scheme {name}: {scheme.note}")
        return self._schemes[name]


class _Section:
    """The members of `integration` about credentials, with their properties."""

    def __init__(
        self, document: Document, schemes: Sequence[Scheme], needs: _Needs, properties: Properties
    ) -> None:
        self._document = document
        self._schemes = schemes
        self._needs = needs
        self._properties = properties
        self._has_token = any(scheme.kind == "oauth2" for scheme in schemes)
        self._words: dict[str, Any] = {}

    def words(self) -> dict[str, Any]:
        auth = []
        for scheme in self._schemes:
            required = self._needs.is_required(scheme)
            credential, key = self._credential(scheme, required)
            if credential:
                auth.append(credential if required else {**credential, "when": key})
        return {"auth_method": self._method(), **({"auth": auth} if auth else {}), **self._words}

    def _method(self) -> str:
        for scheme in self._schemes:
            if scheme.flow:
                return scheme.flow.auth_method
        kinds = {"api_key": "api_key", "bearer": "token", "basic": "basic", "digest": "basic"}
        return next((kinds[scheme.kind] for scheme in self._schemes if scheme.kind in kinds), "none")

    def _credential(self, scheme: Scheme, required: bool) -> tuple[dict[str, Any] | None, str]:
        """The entry of `auth`, and the property that decides whether it is used."""
        if scheme.kind == "api_key":
            return self._api_key(scheme, required)
        if scheme.kind == "bearer":
            wanted = "bearer_token" if self._has_token else "access_token"
            name = self._properties.add_secret(wanted, "Token", required=required)
            return {"type": "bearer", "token": f"{{{name}}}"}, name
        if scheme.kind in ("basic", "digest"):
            user = self._properties.add("username", {"type": "string", "required": required})
            password = self._properties.add_secret("password", "Password", required=required)
            return {"type": scheme.kind, "username": f"{{{user}}}", "password": f"{{{password}}}"}, user
        if scheme.kind == "oauth2":
            return self._oauth2(scheme, required)
        return self._certificate(required)

    def _api_key(self, scheme: Scheme, required: bool) -> tuple[dict[str, Any], str]:
        is_only = sum(other.kind == "api_key" for other in self._schemes) == 1
        description = None
        if scheme.place == ("header", "authorization"):
            description = (
                "The whole value of the Authorization header, with the word before the key if there is one."
            )
        name = self._properties.add_secret(
            "api_key" if is_only else scheme.name,
            scheme.wire_name,
            required=required,
            description=description,
        )
        return {
            "type": "api_key",
            "in": scheme.location,
            "name": scheme.wire_name,
            "value": f"{{{name}}}",
        }, name

    def _oauth2(self, scheme: Scheme, required: bool) -> tuple[dict[str, Any], str]:
        assert scheme.flow is not None  # noqa: S101 - a scheme of OAuth 2.0 has one
        client_id = self._properties.add("client_id", {"type": "string", "required": required})
        secret = self._properties.add_secret("client_secret", "Client secret", required=required)
        words: dict[str, Any] = {"token_url": scheme.flow.token_url}
        if scheme.flow.authorization_url:
            words["authorization_url"] = scheme.flow.authorization_url
        words |= {"client_id": f"{{{client_id}}}", "client_secret": f"{{{secret}}}"}
        if scopes := self._needs.scopes.get(scheme.name):
            words["scopes"] = [escape_braces(scope) for scope in scopes]
        self._words["oauth2"] = words
        return {"type": "bearer", "token": "{access_token}"}, client_id

    def _certificate(self, required: bool) -> tuple[None, str]:
        certificate = self._properties.add_secret(
            "client_certificate", "Certificate (PEM)", required=required
        )
        key = self._properties.add_secret("client_key", "Private key (PEM)", required=required)
        self._words["tls"] = {"client_certificate": f"{{{certificate}}}", "client_key": f"{{{key}}}"}
        return None, certificate
