"""In: this checkout. Out: the folders that ship beside the code are found."""

from __future__ import annotations

from service.bundled import migrations_folder


def test_migrations_folder_in_a_checkout_holds_the_first_revision() -> None:
    folder = migrations_folder()

    assert (folder / "versions" / "0001_first_tables.py").is_file()
