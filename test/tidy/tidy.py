#!/usr/bin/env python3
"""The style of this tree, as a test.

  python3 test/tidy/tidy.py [ROOT]     prints `path:line: what, and the way out`; exit 1 when it found something

A line that must break a rule says so and why: `// tidy: RULE because …`, with the rule's word from
the finding's brackets. The rules are in `RULES` at the end; each is a function from one file, or
from the whole tree, to findings.
"""
import os
import re
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cpp_text import functions, without_comments_and_strings

FLOORS = {"base": 0, "crypto": 1, "model": 1, "jwt": 2, "store": 2, "audit": 2, "http": 2,
          "client": 2, "registry": 3, "source": 3, "resolve": 4, "provider": 5, "admin": 5,
          "server": 6, "cli": 7}
# One C or third-party library, one room.
LIBRARY_ROOMS = {"openssl/": "crypto", "sqlite3.h": "store/sqlite", "libpq-fe.h": "store/postgres", "curl/": "client",
                 "sodium.h": "base", "yaml-cpp/": "model", "CLI/": "cli", "boost/asio": "http",
                 "spdlog/": "base", "prometheus/": "admin"}
FILE_LINES_MAX, TEST_LINES_MAX = 400, 450
FUNCTION_LINES_MAX = 70
CODE_COLUMNS_MAX, COMMENT_COLUMNS_MAX = 100, 120
SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__", ".pytest_cache"}
# Written by tools, or data.
GENERATED = re.compile(r"package-lock\.json$|^fuzz/corpus/|^test/vectors/|^docs/http-probe\.md$")

BANNED_CALLS = [
    (r"\b(?:strcpy|strcat|strncpy|strncat|stpcpy)\s*\(", "use std::string or std::memcpy with a size"),
    (r"\bv?sprintf\s*\(", "use std::to_chars, std::snprintf or append to a std::string"),
    (r"\bgets\s*\(", "use base::read_standard_input"),
    (r"(?<![\w.>:])(?:std::|::)?system\s*\(\s*[^)\s]", "use posix_spawn with an argument list: no shell"),
    (r"(?<![\w.>:])(?:std::|::)?popen\s*\(", "use posix_spawn with an argument list: no shell"),
    (r"(?<![\w.>:])(?:std::|::)?s?rand\s*\(", "use crypto::random_fill"),
    (r"\bsto(?:i|l|ll|ul|ull|f|d|ld)\s*\(", "use std::from_chars, which neither throws nor skips spaces"),
    (r"\b(?:atoi|atol|atoll|atof|strtol|strtoul|strtoll|strtoull)\s*\(", "use std::from_chars"),
    (r"(?<![\w.>:])(?:std::|::)?(?:gmtime|localtime|asctime|ctime|strtok)\s*\(",
     "use the variant that ends in _r: this one is not thread-safe"),
]
# Assembled so that this file does not break its own rules.
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")
PRIVATE_PATHS = re.compile(r"(?<![\w./$}~])/(?:home|Users|wor[k])/[\w.-]+")
PACKAGE_HOSTS = re.compile(r"\b(?:registry|proxy|index)\.[a-z0-9-]+\.(?:org|com|io|dev|net)\b")
WHO_TYPED = re.compile(
    r"(?<!user )(?<![\w-])(?:sub-?)?[a]gents?\b|\b[a]ssistants?\b|\b[c]hatbots?\b"
    r"|\b[l]anguage models?\b|\b[h]elpers?\b|\b[c]o-?pilot\b", re.IGNORECASE)


@dataclass
class Finding:
    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text} [{self.rule}]"


@dataclass
class File:
    root: Path
    path: str  # relative to the root, with `/`
    text: str = field(repr=False)

    @property
    def name(self):
        return self.path.rsplit("/", 1)[-1]

    @property
    def is_cpp(self):
        return self.path.endswith((".h", ".cc"))

    @property
    def is_header(self):
        return self.path.endswith(".h")

    @property
    def is_source(self):
        return self.is_cpp or self.path.endswith((".py", ".mjs", ".js", ".ts", ".sh", ".cmake")) \
            or self.path.startswith("script/")

    @property
    def is_test(self):
        return (self.path.startswith("test/") or self.name.endswith("_test.cc")
                or "test_support" in self.name or self.name.startswith("test_"))

    @property
    def room(self):
        parts = self.path.split("/")
        return parts[1] if parts[0] == "src" and len(parts) > 2 else None

    @cached_property
    def lines(self):
        return self.text.split("\n")[:-1] if self.text.endswith("\n") else self.text.split("\n")

    @cached_property
    def code(self):
        """The lines of a C++ file with blanks for comments and for what is in quotes."""
        return without_comments_and_strings(self.text).split("\n")

    def allows(self, number, rule):
        return f"tidy: {rule} because " in self.lines[number - 1]


def read_tree(root):
    files = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        for name in sorted(names):
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            if path.is_symlink() or GENERATED.search(relative):
                continue
            try:
                files.append(File(root, relative, path.read_text(encoding="utf-8")))
            except UnicodeDecodeError:
                continue  # a picture or the like
    return files


def per_line(file, rule, lines, pattern, text):
    for number, line in enumerate(lines, 1):
        found = re.search(pattern, line)
        if found and not file.allows(number, rule):
            yield Finding(file.path, number, rule, text.format(found.group(0).strip("( ")))


INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


def includes(file):
    if not file.room:
        return
    for number, line in enumerate(file.lines, 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        ours, theirs = found.groups()
        if ours:
            yield from floor(file, number, ours)
        else:
            yield from library(file, number, theirs)


def floor(file, number, target):
    room = target.split("/")[0]
    if "/" not in target or room not in FLOORS:
        yield Finding(file.path, number, "include",
                      f'"{target}" is no file of a room: write includes from src/')
    elif not (file.root / "src" / target).exists():
        yield Finding(file.path, number, "include", f'"{target}" does not exist')
    elif file.room not in FLOORS:
        yield Finding(file.path, number, "include",
                      f"room {file.room} has no floor: give it one in test/tidy/tidy.py and the docs")
    elif room != file.room and FLOORS[room] >= FLOORS[file.room]:
        yield Finding(file.path, number, "include",
                      f"{file.room} (floor {FLOORS[file.room]}) includes {room} (floor {FLOORS[room]}): "
                      "includes point down; move what both need to a lower room")


def library(file, number, header):
    for prefix, home in LIBRARY_ROOMS.items():
        if not header.startswith(prefix) or file.allows(number, "include"):
            continue
        inside = file.path.startswith(f"src/{home}/") or (home.count("/") and file.is_test
                                                         and file.room == home.split("/")[0])
        if not inside:
            yield Finding(file.path, number, "include",
                          f"<{header}> belongs to src/{home} alone: use that room's header instead")


def sizes(file):
    limit = TEST_LINES_MAX if file.is_test else FILE_LINES_MAX
    if file.is_source and len(file.lines) > limit:
        yield Finding(file.path, limit + 1, "size",
                      f"{len(file.lines)} lines, over {limit}: split it by ideas")
    if not file.is_cpp:
        return
    for number, line in enumerate(file.lines, 1):
        comment = line.lstrip().startswith("//")
        columns = COMMENT_COLUMNS_MAX if comment else CODE_COLUMNS_MAX
        if len(line) > columns and not file.allows(number, "size"):
            yield Finding(file.path, number, "size",
                          f"{len(line)} columns, over {columns}: script/fmt breaks lines")
    for name, first, last in functions(file.code):
        if last - first + 1 > FUNCTION_LINES_MAX and not file.allows(first, "size"):
            yield Finding(file.path, first, "size",
                          f"{name} has {last - first + 1} lines, over {FUNCTION_LINES_MAX}: "
                          "take a step of it out and name it")


def calls(file):
    if not file.is_cpp:
        return
    for pattern, instead in BANNED_CALLS:
        yield from per_line(file, "call", file.code, pattern, "{}: " + instead)
    if file.room and file.room != "cli" and not file.is_test:
        yield from per_line(file, "call", file.code, r"\bstd::cout\b",
                            "{}: only cli prints; use base::log")
    if file.path.startswith("src/") and not file.is_test:
        yield from per_line(file, "call", file.code, r"^using namespace\b",
                            "{} at file scope: name what is used")
    if file.name.endswith("_test.cc"):
        yield from per_line(file, "sleep", file.code, r"\b(?:sleep_for|sleep_until|usleep)\b",
                            "{} in a test: inject a clock, or wait for the event itself")


def headers(file):
    if not file.is_header:
        return
    if "#pragma once" not in file.lines:
        yield Finding(file.path, 1, "header", "no `#pragma once`: add it below the first comment")
    if not file.lines or not file.lines[0].startswith("//"):
        yield Finding(file.path, 1, "header",
                      "a header starts with a sentence that says what it gives")
    if not file.is_test:
        yield from per_line(file, "bool", public_lines(file.code),
                            r"[(,]\s*(?:const )?bool [a-z_]+(?: = \w+)?(?=\s*[,)])",
                            "a bool parameter says nothing where it is called: use an enum or options")


def public_lines(code):
    """The lines of a header, with nothing in the place of those below `private:`."""
    private = False
    for line in code:
        label = re.match(r"\s*(public|protected|private)\s*:", line)
        if label:
            private = label.group(1) == "private"
        elif line.startswith("};"):
            private = False
        yield "" if private else line


def words(file):
    yield from per_line(file, "unfinished", file.lines, UNFINISHED,
                        "{}: do it, or open an issue and say what does not work yet")
    yield from per_line(file, "path", file.lines, PRIVATE_PATHS,
                        "{} is a path of one machine: write it relative, or as an option")
    yield from per_line(file, "path", file.lines, PACKAGE_HOSTS,
                        "{}: where packages come from is the machine's own configuration")
    yield from per_line(file, "words", file.lines, WHO_TYPED,
                        '"{}": say what the code does, in the words of its field')


def spaces(file):
    if "\r" in file.text:
        yield Finding(file.path, 1, "space", "CR line ends: use LF")
    if file.text and not file.text.endswith("\n"):
        yield Finding(file.path, len(file.lines), "space", "no newline at the end: add one")
    for number, line in enumerate(file.lines, 1):
        if line != line.rstrip():
            yield Finding(file.path, number, "space", "white space at the end of the line: remove it")
        if "\t" in line and (file.is_cpp or file.path.endswith((".py", ".md", ".yaml"))):
            yield Finding(file.path, number, "space", "a tab: use spaces")


def readmes(files):
    """Each room's README names each of its files, and none that is not there."""
    rooms, names = {}, {file.name for file in files} | set(LIBRARY_ROOMS)
    for file in files:
        if file.room:
            rooms.setdefault(file.room, []).append(file)
    for room, members in sorted(rooms.items()):
        readme = next((one for one in members if one.path == f"src/{room}/README.md"), None)
        if readme is None:
            yield Finding(f"src/{room}/README.md", 1, "readme",
                          "a room has a README: purpose, may include, must never, start, files")
            continue
        for file in members:
            stem = file.name.rsplit(".", 1)[0]
            if file.is_cpp and not re.search(rf"(?<!\w){re.escape(stem)}(?:\.|`|,)", readme.text):
                yield Finding(readme.path, 1, "readme", f"does not mention {file.name}: add a line")
        for number, line in enumerate(readme.lines, 1):
            for name in re.findall(r"`([a-z0-9_/]+\.(?:h|cc))`", line):
                if name.rsplit("/", 1)[-1] not in names:
                    yield Finding(readme.path, number, "readme", f"{name} is not there: remove it")


RULES = (includes, sizes, calls, headers, words, spaces)
TREE_RULES = (readmes,)


def check(root):
    files = read_tree(Path(root))
    found = [finding for file in files for rule in RULES for finding in rule(file)]
    found += [finding for rule in TREE_RULES for finding in rule(files)]
    return sorted(found, key=lambda one: (one.path, one.line))


def main(arguments):
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2]
    findings = check(root)
    for finding in findings:
        print(finding)
    if findings:
        print(f"tidy: {len(findings)} to put right", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
