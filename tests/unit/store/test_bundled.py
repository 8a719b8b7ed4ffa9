"""In: this checkout. Out: the folders that ship beside the code are found."""

from __future__ import annotations

from pathlib import Path

from service.bundled import migrations_folder, newest_version


def test_migrations_folder_in_a_checkout_holds_the_first_revision() -> None:
    folder = migrations_folder()

    assert (folder / "versions" / "0001_first_tables.py").is_file()


def test_newest_version_compares_numbers_and_ignores_other_folders(tmp_path: Path) -> None:
    for name in ("2", "10", "9", "draft"):
        (tmp_path / name).mkdir()
    (tmp_path / "11").touch()

    assert newest_version(tmp_path) == tmp_path / "10"


def test_newest_version_of_an_empty_or_missing_folder_is_none(tmp_path: Path) -> None:
    assert newest_version(tmp_path) is None
    assert newest_version(tmp_path / "missing") is None
