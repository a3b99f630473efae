"""The rules, all of them: those decided from the configuration and those seen in a browser."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from consentkit.policy.lint.model import Rule

_TASKFORCE = "EDPB, report of the Cookie Banner Taskforce (January 2023)"
_EDPB = "EDPB guidelines 05/2020 on consent"
_EPRIVACY = "ePrivacy Directive 2002/58/EC, Article 5(3)"
_CCPA = "CCPA regulations"

_RULES = (
    Rule(
        number=1,
        kind="C",
        title="Where consent is asked first, nothing but what is necessary is granted before",
        source=f"{_EPRIVACY}; GDPR, Articles 4(11) and 25(2); CJEU C-673/17 (Planet49)",
        checks="the regimes of the policy against the table of jurisdictions, at each place that either "
        "names; tags in advanced mode",
        fix='Set the regime of that place to "opt-in", or leave the place out.',
    ),
    Rule(
        number=2,
        kind="C",
        title="A text that asks first does not assume the answer",
        source=f"GDPR, Article 4(11); CJEU C-673/17 (Planet49); {_EDPB}, section 86",
        checks="the texts of the banner under opt-in: phrases in eight languages",
        fix="Ask instead of announcing: say that the visitor decides, and leave the rest to the buttons.",
    ),
    Rule(
        number=3,
        kind="B",
        title="Rejecting is a button on the first layer",
        source=f"{_TASKFORCE}, sections 8 and 14",
        checks="the first layer; of the configuration, reject labels under opt-in that are no refusal",
        fix="Put a reject button next to the accept button; a link in the text does not do.",
    ),
    Rule(
        number=4,
        kind="B",
        title="Accept and reject are the same kind of element, in the same size, font and weight",
        source=f"{_TASKFORCE}, sections 17 and 18; {_CCPA}, 11 CCR 7004(a)(2)",
        checks="element, box, font and weight of both buttons as rendered",
        fix="Give both buttons the same style.",
    ),
    Rule(
        number=5,
        kind="B",
        title="Both labels can be read: contrast of 4.5:1 at least",
        source=f"{_TASKFORCE}, sections 17 and 18; WCAG 2.2, 1.4.3",
        checks="the contrast of both labels as rendered",
        fix="Choose an accent and a surface that differ more.",
    ),
    Rule(
        number=6,
        kind="B",
        title="No box is ticked in advance but for what is necessary",
        source=f"{_TASKFORCE}, section 10; CJEU C-673/17 (Planet49)",
        checks="the inputs of banner and settings before a choice, under opt-in",
        fix="Leave every box of an optional purpose empty.",
    ),
    Rule(
        number=7,
        kind="B",
        title="Rejecting takes no more clicks than accepting",
        source=f"{_TASKFORCE}, section 8; {_CCPA}, 11 CCR 7004(a)(2)",
        checks="the clicks to both",
        fix="Let one click on the first layer reject everything.",
    ),
    Rule(
        number=8,
        kind="B",
        title="Escape, closing, a click beside it and scrolling never grant",
        source=f"{_EDPB}, section 86; Garante, guidelines of 10 June 2021 (closing means refusing)",
        checks="what is granted after each of them",
        fix="Grant on a click on the accept button only.",
    ),
    Rule(
        number=9,
        kind="B",
        title="No request that needs consent is made before a choice",
        source=_EPRIVACY,
        checks="the requests of a fresh visit",
        fix="Declare the vendor, or let the gate hold back what is not declared.",
    ),
    Rule(
        number=10,
        kind="B",
        title="No cookie or storage that needs consent is set before a choice",
        source=_EPRIVACY,
        checks="cookies and storage after a fresh visit",
        fix="Declare who sets it, under the purpose that it serves.",
    ),
    Rule(
        number=11,
        kind="B",
        title="Nothing that was refused is requested or stored after a refusal",
        source=f"{_EPRIVACY}; GDPR, Article 7(3)",
        checks="requests, cookies and storage after a click on reject",
        fix="Declare the vendor, or let the gate hold back what is not declared.",
    ),
    Rule(
        number=12,
        kind="B",
        title="Withdrawing removes the declared cookies and stops the requests",
        source=f"GDPR, Article 7(3); {_EDPB}, sections 112 to 119",
        checks="requests and cookies before and after a withdrawal",
        fix="Declare the cookies of the vendor, so that they can be removed.",
    ),
    Rule(
        number=13,
        kind="B",
        title="Every page has a control to withdraw, which shows what holds",
        source=f"GDPR, Article 7(3); {_TASKFORCE}, sections 32 to 35",
        checks="every page visited, after a choice",
        fix="Link to the settings from every page; `banner.link = true` does.",
    ),
    Rule(
        number=14,
        kind="B",
        title="Withdrawing takes no more clicks than granting",
        source=f"GDPR, Article 7(3); {_TASKFORCE}, sections 32 to 35",
        checks="the clicks to both",
        fix="Let the link on every page open the settings, and one click there withdraw.",
    ),
    Rule(
        number=15,
        kind="C",
        title="A refusal is respected for at least as long as a grant",
        source="CNIL, recommendation 2020-092: refusals are kept as long as grants",
        checks="`lifetime.refusal` against `lifetime.consent`",
        fix="Raise lifetime.refusal, or lower lifetime.consent.",
    ),
    Rule(
        number=16,
        kind="C",
        title="Nobody who has chosen is asked again within 180 days, unless the notice materially changed",
        source="Garante, guidelines of 10 June 2021; CNIL, recommendation 2020-092",
        checks="both of `lifetime`; with two policies, what asks again without a change that matters",
        fix="Let both lifetimes be 180 days at least.",
    ),
    Rule(
        number=17,
        kind="C",
        title="No cookie is kept for more than 400 days (Max-Age of 34,560,000 seconds)",
        source="RFC 6265bis, section 5.5: browsers cut longer ones",
        checks="the retention declared for cookies; `lifetime` is checked when the policy is loaded",
        fix="Declare 400 days at most, and set the cookie for no longer.",
    ),
    Rule(
        number=18,
        kind="C",
        title="A grant lasts no longer than the place allows",
        source="AEPD, guide on the use of cookies: 24 months; CNIL, recommendation 2020-092: six months",
        checks="`lifetime.consent` against the table of jurisdictions; longer ones are cut there",
        fix="Lower lifetime.consent.",
    ),
    Rule(
        number=19,
        kind="C",
        title="Every purpose says what it is, who takes part, and for how long",
        source=f"GDPR, Article 13; CJEU C-673/17 (Planet49), paragraphs 75 to 81; {_EDPB}, section 64",
        checks="title and description of every purpose; vendors of purposes of the site's own; retention of "
        "every vendor and its cookies",
        fix="Write what is missing.",
    ),
    Rule(
        number=20,
        kind="C",
        title="Every tag and host belongs to one purpose",
        source=f"GDPR, Articles 5(1)(b) and 7(2); {_EDPB}, sections 42 to 45",
        checks="hosts and cookies declared twice under different purposes; what the catalog says otherwise",
        fix="Declare the host once, or give both vendors the same purpose.",
    ),
    Rule(
        number=21,
        kind="C",
        title="What is called necessary holds no analytics or advertising",
        source=f"{_EPRIVACY}; WP 194 (opinion 04/2012); {_TASKFORCE}, sections 23 to 27",
        checks="the vendors, hosts and cookies declared under `necessary` against the catalog",
        fix="Give the vendor the purpose that it serves.",
    ),
    Rule(
        number=22,
        kind="C",
        title="A vendor or purpose that is added changes the notice",
        source=f"GDPR, Articles 7(1) and 13(3); {_EDPB}, section 110",
        checks="the fingerprints of two policies, where both are given",
        fix="Raise the edition of the purpose.",
    ),
    Rule(
        number=23,
        kind="B",
        title="The banner speaks the page's language",
        source="GDPR, Articles 7(2) and 12(1)",
        checks="the language of the banner against the page's",
        fix="Set `lang` on the page's `<html>`, and write the texts in that language.",
    ),
    Rule(
        number=24,
        kind="B",
        title="The content can be reached without accepting",
        source=f"{_EDPB}, sections 39 to 41",
        checks="whether the page can be read and used after a refusal, under opt-in",
        fix="Do not make access depend on consent.",
    ),
    Rule(
        number=25,
        kind="B",
        title="The link to the privacy policy leads there, without tracking",
        source="GDPR, Articles 12(1) and 13",
        checks="the answer of the link, and what the page behind it requests",
        fix="Set site.privacy_policy to a page that answers.",
    ),
    Rule(
        number=26,
        kind="C",
        title="Where a sale or sharing can be opted out of, a link says so on every page",
        source=f"Cal. Civ. Code 1798.135(a); {_CCPA}, 11 CCR 7013, 7015 and 7026(a)(4)",
        checks="`banner.link`, where the law asks for the link and data is sold; regimes looser than the "
        "opt-out that the law of a place asks for",
        fix="Set banner.link = true.",
    ),
    Rule(
        number=27,
        kind="B",
        title="With Sec-GPC the visitor is opted out, is shown so, and no advertising runs",
        source=f"{_CCPA}, 11 CCR 7025(c)(1) and (c)(6)",
        checks="a visit with `Sec-GPC: 1`; of the configuration, vendors that the catalog knows for "
        "advertising under a purpose that is no sale",
        fix="Declare the vendor under a purpose with sale = true.",
    ),
    Rule(
        number=28,
        kind="B",
        title="Sec-GPC never grants, and never takes away the question where consent is asked first",
        source=f"GDPR, Article 4(11); W3C, Global Privacy Control; {_EPRIVACY}",
        checks="a visit with `Sec-GPC: 1` under opt-in",
        fix="Ask for what the signal does not speak of.",
    ),
    Rule(
        number=29,
        kind="B",
        title="Sec-GPC prevails over a grant that was stored before",
        source=f"{_CCPA}, 11 CCR 7025(c)(3) and (c)(4)",
        checks="a visit with `Sec-GPC: 1` and a stored grant",
        fix="Do not treat a stored grant as an answer to the signal.",
    ),
    Rule(
        number=30,
        kind="C",
        title="/.well-known/gpc.json is valid",
        source="W3C, Global Privacy Control, section on the well-known resource",
        checks="`signals.gpc_updated`: no day to come; the file itself, with `--url`",
        fix='Write the day on which it last changed as "YYYY-MM-DD", or leave it out.',
    ),
    Rule(
        number=31,
        kind="C",
        title="Statistics on the British exception can be objected to, and serve the site alone",
        source="PECR 2003 (United Kingdom), Schedule A1, in force since 5 February 2026",
        checks="purposes and vendors under `inform` or `none` in the United Kingdom; a purpose whose vendors "
        "the catalog knows for statistics alone counts as `analytics`",
        fix='Set the regime of the purpose in GB to "opt-in", or to "inform" and only with vendors that use '
        "nothing for themselves.",
    ),
    Rule(
        number=32,
        kind="C",
        title="Statistics without consent: cookies for 13 months, data for 25 months at most",
        source="CNIL, guidelines 2020-091 and deliberation of 4 July 2025 on exempt audience measurement",
        checks="the retention of statistics that run without consent in Europe",
        fix="Shorten the retention at the vendor, and declare it.",
    ),
    Rule(
        number=33,
        kind="B",
        title="Banner and settings can be used by everybody",
        source="WCAG 2.2 AA; European Accessibility Act, Directive (EU) 2019/882",
        checks="axe-core, focus order, focus never hidden, targets of 24 pixels, 320 pixels of width",
        fix="As the finding says.",
    ),
    Rule(
        number=34,
        kind="B",
        title="A machine that refuses for people finds the reject button",
        source=f"{_TASKFORCE}, sections 8 and 14",
        checks="the button through the eyes of autoconsent's classifier",
        fix="Label the button with the word that says it, such as Reject all.",
    ),
    Rule(
        number=35,
        kind="C",
        title="Google's tags are told the default before the first of them begins",
        source=f"{_EPRIVACY}; Google, consent mode: the default comes before any command",
        checks="hosts of Google's under vendors that are told nothing; the order of scripts in a page",
        fix="Declare the tag as the catalog's vendor; the default is then put before it.",
    ),
    Rule(
        number=36,
        kind="C",
        title="A page that shared caches may keep holds no visitor's state",
        source="GDPR, Articles 5(1)(f) and 32; RFC 9111, section 3",
        checks="headers and body of a page",
        fix="Send Cache-Control: private with pages that are made for one visitor.",
    ),
)

RULES: Final[Mapping[int, Rule]] = MappingProxyType({rule.number: rule for rule in _RULES})
"""All rules by number."""
