"""Words for events in templates."""

from __future__ import annotations

from django import template

from oobsite.audit import messages, showing

register = template.Library()
register.filter("action_words", messages.action_words)
register.filter("verdict_words", messages.verdict_sentence)
register.filter("verdict_advice", messages.advice)
register.filter("event_summary", showing.summary)
register.filter("who", showing.who)
