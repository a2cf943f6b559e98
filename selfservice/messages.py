"""Sentences for the settings of the appointments: what happened, what is untouched, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SELFSERVICE_SENTENCES: dict[str, Promise] = {
    # --- the file ---
    "settings-refused": _(
        "The file settings.js of Webelexis cannot be changed safely, line %(line)s: %(reason)s. Nothing was changed. "
        "Whoever looks after the server puts the values in by hand, or mends the file."
    ),
    "settings-refused-whole": _(
        "The file settings.js of Webelexis cannot be changed safely: %(reason)s. Nothing was changed. Whoever looks "
        "after the server puts the values in by hand, or mends the file."
    ),
    "settings-file-missing": _("There is no file %(path)s. Nothing was changed."),
    "settings-folder-missing": _(
        "There is no folder %(path)s. Nothing was changed. Whoever looks after the server mounts the data folder of "
        "Webelexis there, or names another one in OOB_WEBELEXIS_DIR."
    ),
    "settings-too-large": _(
        "%(path)s has %(size)s; no file of settings is so large. Nothing was changed. Put the right file in its place."
    ),
    "settings-unreadable": _(
        "%(path)s cannot be read (%(reason)s). Nothing was changed. Give the file back to a user whom the worker of "
        "oobsite may read."
    ),
    "settings-file-is-link": _(
        "%(path)s is a link, or no plain file, and is not written. Nothing was changed. Put a plain file in its place."
    ),
    "settings-changed": _(
        "%(path)s is not what you have seen: somebody has changed it meanwhile. Nothing was written. Look at the "
        "change once more."
    ),
    "settings-unexpected": _(
        "Something unexpected happened (%(kind)s). The file is as before. Try once more; if it happens again, whoever "
        "looks after the server finds more in the log of the worker."
    ),
    "settings-replaced": _("A later order came before this one was written. Nothing of it was written."),
    "settings-owner": _(
        "%(path)s belongs to the user %(uid)s, and Webelexis could not read it any more if oobsite wrote it. Nothing "
        "was written. Let the worker of oobsite run as root or as the user %(uid)s."
    ),
    "settings-write": _(
        "%(path)s cannot be written (%(reason)s). The file is as before. Make room or give the folder back to oobsite, "
        "then write it once more."
    ),
    "settings-not-loaded": _(
        "Webelexis could not load the file after the change (%(reason)s, line %(line)s), so nothing was written. "
        "Whoever looks after the server mends the file."
    ),
    "settings-not-loaded-whole": _(
        "Webelexis could not load the file after the change (%(reason)s), so nothing was written. Whoever looks after "
        "the server mends the file."
    ),
    "settings-es-module": _(
        "The file says “export” or “import”. Webelexis 3.1 to 3.5 finds no settings in such a file; 3.7 and newer "
        "does with node 20.19, 22.12 or newer, which its images up to 3.9.0 do not have. oobsite changes values alone: "
        "whoever looks after the server writes “module.exports =” in place of “export default”."
    ),
    # --- the settings ---
    "self-service-unset": _("The settings of the appointments were never saved. Fill in the page “Online booking”."),
    "self-service-invalid": _(
        "Webelexis could not use these values: %(fields)s. Nothing was written. Correct them on the page "
        "“Online booking”."
    ),
    "value-unknown": _(
        "oobsite does not know these values: %(fields)s. They were to come from expressions of the file, which are not "
        "there any more. Nothing was written. Type the values on the page “Online booking”, or let the file count."
    ),
    "version-unknown": _("There is no state %(number)s of the file any more: the last 30 are kept."),
    "mail-value-unknown": _(
        "No test mail can be sent: for %(fields)s the file says only where Webelexis takes the value from. Book an "
        "appointment yourself; or write the values into the form, and they stand in the file from then on."
    ),
    "confirmation-empty": _(
        "The confirmation is empty: Webelexis sends no mail to patients, and no test mail was sent. Write a text with "
        "{*} for day and time."
    ),
    "webelexis-container-unset": _(
        "oobsite does not know the container of Webelexis, so nothing was restarted. Name it in "
        "OOB_WEBELEXIS_CONTAINER, or restart it on the server."
    ),
    # --- results ---
    "selfservice-mail-sent": _("The test mail for %(address)s was taken by %(host)s. Look whether it has arrived."),
    "selfservice-page-served": _("The page of the appointments is headed “%(name)s”: the settings have arrived."),
    "selfservice-page-another": _(
        "The page at %(url)s does not have the heading “%(name)s”. Restart Webelexis; when it stays so, it reads "
        "another file (README, “Online booking”)."
    ),
    "selfservice-page-broken": _(
        "The page at %(url)s shows an error. Check the agenda area, and look into the log of Webelexis."
    ),
    "selfservice-page-unreachable": _(
        "The page at %(url)s does not answer. Is Webelexis running? Its address stands in OOB_SELFSERVICE_URL."
    ),
}

#: What is wrong with a value, at its field.
RULE_SENTENCES: dict[str, Promise] = {
    "needed": _("Fill this in: Webelexis needs it."),
    "no-text": _("Write a text."),
    "whole-number": _("Write a whole number."),
    "range": _("Write a number from %(least)s to %(most)s. With others Webelexis hangs or offers no appointment."),
    "port-starttls": _(
        "Port %(port)s does not work: there the connection begins without encryption, which Webelexis cannot do. "
        "Nearly every mail server also takes mail at port 465."
    ),
    "port-other": _("Webelexis can use port 465 only: its connection is encrypted from the start."),
    "control": _("There are signs in it that cannot be seen, such as a line break. Type it anew."),
    "sender-signs": _('Leave out , ; : ( ) < > and ": with them the sender of the mails would be another one.'),
    "mail": _("Write one mail address, such as praxis@example.ch."),
    "host": _("Write the name of the mail server alone, such as smtp.hin.ch."),
    "one-date": _("Write {*} just once, where day and time belong. Webelexis replaces only the first one."),
    "rewritten-backslash": _(
        "Webelexis 3.9 drops a backslash at the beginning. Choose another text; a password can be changed at the "
        "provider of the mail server."
    ),
    "rewritten-path": _(
        "Webelexis 3.9 takes what begins with ./ or ../ for the path of a file. Choose another text; a password can be "
        "changed at the provider of the mail server."
    ),
    "rewritten-variable": _(
        "Webelexis 3.9 takes this word for the name of a variable and puts in something else. Choose another text; a "
        "password can be changed at the provider of the mail server."
    ),
}

#: Fields, as they are called on the page.
SETTINGS_FIELDS: dict[str, Promise] = {
    "name": _("name of the practice"),
    "mail": _("e-mail"),
    "address": _("postal address"),
    "phone": _("phone"),
    "appointment_type": _("appointment type"),
    "duration_minutes": _("duration in minutes"),
    "daily_maximum": _("maximum a day"),
    "agenda_area": _("agenda area"),
    "confirmation": _("confirmation"),
    "host": _("mail server"),
    "port": _("port"),
    "user": _("user name"),
    "password": _("password"),
}

#: Why ``settings.js`` is left alone.
SETTINGS_REASONS: dict[str, Promise] = {
    "syntax": _("here or just before, the JavaScript is not right"),
    "conflict": _("an unfinished merge stands there"),
    "typescript": _("it is TypeScript"),
    "jsx": _("it is JSX"),
    "quotes": _("the quotes are typographic ones, as a word processor makes them"),
    "encoding": _("it is no text, or UTF-16"),
    "json": _("it is plain JSON without module.exports, so Webelexis reads nothing from it"),
    "no-export": _("nothing is exported"),
    "several-exports": _("more than one thing is exported"),
    "conditional-export": _("it depends on a condition what is exported"),
    "function": _("a function is exported"),
    "array": _("a list is exported"),
    "string": _("a text is exported"),
    "call": _("the result of a function is exported"),
    "require": _("another file is exported"),
    "expression": _("the result of an expression is exported"),
    "spread": _("“...” puts in values that nobody sees here"),
    "getter": _("a value is computed by a function (get)"),
    "computed-key": _("a name is computed"),
    "section": _("“schedule” or “smtp” is no object in braces"),
    "later-assignment": _("the values are changed once more further down"),
    "later-use": _("the values are handed to other code further down"),
    "not-kept": _("the change would not say what was asked for"),
    # why node does not load it
    "SyntaxError": _("JavaScript is not right"),
    "ReferenceError": _("a name in it is not known"),
    "timeout": _("it takes too long"),
    "crash": _("node ended"),
    "values": _("it says other values when it is loaded"),
}


def rule_sentence(code: str, params: Mapping[str, Any]) -> str:
    """What is wrong with a value, in the present language."""
    text = str(RULE_SENTENCES[code])
    return text % params if params else text
