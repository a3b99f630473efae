"""The router of the package's own endpoints."""

from typing import Final

from consentkit.exceptions import BadRequest
from consentkit.web.endpoints import visitor_data
from consentkit.web.endpoints.answers import answer_problem, redirect
from consentkit.web.endpoints.csp_reports import answer_report
from consentkit.web.endpoints.decision_endpoint import answer_decision
from consentkit.web.endpoints.effects import Ids, Steps
from consentkit.web.endpoints.public_files import Assets, answer_gpc, answer_health, answer_proof
from consentkit.web.endpoints.recorder import Recorder
from consentkit.web.options import Options
from consentkit.web.resolver import Exchange

GPC_PATH: Final = "/.well-known/gpc.json"
_TAKE_POST: Final = frozenset(("/decision", "/erase", "/csp"))


class Endpoints:
    """Dispatches requests to the package's own endpoints.

    Args:
        options: How the policy is deployed.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._assets = Assets(options.policy)
        self._recorder = Recorder()

    def owns(self, path: str) -> bool:
        """Say whether a path, relative to the root path, belongs to an endpoint."""
        options = self._options
        if path == GPC_PATH:
            return options.enforce and not options.excludes(path)
        return path == options.prefix or path.startswith(options.prefix + "/")

    def answer(self, exchange: Exchange, ids: Ids) -> Steps:
        """Answer a request for one of these pages.

        Args:
            exchange: The request.
            ids: Makes ids.
        """
        try:
            return (yield from self._answer(exchange, ids))
        except BadRequest as error:
            return answer_problem(exchange, error.status, error.problem)

    def _answer(self, exchange: Exchange, ids: Ids) -> Steps:
        request = exchange.request
        path = request.path.removeprefix(self._options.prefix)
        keeps_log = self._options.keeps_log
        methods = ("POST",) if path in _TAKE_POST else ("GET", "HEAD")
        if request.method not in methods:
            raise BadRequest(405, f"This address takes {' and '.join(methods)} only.")
        if request.path == GPC_PATH:
            return answer_gpc(self._options.policy)
        match path.split("/", 2)[1:]:
            case ["decision"]:
                return (yield from answer_decision(exchange, ids, self._recorder))
            case ["erase"] if keeps_log:
                return (yield from visitor_data.answer_erasure(exchange))
            case ["csp"]:
                return (yield from answer_report(exchange))
            case []:
                return redirect(exchange.resolution.base + "/", 308)
            case [""]:
                return (yield from visitor_data.answer_settings(exchange))
            case ["receipt"]:
                return (yield from visitor_data.answer_receipt(exchange, ids))
            case ["state"]:
                return visitor_data.answer_state(exchange, exchange.consent)
            case ["health"] if keeps_log:
                return (yield from answer_health())
            case ["log", name] if keeps_log:
                return (yield from answer_proof(exchange, name))
            case ["assets", name]:
                return self._assets.answer(name)
        raise BadRequest(404, "missing")
