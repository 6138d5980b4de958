"""What was acknowledged, kept outside of everything that is killed; and what each node has shown."""
import threading
from collections import Counter


class Ledger:
    """Writes by (group, version), and the newest number of each group that a node has shown."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = set()          # ids that were sent, whatever came of them
        self.acknowledged = {}     # (group, version): (id, revision)
        self.commits = {}          # (group, revision): id, of writes whose version was not told
        self.shown = {}            # node: {group: number}
        self.wrong = []

    def complain(self, what):
        with self.lock:
            if len(self.wrong) < 20:
                self.wrong.append(what)

    def send(self, name):
        with self.lock:
            self.sent.add(name)

    def acknowledge(self, group, version, name, revision):
        with self.lock:
            before = self.acknowledged.setdefault((group, version), (name, revision))
        if before != (name, revision):
            self.complain(f"version {version} of {group} was given to {before} and {name}")

    def acknowledge_commit(self, group, name, revision):
        with self.lock:
            self.commits[group, revision] = name

    def floors(self) -> dict:
        """What every node had shown up to now: no answer to a later request may be older."""
        with self.lock:
            return {node: dict(groups) for node, groups in self.shown.items()}

    def show(self, node, numbers, floors):
        """An answer of that node to a request that was sent when `floors` held."""
        for group, least in floors.get(node, {}).items():
            if group in numbers and numbers[group] < least:
                self.complain(f"{node} went back from {least} to {numbers[group]} in {group}")
        with self.lock:
            mine = self.shown.setdefault(node, {})
            for group, number in numbers.items():
                mine[group] = max(mine.get(group, 0), number)

    def check_history(self, group, versions):
        """`versions`: {version: (id, revision)} as the store tells them in the end."""
        for (name, version), (who, revision) in sorted(self.acknowledged.items()):
            if name != group:
                continue
            kept = versions.get(version)
            if kept is None:
                self.complain(f"lost: version {version} of {group}, acknowledged to {who}")
            elif kept != (who, revision):
                self.complain(f"version {version} of {group} is {kept}, acknowledged was "
                              f"{(who, revision)}")
        by_revision = {revision: who for who, revision in versions.values()}
        for (name, revision), who in sorted(self.commits.items()):
            if name == group and by_revision.get(revision) != who:
                self.complain(f"lost: revision {revision} of {group}, acknowledged to {who}")
        for who, times in Counter(one for one, _ in versions.values()).items():
            if times > 1:
                self.complain(f"{who} was written {times} times in {group}")
            if who not in self.sent:
                self.complain(f"nobody sent {who}, which is in {group}")
