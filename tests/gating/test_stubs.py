"""The stubs in a real browser: handlers of the page go on although the vendor is not there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from consentkit.gating import stubs_script

PAGE = """
<body><script>window.kept = "mine"</script>
<script data-consentkit-stubs="fbq:call ga:call dataLayer:queue _paq:queue kept:call gtag:call">%s</script>
<script>
  window.done = [];
  function note(name) { return function () { done.push(name); }; }
</script>
<script>fbq('track', 'x'); fbq.queue.push(1); new fbq.Thing('a').and.so('on');</script>
<script>ga('send', { hitCallback: note('ga') }); ga(note('ready')); (ga.q = ga.q || []).push([]);</script>
<script>dataLayer.push({ eventCallback: note('layer') }); _paq.push(['x'], [note('paq')]);</script>
<script>ga({ hitCallback: function () { throw new Error('it counted on the vendor'); } });</script>
<script>window.dataLayer = window.dataLayer || []; function gtag() { done.push('real'); } gtag();</script>
"""


@pytest.mark.browser
def test_stubs_call_callbacks_and_give_way(chromium: Browser) -> None:
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content(PAGE % stubs_script().decode())
    page.wait_for_function("window.done.length === 5")
    assert sorted(page.evaluate("window.done")) == ["ga", "layer", "paq", "ready", "real"]
    assert page.evaluate("window.kept") == "mine"
    assert page.evaluate("(async () => typeof await fbq('x'))()") == "function"
    assert errors == []
    page.close()
