"""In: tests that ask for a `scene`, or for a broker or database server of their own. Out: the real thing.

What is killed belongs to the module of the test; everything else runs on the session's broker and server.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from deploy.local.errors import LocalPartsError

# Everything that imports the Kafka client is imported late: pytest reads this before it reads which warnings to pass.
if TYPE_CHECKING:
    from load_tests.faults.parts import OwnKafka, OwnPostgres
    from load_tests.faults.scene import Scene

Part = TypeVar("Part")


@pytest.fixture(scope="session")
def faults_folder() -> Iterator[Path]:
    """A folder for logs and journals; what Python compiles for the workers is kept in it for all tests."""
    from load_tests.faults.parts import fresh_folder

    with fresh_folder() as folder:
        yield folder


@pytest.fixture
def scene(
    kafka_bootstrap: str, postgres_url: str, faults_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Scene]:
    """A scene on the session's broker and server."""
    from load_tests.faults.scene import Place, open_scene

    folder = faults_folder / f"scene-{abs(hash(request.node.nodeid)):x}"
    with open_scene(Place(kafka_bootstrap, postgres_url, folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def kafka() -> Iterator[OwnKafka]:
    """A broker of this module's own, behind a proxy."""
    from load_tests.faults.parts import own_kafka

    yield from _have(own_kafka())


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    """A database server of this module's own, with a proxy at hand."""
    from load_tests.faults.parts import own_postgres

    yield from _have(own_postgres())


def _have(part: AbstractContextManager[Part]) -> Iterator[Part]:
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(part)
        except LocalPartsError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(str(error))
            pytest.skip(str(error))
        yield opened
