#!/usr/bin/env python
"""Command line of oobsite."""

import os
import sys

from oobsite.errors import EXIT_FAILED, EXIT_INTERRUPTED, SettingError


def main() -> None:
    os.umask(0o007)  # what we make is for us and our group: it holds every patient
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oobsite.settings")
    try:
        from oobsite.commandline import CommandLine

        CommandLine(sys.argv).execute()
    except SettingError as error:
        from oobsite.commandline import end_call

        end_call(str(error), EXIT_FAILED, code="setting")
    except KeyboardInterrupt:  # while a command begins or ends
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
