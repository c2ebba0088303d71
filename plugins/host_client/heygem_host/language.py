"""Which language this machine's user reads: that of the panel's own window, where the editor does not say which its windows have."""

from __future__ import annotations

import locale
import os
import re
import subprocess
import sys
from collections.abc import Mapping

from .messages import other_languages


def of_tag(tag: str) -> str:
    """The first part of zh_CN.UTF-8, zh-Hans …; what the panel does not speak is English."""
    name = re.split(r"[^a-z]", tag.lower(), maxsplit=1)[0]
    return name if name in other_languages() else "en"


def of_this_machine(environment: Mapping[str, str] = os.environ) -> str:
    """By POSIX' rule (LC_ALL, else LC_MESSAGES, else LANG) where one of them is set, else what the system says."""
    tag = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), None)
    if tag is not None:
        return of_tag(tag)
    try:
        return _of_system()
    except (OSError, ValueError, AttributeError, subprocess.SubprocessError):
        return "en"


def _of_system() -> str:
    if sys.platform == "win32":
        import ctypes

        return of_tag(locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), ""))
    if sys.platform == "darwin":
        command = ["/usr/bin/defaults", "read", "-g", "AppleLanguages"]
        listed = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout
        return of_tag(next((tag for line in listed.splitlines() if (tag := line.strip(' ",()'))), ""))
    return "en"
