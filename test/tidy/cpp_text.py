"""Reading C++ well enough for tidy: comments and strings out, functions by their braces."""
import re

TOKEN = re.compile(
    r'R"(?P<mark>[^()\\ ]{0,16})\(.*?\)(?P=mark)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'(?:\\.|[^'\\\n])+'"
    r"|//[^\n]*|/\*.*?\*/", re.DOTALL)
DIGIT_BEFORE = re.compile(r"[0-9a-fA-F]$")


def without_comments_and_strings(text):
    """The same text with blanks where comments and the insides of quotes were; lines stay lines."""
    out, at = [], 0
    for found in TOKEN.finditer(text):
        if found.start() < at:
            continue
        piece = found.group(0)
        before = text[at:found.start()]
        # 1'000'000: a separator of digits, no character.
        if piece[0] == "'" and DIGIT_BEFORE.search(before):
            continue
        out.append(before)
        blank = re.sub(r"[^\n]", " ", piece)
        if piece[0] in "\"'" or piece[0] == "R":
            blank = piece[-1] + blank[1:-1] + piece[-1] if len(piece) > 1 else blank
        out.append(blank)
        at = found.end()
    out.append(text[at:])
    return "".join(out)


SCOPE = re.compile(r"^\s*(?:template\s*<.*>\s*)?(?:inline\s+)?(?:namespace|class|struct|union|enum)\b"
                   r"|^\s*extern\s*\"", re.DOTALL)
NAME = re.compile(r"([~\w:]+|operator\W{1,3})\s*\(")


def functions(code_lines):
    """(name, first line, last line) of each function that stands in a namespace or a class."""
    lines = ["" if line.lstrip().startswith("#") else line for line in code_lines]
    text = "\n".join(lines)
    found, blocks, header_at, skipped = [], [], 0, 0
    for at, char in ((m.start(), m.group(0)) for m in re.finditer(r"[{};]", text)):
        if skipped:  # inside `member_{value}`: part of a header
            skipped += {"{": 1, "}": -1}.get(char, 0)
            continue
        if char == "{":
            outer_is_scope = all(kind == "scope" for kind, _ in blocks)
            header = text[header_at:at]
            if outer_is_scope and re.search(r"[\w>)]$", header) and not SCOPE.search(header) \
                    and not header.rstrip().endswith(")"):
                skipped = 1
                continue
            blocks.append((kind_of(header, outer_is_scope), (header_at, header)))
        elif char == "}" and blocks:
            kind, (start, header) = blocks.pop()
            if kind == "function":
                found.append(described(text, start, header, at))
        header_at = at + 1
    return found


def kind_of(header, outer_is_scope):
    if not outer_is_scope:
        return "inside"
    if "(" in header and not re.search(r"[^=!<>]=\s*$", header) and not re.match(
            r"\s*(?:template\s*<.*>\s*)?(?:class|struct|union|enum)\b[^()]*$", header, re.DOTALL):
        return "function"
    return "scope" if SCOPE.search(header) else "inside"


def described(text, start, header, end):
    # Labels such as `public:` stand in front of the first function that follows them.
    header = re.sub(r"^\s*(?:(?:public|private|protected)\s*:\s*)+", "", header)
    begin = text.index(header.strip()[:40] or "{", start) if header.strip() else start
    name = NAME.search(header)
    first = text.count("\n", 0, begin) + 1
    return (name.group(1) if name else "a function"), first, text.count("\n", 0, end) + 1
