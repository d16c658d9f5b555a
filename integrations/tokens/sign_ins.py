"""Signing in at a provider: redirect, callback, status and disconnecting (RFC 6749 section 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from errors import NotFound, PatchbayError, ReviewDue, SettingsIncomplete, StorageFailed, UpstreamFailed
from integrations.calling.carried import build_accounted_token_call
from integrations.calling.oauth2_requests import ClientEncoding, fill_setting, scope_of
from integrations.calling.requests_builder import Limits, fill_whole_url
from integrations.catalog.catalog import Catalog, Installed
from integrations.egress.messages import PreparedCall, origin_of
from integrations.manifests.model import GRANT, OAuth2
from integrations.tokens.authorization_code import client_digest
from integrations.tokens.client_exchange import ClientExchange
from integrations.tokens.exchange import TokenExchange
from integrations.tokens.grants import Grant, Grants, grant_of
from integrations.tokens.pending_sign_ins import PendingSignIn, PendingSignIns
from integrations.tokens.token_answers import GrantRefused, error_words, read_token_answer
from integrations.tokens.token_request import TokenRequest, TokenRequests, stored_values
from plugin_store.engine.database import Database
from plugin_store.events import write_event
from plugin_store.settings.secret_destinations import is_locked
from plugin_store.vault.vault import SecretState, Vault
from plugin_store.workspaces import Scope

MAX_TOLD_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Connection:
    """Whether an account is connected. `expires_at`: when a user must sign in again, if known."""

    connected: bool
    status: str | None = None
    scopes: tuple[str, ...] = ()
    connected_at: float | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """The parameters of the callback URL, set by the provider (RFC 6749 4.1.2, RFC 9207)."""

    state: str
    code: str | None
    error: str | None
    error_description: str | None
    issuer: str | None


class SignInRefused(UpstreamFailed):
    """The provider sent the browser back without a code. `said` is the provider's own text and not trusted."""

    def __init__(self, detail: str, said: str | None) -> None:
        super().__init__(detail, reason="sign_in")
        self.said = said


class SignIns:
    """Connects workspaces to accounts at providers."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        catalog: Catalog,
        exchange: TokenExchange,
        limits: Limits,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._vault = vault
        self._catalog = catalog
        self._exchange = ClientExchange(exchange)
        self._limits = limits
        self._clock = clock
        self._grants = Grants(database, vault)
        self._pending = PendingSignIns(database, vault, clock)
        self._token_requests = TokenRequests()

    def start(self, workspace_id: int, plugin_id: str, redirect_uri: str) -> str:
        """The URL at the provider where a user signs in.

        Raises NotFound, SettingsIncomplete, ReviewDue and SecretUnreadable. A disabled plugin can be connected too.
        """
        token_request = self._token_request(workspace_id, plugin_id)
        _require_usable(token_request)
        bound_to = token_request.installed.integration.destinations(token_request.values.config)[GRANT]
        pending = self._pending.start(
            workspace_id, plugin_id, redirect_uri, token_request.fingerprint, bound_to
        )
        return authorization_address(token_request, pending)

    def finish(self, returned: AuthorizationResponse) -> Installed:
        """The integration that is now connected. A failure is an event, too, for the page that waits in another tab.

        Raises SettingsIncomplete, SignInRefused, UpstreamFailed and its subclasses.
        """
        pending = self._pending.take(returned.state)
        try:
            return self._complete(pending, returned)
        except PatchbayError as error:
            self._tell_failure(pending, error)
            raise

    def _complete(self, pending: PendingSignIn, returned: AuthorizationResponse) -> Installed:
        token_request = self._token_request(pending.workspace_id, pending.plugin_id)
        _require_usable(token_request)
        if token_request.fingerprint != pending.shape:
            raise SettingsIncomplete("The settings changed during the sign-in. Start it again.")
        _check_issuer(token_request, returned.issuer)
        if returned.error is not None or not returned.code:
            raise _refusal(returned)
        grant = self._exchange_code(token_request, pending, returned.code)
        bound_to = token_request.installed.integration.destinations(token_request.values.config)[GRANT]
        with self._database.writing() as session:
            self._grants.connect(session, pending.workspace_id, pending.plugin_id, grant, bound_to)
        return token_request.installed

    def status(self, workspace_id: int, plugin_id: str) -> Connection:
        """Whether and how the workspace is connected. Raises NotFound."""
        installed = self._find(workspace_id, plugin_id)
        state = installed.secrets.get(GRANT)
        if state is None:
            return Connection(connected=False)
        if state.status == "unreadable":
            return Connection(connected=False, status="unreadable", connected_at=state.updated_at)
        stored = self._grants.read(workspace_id, plugin_id)
        if stored is None:
            return Connection(connected=False)
        grant = stored.grant
        return Connection(
            connected=not grant.ended,
            status="locked" if _is_locked(installed, state) else "ok",
            scopes=grant.scopes,
            connected_at=grant.connected_at,
            expires_at=grant.ends_at,
        )

    def end(self, workspace_id: int, plugin_id: str) -> None:
        """Deletes the grant and pending sign-ins. Raises NotFound."""
        self._find(workspace_id, plugin_id)
        self._grants.forget(workspace_id, plugin_id)
        self._pending.forget(workspace_id, plugin_id)

    def _tell_failure(self, pending: PendingSignIn, error: PatchbayError) -> None:
        # What the provider said is a stranger's text: only the page that it was sent to shows it.
        told = {"code": error.code, "detail": error.detail}
        scope = (pending.workspace_id, None)
        with suppress(StorageFailed), self._database.writing() as session:
            write_event(session, "account.failed", scope, pending.plugin_id, data=told)

    def _exchange_code(self, token_request: TokenRequest, pending: PendingSignIn, code: str) -> Grant:
        installed, oauth2 = token_request.installed, _oauth2_of(token_request.installed)
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": pending.redirect_uri,
            "code_verifier": pending.verifier,
        }

        def build(encoding: ClientEncoding) -> PreparedCall:
            values, limits = token_request.values, self._limits
            return build_accounted_token_call(
                installed.integration, oauth2, values, limits, asked, pending.bound_to, encoding
            )

        answer, encoding = self._exchange.send(token_request, build, "live", None)
        now = self._clock()
        try:
            given = read_token_answer(answer, now)
        except GrantRefused:
            raise UpstreamFailed(
                "The provider did not accept its own code. Start the sign-in again.", reason="token"
            ) from None
        settings = token_request.values.merged()
        scopes = [fill_setting(scope, settings) for scope in oauth2.scopes]
        client = client_digest(installed, settings)
        return grant_of(given, now, scopes, client, token_request.fingerprint, encoding)

    def _token_request(self, workspace_id: int, plugin_id: str) -> TokenRequest:
        installed = self._find(workspace_id, plugin_id)
        return self._token_requests.of(installed, stored_values(installed, self._vault))

    def _find(self, workspace_id: int, plugin_id: str) -> Installed:
        installed = self._catalog.find(Scope(workspace_id, None), plugin_id)
        source = installed.integration.token
        if not isinstance(source, OAuth2) or source.grant_type != "authorization_code":
            raise NotFound(
                f"`{plugin_id}` has no sign-in at a provider: its auth_method is not oauth2_authorization_code."
            )
        return installed


def authorization_address(token_request: TokenRequest, pending: PendingSignIn) -> str:
    """The authorization request (RFC 6749 section 4.1.1) with PKCE (RFC 7636). Raises SettingsIncomplete."""
    # The caller sees this URL, so no secret is available here.
    oauth2, settings = _oauth2_of(token_request.installed), token_request.values.config
    extras = [(name, fill_setting(template, settings)) for name, template in oauth2.authorization_params]
    return prepare_grant_uri(
        add_params_to_uri(_authorization_url(oauth2, settings), extras),
        client_id=fill_setting(oauth2.client_id, settings),
        response_type="code",
        redirect_uri=pending.redirect_uri,
        scope=scope_of(oauth2, settings),
        state=pending.state,
        code_challenge=create_s256_code_challenge(pending.verifier),
        code_challenge_method="S256",
    )


def _require_usable(token_request: TokenRequest) -> None:
    """Checks that the client may be shown to the provider. A locked grant is allowed: it is about to be replaced."""
    installed = token_request.installed
    if installed.missing:
        installed.require_set_up()
    current = installed.integration.destinations(token_request.values.config)
    for name in sorted(token_request.secret_names & installed.secrets.keys()):
        if is_locked(current[name], installed.secrets[name].bound_to):
            raise ReviewDue(
                f"`{installed.plugin_id}` changed, so that a secret would be sent elsewhere. "
                "Accept the change or enter the secret again.",
                review=dict(installed.review or {}),
            )


def _check_issuer(token_request: TokenRequest, issuer: str | None) -> None:
    """RFC 9207: the issuer in the callback must be the provider that was asked."""
    if issuer is None:
        return
    asked = _authorization_url(_oauth2_of(token_request.installed), token_request.values.merged())
    try:
        same = origin_of(issuer) == origin_of(asked)
    except ValueError:
        same = False
    if not same:
        raise UpstreamFailed(
            "The answer came from another provider than the one that was asked.", reason="sign_in"
        )


def _refusal(returned: AuthorizationResponse) -> SignInRefused:
    words = error_words(returned.error) or "The provider refused the sign-in."
    said = "".join(filter(str.isprintable, returned.error_description or ""))[:MAX_TOLD_CHARACTERS]
    return SignInRefused(words, said or None)


def _is_locked(installed: Installed, state: SecretState) -> bool:
    return is_locked(installed.integration.destinations(installed.config)[GRANT], state.bound_to)


def _authorization_url(oauth2: OAuth2, settings: Mapping[str, Any]) -> str:
    assert oauth2.authorization_url is not None  # noqa: S101 - the compiler refuses the grant without one
    return fill_whole_url(oauth2.authorization_url, settings)


def _oauth2_of(installed: Installed) -> OAuth2:
    oauth2 = installed.integration.token
    assert isinstance(oauth2, OAuth2)  # noqa: S101 - `_find` lets no other through
    return oauth2
