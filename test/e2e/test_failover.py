"""The short form of `script/prove failover`: three nodes behind a balancer while everything dies."""
import sys

from support.nodes import need
from support.paths import REPO, rounds

sys.path.insert(0, str(REPO / "test" / "failover"))
import failover  # noqa: E402  pylint: disable=wrong-import-position
import ledger as ledgers  # noqa: E402  pylint: disable=wrong-import-position
import load  # noqa: E402  pylint: disable=wrong-import-position


def test_no_acknowledged_write_is_lost_and_no_node_goes_back_while_everything_dies():
    need(failover.reason_against(patroni=False))
    told = failover.run(rounds(35, 300), seed=20261130)
    assert not told["wrong"], told["wrong"][:5]
    assert told["fetches"] > 500 and told["ledger"] > 50, told
    assert len(told["events"]) >= 4, told["events"]
    print(told)


def test_the_ledger_sees_what_it_is_there_to_see():
    """A proof whose checks cannot fail would show nothing."""
    ledger = ledgers.Ledger()
    for name in ("a", "b", "c"):
        ledger.send(name)
    ledger.acknowledge("g", 2, "a", 10)
    ledger.acknowledge("g", 3, "b", 11)
    ledger.check_history("g", {2: ("a", 10), 3: ("b", 11), 4: ("c", 12)})
    ledger.show("n1", {"g": 5}, ledger.floors())
    ledger.show("n2", {"g": 4}, ledger.floors())  # another node may be behind
    ledger.show("n1", {"g": 5}, ledger.floors())
    assert ledger.wrong == []
    for versions, word in (({2: ("a", 10)}, "lost"), ({2: ("a", 10), 3: ("b", 12)}, "acknowledged was"),
                           ({2: ("a", 10), 3: ("b", 11), 4: ("b", 12)}, "2 times"),
                           ({2: ("a", 10), 3: ("b", 11), 4: ("x", 12)}, "nobody sent")):
        ledger.wrong.clear()
        ledger.check_history("g", versions)
        assert any(word in one for one in ledger.wrong), (word, ledger.wrong)
    ledger.wrong.clear()
    ledger.acknowledge_commit("g", "c", 13)
    ledger.check_history("g", {2: ("a", 10), 3: ("b", 11), 4: ("c", 12)})
    assert any("lost: revision 13" in one for one in ledger.wrong)
    ledger.wrong.clear()
    ledger.show("n1", {"g": 4}, ledger.floors())
    assert any("went back" in one for one in ledger.wrong)


def test_a_bundle_with_a_part_of_a_change_is_seen():
    whole = {"PAIR_A": "1", "PAIR_B": "1"}
    for number in range(load.GROUPS):
        whole |= dict.fromkeys(load.names(number).values(), "7")
    assert load.judge(whole) == ""
    assert load.judge({**whole, load.names(3)["left"]: "8"}) and load.judge({**whole, "PAIR_B": "2"})
