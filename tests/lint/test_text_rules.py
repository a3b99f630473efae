"""Rules of what the banner says."""

from __future__ import annotations

import pytest

from consentkit import Policy
from consentkit.banner.texts import read_words, shipped_locales
from consentkit.lint import lint
from consentkit.lint.text_rules import assumed_consent

SEED = (
    "This website uses cookies to improve your experience. We'll assume you're ok with this, but you can "
    "opt-out if you wish."
)


# Rule 2


def test_the_first_notice_is_no_question_and_is_good_where_none_is_asked() -> None:
    texts = {"en": {"opt-out": {"notice": SEED}}}
    assert lint(Policy(), texts=texts) == []
    (finding,) = lint(Policy(), texts={"en": {"opt-in": {"notice": SEED}}})
    assert (finding.rule, finding.level, finding.where) == (2, "error", "banner.text.en.opt-in.notice")
    assert "assume you" in finding.message


@pytest.mark.parametrize("locale", sorted(shipped_locales()))
def test_the_texts_that_come_with_the_package_ask(locale: str) -> None:
    assert lint(Policy(), texts={locale: read_words(Policy(), locale).texts}) == []


@pytest.mark.parametrize("locale", ["de", "en", "es", "fr", "it", "nl", "pl", "pt", "pt-BR"])
def test_the_first_notice_is_known_in_other_languages(locale: str) -> None:
    assert assumed_consent(read_words(Policy(), locale).texts["opt-out"]["notice"], locale)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "By continuing to use this site, you agree to our use of cookies."),
        ("en-GB", "You accept cookies by browsing on."),
        ("en", "If you continue without changing your settings, we’ll assume that you are happy with this."),
        ("en", "Your continued use of this site means that all cookies are fine."),
        ("en", "We use cookies unless you opt out."),
        ("ja", "By using this site you accept cookies."),
        ("de", "Wir gehen davon aus, dass Sie damit einverstanden sind."),
        ("de-AT", "Durch die weitere Nutzung der Website stimmen Sie der Verwendung von Cookies zu."),
        ("de", "Wenn Sie weitersurfen, stimmen Sie Cookies zu."),
        ("fr", "En poursuivant votre navigation, vous acceptez l'utilisation de cookies."),
        ("fr", "Si vous continuez à utiliser ce site, nous supposerons que vous en êtes satisfait."),
        ("es", "Si continúa navegando, consideramos que acepta su uso."),
        ("es", "Al seguir en este sitio, aceptas las cookies."),
        ("it", "Proseguendo la navigazione acconsenti all'uso dei cookie."),
        ("it", "Se continui a navigare, accetti i cookie."),
        ("nl", "Door verder te surfen gaat u akkoord met cookies."),
        ("nl", "Als je doorgaat, gaan we ervan uit dat je dat goed vindt."),
        ("pt-BR", "Ao continuar navegando, você concorda com os cookies."),
        ("pt", "Assumimos que concorda."),
        ("pl", "Korzystając ze strony, zgadzasz się na użycie plików cookie."),
        ("pl", "Zakładamy, że wyrażasz zgodę."),
    ],
)
def test_texts_that_assume_consent(locale: str, text: str) -> None:
    assert assumed_consent(text, locale)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "By choosing Accept all you consent to: {purposes}. You can change your mind at any time."),
        ("en", "Nothing is used unless you allow it. You can continue without accepting."),
        (
            "de",
            "Mit „Alle akzeptieren“ stimmen Sie zu. Weitere Informationen: Einstellungen.",
        ),
        ("fr", "Vous pouvez accepter, refuser ou continuer sans accepter."),
        ("es", "Puede aceptar o rechazar, y continuar sin aceptar."),
        ("it", "Puoi accettare, rifiutare o continuare senza accettare."),
        ("nl", "U kunt alles accepteren of weigeren, of doorgaan zonder te accepteren."),
        ("pt", "Pode aceitar, recusar ou continuar sem aceitar."),
        ("pl", "Możesz zaakceptować, odrzucić lub kontynuować bez zgody."),
        ("xx", "Nobody knows this language."),
    ],
)
def test_texts_that_ask(locale: str, text: str) -> None:
    assert assumed_consent(text, locale) == ""


@pytest.mark.parametrize(
    "text",
    [
        "By contin\u00aduing you ac\u00adcept cookies.",  # soft hyphens
        "By  continuing \u00a0 you \u200baccept cookies.",
        "B\u200by conti\u2060nuing you agr\ufeffee.",
        "\uff22\uff59 using this site you agree.",  # wide letters
        "We use cookies unless you opt\u2011out.",  # a hyphen that does not break
    ],
)
def test_what_nobody_sees_hides_nothing(text: str) -> None:
    assert assumed_consent(text, "en")


# Rule 3, as far as the configuration shows it


@pytest.mark.parametrize(
    "label",
    ["More options", "Settings", "Manage cookies", "Cookie settings\u2026", "Customise", "OK", "Accept all"],
)
def test_a_reject_button_that_leads_elsewhere_is_worth_a_warning(label: str) -> None:
    findings = lint(Policy(), texts={"en": {"opt-in": {"reject": label}}})
    (finding,) = [finding for finding in findings if finding.rule == 3]
    assert (finding.level, finding.where) == ("warning", "banner.text.en.opt-in.reject")
    assert label in finding.message
    assert lint(Policy(), texts={"en": {"inform": {"reject": label}}}) == []


@pytest.mark.parametrize(
    "label",
    ["Reject all", "No thanks", "Continue without accepting", "Necessary only", "Ablehnen", "Accept none"],
)
def test_a_reject_button_that_says_so(label: str) -> None:
    assert lint(Policy(), texts={"en": {"opt-in": {"reject": label}}}) == []
