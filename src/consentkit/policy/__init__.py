"""The policy, a site's configuration: purposes, vendors, regimes, texts. Reads no request."""

from consentkit.policy.duration import Duration as Duration
from consentkit.policy.duration import read_duration as read_duration
from consentkit.policy.jurisdictions import Link as Link
from consentkit.policy.jurisdictions import Place as Place
from consentkit.policy.lifetime import Validity as Validity
from consentkit.policy.model import Policy as Policy
from consentkit.policy.tables import NECESSARY as NECESSARY
from consentkit.policy.tables import Banner as Banner
from consentkit.policy.tables import ConsentMode as ConsentMode
from consentkit.policy.tables import Cookie as Cookie
from consentkit.policy.tables import Lifetime as Lifetime
from consentkit.policy.tables import Purpose as Purpose
from consentkit.policy.tables import Regime as Regime
from consentkit.policy.tables import SignalRules as SignalRules
from consentkit.policy.tables import Site as Site
from consentkit.policy.tables import Vendor as Vendor
from consentkit.policy.tables import strictest as strictest
from consentkit.policy.vendors import ListFile as ListFile
