"""Shells complete the words of the command."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from heygem_server.commands.completion import SHELLS


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_names_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    from heygem_server.cli import main

    assert main(["completion", shell]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("submit", "timeline", "--audio"))


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is missing")
def test_bash_completes_a_command_and_an_option() -> None:
    script = subprocess.run([sys.executable, "-m", "heygem_server.cli", "completion", "bash"], capture_output=True, text=True, check=True)
    ask = """
complete_it() {
  COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
  "$(complete -p heygem | sed 's/.*-F \\([^ ]*\\).*/\\1/')"; echo "${COMPREPLY[@]}"
}
complete_it heygem rep; complete_it heygem submit --in-o
"""
    done = subprocess.run(["bash", "-c", script.stdout + ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["repair", "--in-order"]
