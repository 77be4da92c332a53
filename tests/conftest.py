"""What all tests share: where the repository is, a seed for random tests, and user folders of their own."""

from __future__ import annotations

import atexit
import os
import random
import shutil
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).parent.parent
DEFAULT_SEED = 20

# Tests repeat exactly; a slow machine is no reason to fail.
settings.register_profile("repeatable", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("repeatable")


# A shell that runs the tests in the background ignores Ctrl-C for them and for every program they start: here it is tested.
signal.signal(signal.SIGINT, signal.default_int_handler)


def _own_user_folders() -> None:
    """Keep tests and the programs they start away from the user's settings and variables; compiled kernels stay warm between runs."""
    for name in [name for name in os.environ if name.startswith("BACKLINE_") and name != "BACKLINE_TEST_HOME"]:
        del os.environ[name]
    os.environ.pop("LV2_PATH", None)
    cache = REPOSITORY / ".cache" / "tests"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["XDG_CACHE_HOME"] = str(cache)
    # Workers of pytest-xdist are children: they find the folder of the run that started them.
    if "BACKLINE_TEST_HOME" not in os.environ:
        home = tempfile.mkdtemp(prefix="backline-tests-")
        atexit.register(shutil.rmtree, home, ignore_errors=True)
        os.environ["BACKLINE_TEST_HOME"] = home
    for name in ("CONFIG", "DATA", "STATE"):
        os.environ[f"XDG_{name}_HOME"] = str(Path(os.environ["BACKLINE_TEST_HOME"]) / name.lower())


_own_user_folders()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=DEFAULT_SEED, help=f"start of the random tests (default {DEFAULT_SEED})")


def pytest_report_header(config: pytest.Config) -> str:
    return f"random tests: --seed {config.getoption('--seed')}"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """The number that random tests start from; pass another with --seed."""
    return int(pytestconfig.getoption("--seed"))


@pytest.fixture
def dice(seed: int) -> random.Random:
    """Random decisions."""
    return random.Random(seed)


@pytest.fixture
def noise(seed: int) -> np.random.Generator:
    """Random audio."""
    return np.random.default_rng(seed)
