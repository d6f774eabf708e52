"""What the shells are told, what the version costs, what -v says, and what each exit code means."""

import re
import subprocess
import sys

import pytest

from tensor_overparam.cli.commands import parser
from tensor_overparam.cli.completion import SHELLS, options, script, subparsers
from tensor_overparam.decomposition import VERDICTS

COMMAND = [sys.executable, "-m", "tensor_overparam"]


def call(folder, *words):
    """Run the command in a folder; return what came back."""
    return subprocess.run([*COMMAND, *words], cwd=folder, capture_output=True, text=True, timeout=300)


def tab(line, folder):
    """Return what bash offers at the end of a line."""
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    code = f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _tensor_overparam; "
    run = ["bash", "--norc", "-c", script(parser(), "bash") + code + "printf '%s\\n' \"${COMPREPLY[@]}\""]
    return subprocess.run(run, cwd=folder, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.skipif(sys.platform == "win32", reason="bash is asked")
def test_bash_completes_commands_options_words_and_files(tmp_path):
    (tmp_path / "T.npy").write_text("")
    assert set(subparsers(parser())) <= set(tab("tensor-overparam ", tmp_path))
    assert tab("tensor-overparam dec", tmp_path) == ["decompose"]
    assert tab("tensor-overparam decompose --max", tmp_path) == ["--max-components"]
    assert tab("tensor-overparam compare --kind ortho", tmp_path) == ["orthogonal"]
    assert tab("tensor-overparam phase --algorithm mod", tmp_path) == ["modified"]
    assert tab("tensor-overparam decompose T", tmp_path) == ["T.npy"]
    assert tab("tensor-overparam compare --dim 3 --target T", tmp_path) == ["T.npy"]
    assert tab("tensor-overparam --print-completion z", tmp_path) == ["zsh"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_option_of_every_command_is_in_the_script(shell, tmp_path):
    back = call(tmp_path, "--print-completion", shell)
    assert back.returncode == 0 and back.stdout == script(parser(), shell)
    for name, one in {"": parser(), **subparsers(parser())}.items():
        assert name in back.stdout
        for option in options(one):
            told = f"-{'l' if option.startswith('--') else 's'} {option.lstrip('-')}" if shell == "fish" else option
            assert re.search(rf"{re.escape(told)}\b", back.stdout), (name, option)
    if shell != "fish" and sys.platform != "win32":
        subprocess.run(["bash", "-n"], input=script(parser(), "bash"), text=True, check=True)
    assert call(tmp_path, "--print-completion", "tcsh").returncode == 2


def test_the_version_is_told_at_once():
    """Neither NumPy nor a wing is loaded for it."""
    code = "import sys; sys.argv[1:] = ['--version']; import tensor_overparam.__main__ as m; code = m.main(); "
    code += "print(code, *sorted({n.partition('.')[0] for n in sys.modules} & {'numpy', 'scipy', 'argparse'}))"
    back = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split("\n")
    assert re.fullmatch(r"tensor_overparam \d+\.\d+\.\d+", back[0]) and back[1] == "0"


def test_verbose_logs_to_standard_error(tmp_path):
    quiet, told = call(tmp_path, "phase", "--list"), call(tmp_path, "-v", "phase", "--list")
    after, fully = call(tmp_path, "phase", "--list", "-v"), call(tmp_path, "compare", "--seeds", "0", "-vv")
    assert quiet.stderr == "" and quiet.stdout == told.stdout == after.stdout
    for back in (told, after):
        assert "INFO phase with" in back.stderr and "versions" in back.stderr and "exit code 0" in back.stderr
    assert fully.returncode == 2 and "Traceback" in fully.stderr and "ended after" in fully.stderr
    assert "tensor-overparam: --seeds is 0; expected at least 1" in fully.stderr
    assert "Traceback" not in call(tmp_path, "compare", "--seeds", "0", "-v").stderr


def test_exit_codes_are_documented(tmp_path):
    said = call(tmp_path, "--help").stdout.partition("exit codes:")[2]
    meaning = {int(line.split()[0]): line for line in said.strip().splitlines()}
    assert meaning.keys() == {0, 1, 2, 130} | {verdict.exit_code for verdict in VERDICTS.values()}
    for name, verdict in VERDICTS.items():
        if verdict.exit_code > 2:
            assert f"'{name}'" in meaning[verdict.exit_code]
