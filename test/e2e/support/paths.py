"""Where things are: the binary, the corpora, the examples."""
import os
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
INTEROP = REPO / "test" / "interop"
EXAMPLES = REPO / "examples"


def binary() -> Path:
    """The sutler under test: $SUTLER_BIN, else the release build."""
    return Path(os.environ.get("SUTLER_BIN") or REPO / "build" / "release" / "sutler")


def corpus(relative: str) -> Path:
    """A file of the corpora, which may be absent: callers skip then, and say so."""
    root = os.environ.get("SUTLER_CORPORA")
    return (Path(root) if root else REPO.parent / "shared" / "corpora") / relative


def proving() -> bool:
    """True in long proofs, when loops are lengthened."""
    return os.environ.get("SUTLER_PROVE") == "1"


def rounds(short: int, long: int) -> int:
    return long if proving() else short


def clean_environment(extra=None) -> dict:
    """What a child sees: nothing of ours but what a test says."""
    kept = ("PATH", "HOME", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
            "LLVM_PROFILE_FILE")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env["TZ"] = "UTC"
    env.update(extra or {})
    return env
