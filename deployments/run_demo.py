"""The demo from its first line to its last, in Prefect and without."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from rich.console import Console

from blocks.process.web.prefect_place import ui_url
from deployments import demo
from deployments.demo_story import Story
from deployments.processes.api_server import ApiServer
from deployments.processes.home import Home
from deployments.quick_demo import quick_demo
from deployments.server.server import known_server
from deployments.start_settings import StartSettings
from deployments.supervisor import FIRST_REGISTER_LIMIT_S, Supervisor


def run_demo(
    supervisor: Supervisor,
    api_server: ApiServer,
    who_may_ask: Callable[[Supervisor], list[str]],
    *,
    stays: bool,
) -> int:
    """Run the demo's deployments to the end and show the results.

    Stops everything then, or, where it stays, when a signal arrives. `who_may_ask` says what its
    pages ask for.
    """
    home = supervisor.home
    story = Story(Console(soft_wrap=True), 3 if stays else 4)
    # Nor may one that crashed before: the demo's replay would wait for it.
    supervisor.restarts_sessions = False
    with ExitStack() as running:
        with story.step("Prefect's server and worker start, on this machine only"):
            running.enter_context(supervisor.running())
        registered: list[str] = []
        with story.step("Their deployments are registered: what can be run, with what, and when"):
            supervisor.say, say = registered.append, supervisor.say
            supervisor.register(limit_s=FIRST_REGISTER_LIMIT_S)
            supervisor.say = say
            story.say(f"      {len(registered)} things; each is in {home.logs / 'register.log'}")
        with story.step("A past session is traded again bar by bar, and 60 sessions are tested"):
            demo.run_and_wait(supervisor, demo.demo_runs(home.data_dir), story.console)
        pages = f"{api_server.url}/", ui_url(supervisor.api_url)
        report = story.tell_results(home.data_dir)
        if stays:
            story.tell_addresses(report, *pages, None)
            for line in who_may_ask(supervisor)[:1]:
                story.say(line)
            story.say("They answer until you press Ctrl-C")
            while not supervisor.should_stop():
                supervisor.tend()
                supervisor.should_stop.pause(demo.POLL_S)
            story.say("Stopping")
            return 0
        with story.step("Everything that was started is stopped"):
            running.close()
    story.tell_addresses(report, *pages, home.data_dir)
    return 0


def run_quick_demo(home: Home, configured: StartSettings) -> int:
    """Run the demo that needs no server, and say where pages will be once one is started."""
    live = f"http://{configured.api_host}:{configured.health_check_port}/"
    known = known_server(home)
    prefect = ui_url(known.api_url) if known else None
    return quick_demo(home.data_dir, Console(soft_wrap=True), live, prefect)
