"""Figures of many measurements."""


def percentile(values, part) -> float:
    """The value below which `part` (0 to 1) of them are."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def summary(seconds) -> str:
    """p50, p99 and the worst of some durations, in milliseconds."""
    return (f"p50 {percentile(seconds, 0.5) * 1000:.0f} ms, p99 {percentile(seconds, 0.99) * 1000:.0f} ms, "
            f"slowest {max(seconds) * 1000:.0f} ms, {len(seconds)} times")
