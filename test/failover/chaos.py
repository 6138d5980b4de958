"""What happens to nodes and database, one thing after the other, from a seed."""
import os
import random
import signal
import time
from collections import Counter, defaultdict

from support.wait import eventually, moment

# After a node is back it takes a moment until the balancer's health checks say so.
GRACE_SECONDS = 2.0


class Chaos:
    """`events` are the names of its methods. Each leaves everything running again."""

    events = ("kill_node", "freeze_node", "stop_database", "freeze_database", "cut_connections",
              "kill_two_nodes", "kill_node_without_database")

    def __init__(self, nodes, balancer, database, seed, log=print):
        self.nodes, self.balancer, self.database = nodes, balancer, database
        self.dice, self.log = random.Random(seed), log
        self.windows = defaultdict(list)  # node: [[began, ended or None]]
        self.counts, self.back = Counter(), defaultdict(list)

    # -- what is touched when ------------------------------------------------------------------

    def touch(self, node):
        self.windows[node.name].append([time.monotonic(), None])

    def leave(self, node):
        self.windows[node.name][-1][1] = time.monotonic() + GRACE_SECONDS

    def touched(self, name, began, ended) -> bool:
        """Whether that node, or any where it is not known, was killed or frozen at some time between."""
        spans = self.windows.get(name, []) if name else sum(list(self.windows.values()), [])
        return any(begin <= ended and (end is None or began <= end) for begin, end in list(spans))

    # -- running -------------------------------------------------------------------------------

    def run(self, until, writes):
        """Every event once, then by the dice. `writes` gives the count of acknowledged writes."""
        waiting = list(self.events)
        self.dice.shuffle(waiting)
        while time.monotonic() < until:
            name = waiting.pop() if waiting else self.dice.choice(self.events)
            began = time.monotonic()
            getattr(self, name)()
            self.counts[name] += 1
            self.settle(writes)
            self.back[name].append(time.monotonic() - began)
            self.log(f"failover: {name}, well again after {self.back[name][-1]:.1f} s")
            moment(self.dice.uniform(0.2, 0.8))

    def settle(self, writes):
        """All nodes are up for the balancer, and a write is acknowledged again."""
        everybody = {node.name for node in self.nodes}
        eventually(lambda: self.balancer.up("providers") == everybody, 60, "all nodes being up")
        eventually(lambda: self.balancer.up("admins") == everybody, 60, "all admin sides being up")
        before = writes()
        eventually(lambda: writes() > before + 3, 60, "acknowledged writes")

    # -- events --------------------------------------------------------------------------------

    def one(self):
        return self.dice.choice(self.nodes)

    def kill_node(self, node=None):
        node = node or self.one()
        self.touch(node)
        node.kill()
        moment(self.dice.uniform(0.0, 1.5))
        node.again()
        self.leave(node)

    def kill_two_nodes(self):
        pair = self.dice.sample(self.nodes, 2)
        for node in pair:
            self.touch(node)
            node.kill()
        for node in pair:
            node.again()
            self.leave(node)

    def freeze_node(self):
        node = self.one()
        self.touch(node)
        node.signal(signal.SIGSTOP)
        moment(self.dice.uniform(0.5, 4.0))
        node.signal(signal.SIGCONT)
        self.leave(node)

    def stop_database(self):
        self.database.stop_immediate()
        moment(self.dice.uniform(0.5, 3.0))
        self.database.start()

    def freeze_database(self):
        self.database.freeze()
        moment(self.dice.uniform(0.5, 6.0))
        self.database.thaw()

    def cut_connections(self):
        for _ in range(self.dice.randint(1, 5)):
            self.database.cut_connections()
            moment(self.dice.uniform(0.0, 0.3))

    def kill_node_without_database(self):
        """The node cannot start before the database is back; the others serve on."""
        node = self.one()
        self.database.stop_immediate()
        self.touch(node)
        node.kill()
        moment(self.dice.uniform(0.2, 1.0))
        self.database.start()
        node.again()
        self.leave(node)


class PatroniChaos(Chaos):
    """Over a Patroni cluster whose replication is synchronous."""

    events = ("kill_node", "freeze_node", "cut_connections", "kill_two_nodes", "switch_over",
              "kill_leader_database", "freeze_leader_database", "kill_leader_machine")

    def switch_over(self):
        self.database.switch_over()
        self.database.settled()

    def kill_leader_database(self):
        """PostgreSQL of the leader alone: Patroni moves the lead at once."""
        leader = self.database.leader()
        os.kill(leader.postmaster, signal.SIGKILL)
        self.database.settled()

    def freeze_leader_database(self):
        leader = self.database.leader()
        leader.freeze()
        moment(self.dice.uniform(0.5, 3.0))
        leader.thaw()
        self.database.settled()

    def kill_leader_machine(self):
        """Patroni and PostgreSQL at once: the lead moves when its lease has run out."""
        leader = self.database.leader()
        leader.kill()
        eventually(lambda: any(one.leads for one in self.database.members if one is not leader), 60,
                   "another leader")
        leader.start(180)
        self.database.settled()
