"""Sentences of Django that we translate in our own words; listed here so that the catalogue keeps them."""

from django.utils.translation import gettext_noop as _

DJANGO_SENTENCES = (
    _("Change history: %s"),
    _("The {name} “{obj}” was added successfully."),
    _("The {name} “{obj}” was changed successfully."),
    _("The %(name)s “%(obj)s” was deleted successfully."),
    _(
        "Please enter the correct %(username)s and password for a staff account. Note that both fields may be "
        "case-sensitive."
    ),
    _("Please enter a correct %(username)s and password. Note that both fields may be case-sensitive."),
    _("Ensure this value is greater than or equal to %(limit_value)s."),
)
