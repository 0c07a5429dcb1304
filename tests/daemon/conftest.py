"""Fixtures: a world per test, one PostgreSQL per session, and the usual cast ready to use."""
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.cli import Cli  # noqa: E402
from harness.disk import Disks  # noqa: E402
from harness.fleet import Fleet  # noqa: E402
from harness.postgres import Cluster, make_template  # noqa: E402
from harness.world import World  # noqa: E402
from raw_agent import RawAgent  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    setattr(item, f"report_{call.when}", outcome.get_result())


@pytest.fixture(scope="session")
def session_folder():
    folder = Path(tempfile.mkdtemp(prefix="belfry-session-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(session_folder):
    return make_template(session_folder / "template")


@pytest.fixture(scope="session")
def _shared_cluster(postgres_template, session_folder):
    """Started when the first test asks for a database."""
    started = []

    def get():
        if not started:
            started.append(Cluster(postgres_template, session_folder).start())
        return started[0]

    yield get
    for cluster in started:
        cluster.stop()


@pytest.fixture
def world(request, postgres_template, _shared_cluster):
    """The factory of daemons. At the end all are stopped; a bad end, an alarm in a log or a left-over process fails the test."""
    world = World(postgres_template, _shared_cluster)
    yield world
    failed = getattr(request.node, "report_call", None) is not None and request.node.report_call.failed
    if failed:
        print(f"\nkept: {world.folder}\n{world.tails()}")
    complaints = world.close()
    if complaints:
        pytest.fail(f"at the end (kept: {world.folder}):\n" + "\n".join(complaints), pytrace=False)
    if not failed:
        world.remove()


@pytest.fixture
def database(world):
    return world.database()


@pytest.fixture
def central(world, database):
    """A running central on a fresh database of the session's PostgreSQL."""
    return world.central(database).start()


@pytest.fixture
def api(central):
    """Its REST API with the admin token."""
    return central.api


@pytest.fixture
def target(world):
    return world.target()


@pytest.fixture
def disk(world):
    """mount(folder, size, mode): a small disk there, mounted until the end of the test."""
    disks = Disks()
    yield disks.mount
    for process in world.processes():
        process.kill()
    disks.unmount()


@pytest.fixture
def pulse(world):
    """Beats from the begin of the test on; pulse.allows(ms) is a bound on lateness."""
    return world.pulse()


@pytest.fixture
def agent(world, central):
    """A running agent, enrolled with `central`."""
    return world.agent(central).start()


@pytest.fixture
def raw(central):
    """An agent that is nothing but HTTP, enrolled with `central`."""
    return RawAgent(central)


@pytest.fixture
def fleet(world, central, target):
    """No agents yet; they are added, started and checked together."""
    return Fleet(world, central, target)


@pytest.fixture
def cli(world, central):
    """The `belfry` command with the admin token."""
    return Cli(world.folder, central.url, central.token)
