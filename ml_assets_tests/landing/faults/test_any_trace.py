"""Whatever happens in whatever order: nothing is lost, and no generation is committed twice.

Hypothesis makes up the traces: changes of the bucket, events that are dropped, doubled, late or out of order,
listings that are overtaken by changes, kills between any two steps, two hosts, wrong clocks, lost journals.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ml_assets.ledger.chain import verify
from ml_assets.ledger.store import Ledger
from ml_assets_tests.landing.faults.host import Host, Read, committed, committed_generations
from ml_assets_tests.landing.faults.virtual_s3 import PREFIX, VirtualS3

KEYS = st.sampled_from([f"{PREFIX}{name}" for name in ("a", "b/c")])
CONTENTS = st.sampled_from(["A", "B"])
NOTICED = st.sampled_from(["no", "heard", "landed elsewhere"])
HOSTS = st.sampled_from([0, 1])
# Thousands of small transactions: each waits for a disk otherwise.
MEMORY = Path("/dev/shm")  # noqa: S108
SOME = st.lists(st.integers(0, 20), min_size=1, max_size=6)


class AnyTrace(RuleBasedStateMachine):
    @initialize(sequenced=st.booleans(), versioned=st.booleans())
    def begin(self, *, sequenced: bool, versioned: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trace", dir=MEMORY if MEMORY.is_dir() else None))
        self.s3 = VirtualS3(sequenced=sequenced, versioned=versioned)
        self.ledger = Ledger.open("ledger", root=self.folder)
        self.hosts = [Host(self.s3, self.ledger, self.folder / f"host{number}") for number in (0, 1)]
        self.reads: list[tuple[Host, Read]] = []

    @rule(puts=st.lists(st.tuples(KEYS, CONTENTS), min_size=1, max_size=3), begun=st.sampled_from([0, 3600]))
    def put(self, puts: list[tuple[str, str]], begun: int) -> None:
        for key, content in puts:
            self.s3.put(key, content, begun=timedelta(seconds=begun))

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.s3.delete(key)

    @rule(seconds=st.integers(0, 2))
    def wait(self, seconds: int) -> None:
        self.s3.now += timedelta(seconds=seconds)

    @rule(host=HOSTS, hours=st.sampled_from([-1, 0, 1]))
    def set_clock(self, host: int, hours: int) -> None:
        self.hosts[host].skew = timedelta(hours=hours)

    @precondition(lambda self: self.s3.events)
    @rule(host=HOSTS, which=SOME, fate=st.sampled_from(["acknowledged", "killed before", "killed after"]))
    def hear(self, host: int, which: list[int], fate: str) -> None:
        events = self.s3.events
        heard = [events[each % len(events)] for each in which]
        if fate == "killed before":
            self.hosts[host].hear_and_die(heard)
            return
        self.hosts[host].hear(heard)
        if fate == "acknowledged":
            self.s3.events = [each for each in events if each not in heard]

    @precondition(lambda self: self.s3.events)
    @rule(which=SOME)
    def drop(self, which: list[int]) -> None:
        for each in which:
            if self.s3.events:
                self.s3.events.pop(each % len(self.s3.events))

    @rule(host=HOSTS, overtaken=st.none() | st.tuples(KEYS, CONTENTS | st.none(), NOTICED))
    def list_a_page(self, host: int, overtaken: tuple[str, str | None, str] | None) -> None:
        if overtaken:
            self.hosts[host].lister.meanwhile = [lambda: self._change(host, *overtaken)]
        self.hosts[host].list_a_page()
        self.hosts[host].lister.meanwhile = []

    def list_a_page_undisturbed(self, host: int) -> None:
        self.list_a_page(host, None)

    def hear_some(self, host: int, chance: random.Random) -> None:
        if self.s3.events:
            which = [chance.randint(0, 20) for _ in range(chance.randint(1, 4))]
            self.hear(host, which, chance.choice(["acknowledged", "killed before", "killed after"]))

    def commit_some(self, chance: random.Random) -> None:
        if self.reads:
            self.commit(chance.randint(0, 5), chance.choice([None, None, None, "before", "after"]))

    @rule(host=HOSTS)
    def seal(self, host: int) -> None:
        self.hosts[host].seal()

    @rule(host=HOSTS, which=st.integers(0, 1))
    def read(self, host: int, which: int) -> None:
        batches = self.hosts[host].batches()
        if batches:
            batch = batches[which % len(batches)]
            self.reads.append((self.hosts[host], self.hosts[host].read(batch)))

    @precondition(lambda self: self.reads)
    @rule(which=st.integers(0, 5), die=st.sampled_from([None, None, "before", "after"]))
    def commit(self, which: int, die: str | None) -> None:
        host, read = self.reads.pop(which % len(self.reads))
        host.commit(read, die=die)

    @rule(host=HOSTS)
    def look_and_read(self, host: int) -> None:
        """What many single steps come to: all that is there is in batches, and read by a run."""
        self.hosts[host].list_to_the_end()
        self.hosts[host].seal()
        for batch in self.hosts[host].batches():
            self.reads.append((self.hosts[host], self.hosts[host].read(batch)))

    @rule(host=HOSTS)
    def land(self, host: int) -> None:
        """A whole landing in which nothing goes wrong, while reads of others may still be under way."""
        self.hosts[host].list_to_the_end()
        self.hosts[host].seal()
        for batch in self.hosts[host].batches():
            self.hosts[host].commit(self.hosts[host].read(batch))

    @rule(host=HOSTS)
    def lose_journal(self, host: int) -> None:
        self.hosts[host].lose_journal()

    @invariant()
    def no_generation_is_committed_twice(self) -> None:
        if hasattr(self, "ledger"):
            again = {number: count for number, count in Counter(self._generations()).items() if count > 1}
            assert not again, again

    def teardown(self) -> None:
        if not hasattr(self, "ledger"):
            return
        try:
            for host in self.hosts:
                host.become_quiet()
            self.no_generation_is_committed_twice()
            assert committed(self.ledger) == {key: each.content for key, each in self.s3.live.items()}
            verify(self.ledger.records())
        finally:
            shutil.rmtree(self.folder)

    def _generations(self) -> list[int]:
        return committed_generations(self.ledger)

    def _change(self, host: int, key: str, content: str | None, noticed: str) -> None:
        if content:
            self.s3.put(key, content)
        else:
            self.s3.delete(key)
        if noticed == "heard" and self.s3.events:
            self.hosts[host].hear([self.s3.events[-1]])
        if noticed == "landed elsewhere":
            self.land(1 - host)
            self.hosts[host].history.catch_up(self.ledger)


_PATIENT = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

TestAnyTrace = AnyTrace.TestCase
TestAnyTrace.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=_PATIENT
)


class _ManyTraces(AnyTrace):
    """The same, for longer."""


TestManyTraces = pytest.mark.slow(_ManyTraces.TestCase)
TestManyTraces.settings = settings(
    max_examples=300, stateful_step_count=50, deadline=None, suppress_health_check=_PATIENT
)
