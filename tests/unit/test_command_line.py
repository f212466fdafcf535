"""What `unsmear` tells of itself."""

from __future__ import annotations

import shlex

import pytest

from unsmear import __version__
from unsmear.cli import build_parser, main

COMMANDS = ["reconstruct", "app", "evaluate", "compare", "export", "export onnx", "export hub", "results", "mlflow"]


@pytest.fixture
def paragraphs(monkeypatch, capsys):
    """Of a command's help, their lines not broken."""

    def show(command: str) -> list[str]:
        monkeypatch.setenv("COLUMNS", "1000")
        with pytest.raises(SystemExit) as stopped:
            main([*command.split(), "--help"])
        assert stopped.value.code == 0
        return capsys.readouterr().out.strip().split("\n\n")

    return show


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_describes_itself_with_an_example_that_it_takes(command, paragraphs):
    usage, described, *_, example = paragraphs(command)
    assert usage.startswith(f"usage: unsmear {command} ") and described.endswith(".") and len(described) > 50
    assert example.startswith(f"example: unsmear {command} ")
    assert build_parser().parse_args(shlex.split(example)[2:]).command == command.split()[0]


def test_the_list_of_commands_is_whole(paragraphs):
    shown = " ".join(paragraphs("")).split()
    assert set(" ".join(COMMANDS).split()) - {"onnx", "hub"} <= set(shown)


def test_the_version_is_told_and_a_misspelt_command_refused(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0 and capsys.readouterr().out == f"unsmear {__version__}\n"
    for wrong, message in (([], "required: COMMAND"), (["recontruct", "a.jpg"], "reconstruct")):
        with pytest.raises(SystemExit) as stopped:
            main(wrong)
        assert stopped.value.code == 2 and message in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["app", "--port", "99999"], ["mlflow", "--port", "0"]])
def test_a_port_that_is_none_is_refused(arguments, capsys):
    assert main(arguments) == 2
    assert f"--port: {arguments[-1]} is no port; choose one from 1 to 65535" in capsys.readouterr().err
