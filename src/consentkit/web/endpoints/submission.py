"""Submissions: parses and checks decisions and erasures, sent as a form or as JSON."""

import json
from collections.abc import Generator
from typing import Final, Literal, TypeVar, get_args
from urllib.parse import parse_qsl

import msgspec

from consentkit.catalog import safe_path
from consentkit.exceptions import BadRequest
from consentkit.web.endpoints.effects import TOO_LARGE, ReadBody, Tell
from consentkit.web.request import Request
from consentkit.web.request_kind import is_same_host

MAX_BODY: Final = 16 * 1024
"""Bytes of a request's body."""
_MAX_FIELDS: Final = 500
_ELSEWHERE: Final = "This choice must be made on the site itself."
_FOR_OPERATORS: Final = (
    "If it was, this is for those who run the site: the browser names the site in Origin, and the Host that "
    "arrives here is another. A proxy in between must pass Host on, or the site be served over https."
)
_HOST_DIFFERS: Final = (
    "a choice was refused (403): Origin is %.200r, Host is %.200r, and there is no Sec-Fetch-Site, which "
    "browsers send over https. If your visitors meet this, a proxy changes Host: let it pass Host on (nginx: "
    "proxy_set_header Host $http_host), or serve the site over https. An Origin of 'null' is a sandboxed "
    "page or Referrer-Policy: no-referrer. Otherwise it was another site"
)

T = TypeVar("T")
Button = Literal["accept", "reject", "save", "withdraw", "allow"]
"""The button of a form that was pressed: its field ``action``."""
_BUTTONS: Final[dict[str, Button]] = {button: button for button in get_args(Button)}


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A submitted decision.

    Attributes:
        button: The button that was pressed.
        names: Purposes and vendors that are ticked or named.
        denied: Purposes and vendors that JSON names as denied.
        was: The settings form's checkboxes when it was rendered.
        notice: Hash of the notice that was shown.
        locale: Its language.
        signal: The signal that the settings page showed as received.
        made_for: Mark of the decision that the page was made for; ``None``: the client does not say.
        return_to: Path and query on this site to go back to.
        once: Whether an embed is allowed for one page only.
        as_json: Whether the body was JSON and not a form.
    """

    button: Button
    names: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    was: str = ""
    notice: str = ""
    locale: str = ""
    signal: str = ""
    made_for: str | None = None
    return_to: str = "/"
    once: bool = False
    as_json: bool = False


class _ClientChoice(msgspec.Struct, forbid_unknown_fields=True):
    """A decision as JSON has it."""

    granted: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    denied: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    allow: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    notice: str = ""
    locale: str = ""


class _EmptyObject(msgspec.Struct, forbid_unknown_fields=True):
    """``{}``."""


def check_same_origin(request: Request) -> Generator[Tell, None, None]:
    """Reject cross-site requests (CSRF).

    ``Sec-Fetch-Site`` decides; browsers without it send ``Origin``; a request with neither is not from a
    browser. If ``Origin`` and ``Host`` differ, possibly because of a proxy, this is logged.

    Raises:
        BadRequest: 403.
    """
    site = request.header(b"sec-fetch-site")
    if site and site != b"same-origin":
        raise BadRequest(403, _ELSEWHERE)
    origin = request.header(b"origin")
    if site or not origin or is_same_host(origin, request.host.encode()):
        return
    named = origin.decode("latin-1"), request.header(b"host").decode("latin-1")
    yield Tell("warning", _HOST_DIFFERS % named, topic="host")
    raise BadRequest(403, f"{_ELSEWHERE} {_FOR_OPERATORS}")


def ask_body(request: Request) -> ReadBody:
    """Ask for a request's body.

    Raises:
        BadRequest: 413 where the request says that it is longer than `MAX_BODY`.
    """
    declared = request.header(b"content-length")
    # Cut: Python refuses to convert very long numbers, and these are too large anyway.
    if declared.isdigit() and int(declared[:18]) > MAX_BODY:
        raise BadRequest(413, TOO_LARGE)
    return ReadBody(MAX_BODY)


def read_submission(request: Request, body: bytes) -> Submission:
    """Read a decision from a form or from JSON.

    Raises:
        BadRequest: 400 or 415, with what is wrong.
    """
    return _from_json(body) if _is_json(request) else _from_form(body)


def read_erasure(request: Request, body: bytes) -> tuple[str, str, bool]:
    """Read a request to erase, with the same errors; as JSON it is ``{}``.

    Returns:
        Path and query on this site to go back to (empty: the settings), the language of the page, and whether
        the body was JSON.
    """
    if _is_json(request):
        decode_json(body, _EmptyObject)
        return "", "", True
    single = dict(reversed(_fields(body)))
    return_to = single.get("return_to", "")
    return check_return(return_to) if return_to else "", single.get("locale", ""), False


def decode_json(body: bytes, kind: type[T]) -> T:
    """Read a body as JSON of a certain shape.

    Raises:
        BadRequest: 400, with what is wrong.
    """
    try:
        return msgspec.convert(json.loads(body), kind)
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise BadRequest(400, f"The body cannot be read: {error}.") from error


def _is_json(request: Request) -> bool:
    if request.media_type not in (b"application/json", b"application/x-www-form-urlencoded"):
        raise BadRequest(415, "Send a form (application/x-www-form-urlencoded) or application/json.")
    return request.media_type == b"application/json"


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        text = body.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS, strict_parsing=bool(body))
    except ValueError as error:
        raise BadRequest(400, "The form cannot be read.") from error


def _from_form(body: bytes) -> Submission:
    fields = _fields(body)
    get = dict(reversed(fields)).get  # of fields that come twice, the first counts
    names = tuple(value for name, value in fields if name in ("purpose", "vendor"))
    button, once = _BUTTONS.get(get("action", "")), get("once") == "1"
    if button is None:
        raise BadRequest(400, "The choice has no known action: accept, reject, save, withdraw or allow.")
    if once and (button != "allow" or len(names) != 1):
        raise BadRequest(400, "Exactly one embed can be loaded once.")
    return Submission(
        button=button,
        names=names,
        was=get("was", ""),
        notice=get("notice", ""),
        locale=get("locale", ""),
        signal=get("signal", ""),
        made_for=get("made_for"),
        return_to=check_return(get("return_to", "/")),
        once=once,
    )


def _from_json(body: bytes) -> Submission:
    sent = decode_json(body, _ClientChoice)
    adds = sent.allow is not msgspec.UNSET
    if adds == (sent.granted is not msgspec.UNSET or sent.denied is not msgspec.UNSET):
        raise BadRequest(400, 'Expected "granted" and "denied", or "allow", with "notice" and "locale".')
    return Submission(
        button="allow" if adds else "save",
        names=sent.allow or sent.granted or (),
        denied=sent.denied or (),
        notice=sent.notice,
        locale=sent.locale,
        as_json=True,
    )


def check_return(path: str) -> str:
    """Return the path if it is on this site.

    Raises:
        BadRequest: 400 for anything that leads elsewhere.
    """
    if safe_path(path) != path:
        raise BadRequest(400, "The page to return to is not on this site.")
    return path
