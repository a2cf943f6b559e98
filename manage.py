#!/usr/bin/env python
"""Command line of oobsite."""

import os
import sys

from oobsite.errors import SettingError


def main() -> None:
    os.umask(0o007)  # what we make is for us and our group: it holds every patient
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oobsite.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except SettingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
