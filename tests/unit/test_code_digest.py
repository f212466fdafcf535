"""What the digest of a module depends on."""

from __future__ import annotations

from pathlib import Path

import pytest

from unsmear.code_digest import code_digest, find_sources
from unsmear.parsed_sources import ParsedSources, parse_source

SOURCE = '''"""A module."""

def double(x):
    """Twice x."""
    return 2 * x  # why not
'''
FILES = {
    "__init__.py": "",
    "top.py": "import unsmear.eager.one\n\ndef late():\n    from unsmear.eager import two\n    return two\n",
    "eager/__init__.py": "",
    "eager/one.py": "from unsmear.eager.names import NAME\n",
    "eager/two.py": "COMMAND = ['-m', 'unsmear.started']\n",
    "eager/names.py": "NAME = 1\n",
    "eager/other.py": "OTHER = 1\n",
    "eager/templates/page.html": "<p>https://one</p>\n",
    "started/__init__.py": "",
    "started/__main__.py": "import unsmear.records.journal\n",
    "records/__init__.py": "",
    "records/journal.py": "import unsmear.files\n",
    "files.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import unsmear.types\n",
    "types.py": "",
}
OF_TOP = {"__init__.py", "top.py", "eager/__init__.py", "eager/one.py", "eager/two.py", "eager/names.py"}
OF_TOP |= {
    "eager/templates/page.html",
    "started/__init__.py",
    "started/__main__.py",
    "records/__init__.py",
    "records/journal.py",
    "files.py",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of a few modules in place of the real one."""
    root = tmp_path / "unsmear"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr("unsmear.code_digest.ROOT", root)
    return root


def source_digest(text: str) -> str:
    return parse_source(text, Path("module.py")).digest


def cpp_digest(text: str) -> str:
    return parse_source(text, Path("kernel.cpp")).digest


def test_comments_docstrings_and_layout_do_not_count():
    other = '"""Another text."""\n# remark\ndef double(x):\n    """Other."""\n\n    return (2 *\n        x)\n'
    assert source_digest(SOURCE) == source_digest(other)
    assert source_digest(SOURCE) == source_digest("def double(x):\n    return 2 * x\n")
    assert cpp_digest("int f() { return 1; }  // one\n") == cpp_digest("// f\nint f() {\n  return 1;\n}\n")


def test_code_counts():
    assert source_digest(SOURCE) != source_digest(SOURCE.replace("2 * x", "3 * x"))
    assert source_digest(SOURCE) != source_digest(SOURCE.replace("double", "twice"))
    assert cpp_digest("int f() { return 1; }") != cpp_digest("int f() { return 2; }")


@pytest.mark.parametrize("name", FILES)
def test_a_change_counts_where_the_module_can_import_it(package, name):
    before = code_digest("top.py", without=())
    path = package / name
    path.write_text(path.read_text() + ("CHANGED = 1\n" if path.suffix == ".py" else "<p>more</p>\n"))
    assert (code_digest("top.py", without=()) != before) == (name in OF_TOP)


def test_what_is_left_out_is_not_followed(package):
    names = {path.relative_to(package).as_posix() for path in find_sources(["top.py"], without=("records",))}
    assert names == OF_TOP - {"records/__init__.py", "records/journal.py", "files.py"}
    eager = {path.relative_to(package).as_posix() for path in find_sources(["top.py"], lazy=False)}
    assert eager == {"__init__.py", "top.py", "eager/__init__.py", "eager/one.py", "eager/names.py"}


def test_order_and_repetition_do_not_count(package):
    assert code_digest("top.py", "types.py") == code_digest("types.py", "top.py", "top.py") != code_digest("top.py")


def test_unknown_name_and_relative_imports_are_refused(package):
    with pytest.raises(ValueError, match="no module optiks"):
        code_digest("optiks.py")
    (package / "top.py").write_text("from . import files\n")
    with pytest.raises(ValueError, match="line 1: a relative import"):
        code_digest("top.py")


def test_what_was_parsed_is_kept_by_its_text(tmp_path, monkeypatch):
    module, kept = tmp_path / "module.py", tmp_path / "cache" / "kept.json"
    module.write_text("import unsmear.files\n\ndef late():\n    import unsmear.retry\n")
    first = ParsedSources(kept)
    source = first.parse(module)
    first.save()
    parsed = []
    monkeypatch.setattr(
        "unsmear.parsed_sources.parse_source", lambda text, path: parsed.append(text) or parse_source(text, path)
    )
    assert ParsedSources(kept).parse(module) == source and parsed == []
    module.write_text("import unsmear.results\n")
    again = ParsedSources(kept)
    assert again.parse(module).imports == {"unsmear.results"} and parsed == ["import unsmear.results\n"]


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": 1}', '{"a": ["b", 1, 2]}', '"a"'])
def test_a_damaged_or_missing_memory_is_no_error(tmp_path, content):
    module, kept = tmp_path / "module.py", tmp_path / "kept.json"
    module.write_text("ONE = 1\n")
    kept.write_text(content)
    assert ParsedSources(kept).parse(module) == parse_source("ONE = 1\n", module)
    blocked = ParsedSources(kept / "below" / "kept.json")
    assert blocked.parse(module) == parse_source("ONE = 1\n", module)
    blocked.save()
