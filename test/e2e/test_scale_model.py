"""docs/operations/scale.md has the tables that the model prints, and the model behaves."""
import sys

from support.paths import REPO

sys.path.insert(0, str(REPO / "bench"))
import model_scale  # noqa: E402  pylint: disable=wrong-import-position

INPUTS = model_scale.Inputs()


def test_the_page_has_the_tables_that_the_model_prints():
    text = model_scale.PAGE.read_text()
    assert model_scale.filled(text, INPUTS) == text, "run: python3 bench/model_scale.py --write"


def test_every_figure_has_a_unit_and_a_source():
    for name, row in INPUTS.rows.items():
        assert set(row) == {"what", "value", "unit", "source"} and row["value"] > 0, name


def test_more_capacity_is_never_slower_and_nobody_is_served_before_he_comes():
    times = []
    for per_second in (2_000, 20_000, 200_000):
        region = model_scale.Region(1_000_000, 600, 30, per_second, 3).run()
        assert region.when[1.0] >= 600
        times.append(region.when[1.0])
    assert times == sorted(times, reverse=True)


def test_nodes_that_are_ready_at_once_turn_nobody_away():
    region = model_scale.Region(100_000, 600, 0, 1_000, 3).run()
    assert region.failures == 0 and region.when[1.0] == 600
    late = model_scale.Region(100_000, 600, 60, 1_000, 3).run()
    assert late.failures > 0 and late.when[1.0] >= region.when[1.0]
