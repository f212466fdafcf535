from __future__ import annotations

import pytest

from unsmear.code_digest import code_digest, cpp_digest, source_digest

SOURCE = '''"""A module."""

def double(x):
    """Twice x."""
    return 2 * x  # why not
'''


def test_comments_docstrings_and_layout_do_not_count():
    other = '"""Another text."""\n# remark\ndef double(x):\n    """Other."""\n\n    return (2 *\n        x)\n'
    assert source_digest(SOURCE) == source_digest(other)
    assert source_digest(SOURCE) == source_digest("def double(x):\n    return 2 * x\n")


def test_code_counts():
    assert source_digest(SOURCE) != source_digest(SOURCE.replace("2 * x", "3 * x"))
    assert source_digest(SOURCE) != source_digest(SOURCE.replace("double", "twice"))


def test_in_cpp_the_same_holds(monkeypatch, tmp_path):
    assert cpp_digest("int f() { return 1; }  // one\n") == cpp_digest("// f\nint f() {\n  return 1;\n}\n")
    assert cpp_digest("int f() { return 1; }") != cpp_digest("int f() { return 2; }")
    monkeypatch.setattr("unsmear.code_digest.ROOT", tmp_path)
    (tmp_path / "kernels" / "cpp").mkdir(parents=True)
    (tmp_path / "kernels" / "load.py").write_text("pass\n")
    before = code_digest("kernels")
    (tmp_path / "kernels" / "cpp" / "one.cpp").write_text("int f() { return 1; }\n")
    assert code_digest("kernels") != before


@pytest.mark.parametrize("name", ["templates/index.html", "page.css", "page.js"])
def test_templates_of_the_page_are_code(monkeypatch, tmp_path, name):
    digests = set()
    for number in range(2):
        path = tmp_path / str(number) / "page" / name
        path.parent.mkdir(parents=True)
        path.write_text(f"/* https://{number} */\n")
        monkeypatch.setattr("unsmear.code_digest.ROOT", tmp_path / str(number))
        digests.add(code_digest("page"))
    assert len(digests) == 2


def test_packages_and_modules_have_digests_of_their_own():
    digests = {
        code_digest("optics"),
        code_digest("training"),
        code_digest("optics", "training"),
        code_digest("files.py"),
    }
    assert len(digests) == 4
    assert code_digest("training", "optics") == code_digest("optics", "training")


def test_unknown_name_is_refused():
    with pytest.raises(ValueError, match="no module or package optiks"):
        code_digest("optiks")
