"""What other apps may want to know."""

from __future__ import annotations

from django.dispatch import Signal

#: A restore, or its undoing, has come to its end; sent with ``sources``. What a receiver returns as a dict stands in
#: the result of the run under its own names.
data_exchanged = Signal()
