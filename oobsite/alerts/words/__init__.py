"""Words for alerts. A row keeps a code and parameters; what is not named here is never said, so no secret slips out.

A new alert is one line in the file of its topic. Parameters that end in ``_at`` are moments (ISO), those in ``_bytes``
sizes; ``source``, ``sources``, ``action`` and ``causes`` are names that become words.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from oobsite.alerts.words.archives import ARCHIVES, SEVERAL
from oobsite.alerts.words.causes import CAUSES
from oobsite.alerts.words.certificates import CERTIFICATES
from oobsite.alerts.words.entry import Words
from oobsite.alerts.words.machine import MACHINE
from oobsite.alerts.words.runs import RUNS
from oobsite.alerts.words.telling import TELLING

__all__ = ["ALERTS", "CAUSES", "SEVERAL", "UNKNOWN", "Words"]

ALERTS: dict[str, Words] = RUNS | ARCHIVES | MACHINE | CERTIFICATES | TELLING
UNKNOWN = Words(
    _("Something needs your attention"),
    _("oobsite has noticed something for which this version has no words (%(code)s)."),
    _("See the overview and the runs."),
)
