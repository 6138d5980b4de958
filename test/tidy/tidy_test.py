#!/usr/bin/env python3
"""tidy.py finds what it should and nothing else: small trees, good and bad."""
import tempfile
import unittest
from pathlib import Path

import tidy
from cpp_text import functions, without_comments_and_strings

GOOD_HEADER = "// Says what it gives.\n#pragma once\n\nnamespace sutler::jwt {}\n"


class Tree(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def room(self, path, text, mentioned=True):
        """A file in a room whose README names it."""
        self.write(path, text)
        readme = self.root / "/".join(path.split("/")[:2]) / "README.md"
        old = readme.read_text() if readme.exists() else "# room\n"
        readme.write_text(old + (f"\n`{Path(path).name}` is a file\n" if mentioned else ""))

    def found(self):
        return [f"{one.path}:{one.line} {one.rule}" for one in tidy.check(self.root)]

    def expect(self, *findings):
        self.assertEqual(self.found(), list(findings))


class Includes(Tree):
    def test_a_lower_room_may_be_included_and_an_equal_or_higher_one_not(self):
        self.room("src/base/result.h", GOOD_HEADER)
        self.room("src/store/store.h", GOOD_HEADER)
        self.room("src/resolve/merge.h", GOOD_HEADER)
        self.room("src/jwt/verify.cc", '#include "base/result.h"\n#include "store/store.h"\n'
                                       '#include "resolve/merge.h"\n')
        self.expect("src/jwt/verify.cc:2 include", "src/jwt/verify.cc:3 include")

    def test_an_include_is_written_from_src_and_exists(self):
        self.room("src/jwt/verify.cc", '#include "verify.h"\n#include "base/nothing.h"\n')
        self.expect("src/jwt/verify.cc:1 include", "src/jwt/verify.cc:2 include")

    def test_a_library_belongs_to_one_room(self):
        for path in ("src/crypto/a.cc", "src/http/a.cc"):
            self.room(path, "#include <openssl/evp.h>\n")
        self.room("src/store/sqlite/b.cc", "#include <sqlite3.h>\n")
        self.room("src/store/b.cc", "#include <sqlite3.h>\n")
        self.room("src/cli/c.cc", "#include <curl/curl.h>\n#include <CLI/CLI.hpp>\n")
        self.expect("src/cli/c.cc:1 include", "src/http/a.cc:1 include", "src/store/b.cc:1 include")


class Sizes(Tree):
    def test_a_file_has_a_limit_and_a_test_a_higher_one(self):
        self.room("src/jwt/long.cc", "\n" * 400)
        self.room("src/jwt/longer.cc", "\n" * 401)
        self.room("src/jwt/long_test.cc", "\n" * 450)
        self.room("src/jwt/longer_test.cc", "\n" * 451)
        self.expect("src/jwt/longer.cc:401 size", "src/jwt/longer_test.cc:451 size")

    def test_a_function_has_a_limit(self):
        body = "  go();\n"
        self.room("src/jwt/a.cc", "int fits() {\n" + body * 68 + "}\n"
                                  "int\ntoo_long(int a) {\n" + body * 69 + "}\n")
        self.expect("src/jwt/a.cc:71 size")

    def test_columns_are_fewer_for_code_than_for_comments(self):
        self.room("src/jwt/a.cc", "// " + "x" * 117 + "\n// " + "x" * 118 + "\n"
                  + "int " + "a" * 95 + ";\n" + "int " + "a" * 96 + ";\n")
        self.expect("src/jwt/a.cc:2 size", "src/jwt/a.cc:4 size")


class Calls(Tree):
    BAD = ("strcpy(a, b)", "std::sprintf(a, b)", "std::system(c)", "::system(line)", "popen(c, r)",
           "rand()", "std::stoi(text)", "std::stoull(text)", "atoi(x)", "localtime(&t)",
           "std::cout << 1")
    GOOD = ("FileCalls::system()", "calls.system(x)", "operand()", "snprintf(a, n, b)",
            "localtime_r(&t, &u)", '"std::stoi(text)"', "history(x)", "std::cerr << 1")

    def test_each_banned_call_is_found_and_its_neighbours_are_not(self):
        self.room("src/jwt/bad.cc", "".join(f"x = {call};\n" for call in self.BAD))
        self.room("src/jwt/good.cc", "".join(f"x = {call};\n" for call in self.GOOD))
        self.expect(*[f"src/jwt/bad.cc:{n + 1} call" for n in range(len(self.BAD))])

    def test_a_comment_is_no_call_and_a_reason_allows_one(self):
        self.room("src/jwt/a.cc", "// never rand()\n/* std::stoi(x) */\n"
                                  "rand();  // tidy: call because a dice game needs it\n")
        self.expect()

    def test_cli_may_print(self):
        self.room("src/cli/a.cc", "std::cout << 1;\n")
        self.expect()

    def test_using_namespace_stands_in_functions_and_tests_only(self):
        text = "using namespace std;\nvoid f() {\n  using namespace std;\n}\n"
        self.room("src/jwt/a.cc", text)
        self.room("src/jwt/a_test.cc", text)
        self.write("fuzz/a_fuzz.cc", text)
        self.expect("src/jwt/a.cc:1 call")

    def test_a_unit_test_does_not_sleep(self):
        self.room("src/jwt/a_test.cc", "std::this_thread::sleep_for(x);\n")
        self.expect("src/jwt/a_test.cc:1 sleep")


class Headers(Tree):
    def test_a_header_has_its_pragma_and_a_first_sentence(self):
        self.room("src/jwt/a.h", "#pragma once\n")
        self.room("src/jwt/b.h", "// Says.\n")
        self.expect("src/jwt/a.h:1 header", "src/jwt/b.h:1 header")

    def test_a_public_function_takes_no_bool(self):
        self.room("src/jwt/a.h", GOOD_HEADER + "void f(bool loud);\nvoid g(int a, bool loud = true);\n"
                                               "bool h(int a);\nstruct S {\n  bool loud;\n};\n"
                                               "void i(bool on);  // tidy: bool because POSIX says so\n"
                                               "class C {\n private:\n  void j(bool on);\n};\n"
                                               "void k(bool on);\n")
        self.expect("src/jwt/a.h:5 bool", "src/jwt/a.h:6 bool", "src/jwt/a.h:16 bool")


class Words(Tree):
    def test_what_is_unfinished_is_said(self):
        self.write("docs/a.md", "TO" "DO later\nTODOS\nmkdtemp XX" "XXXX\n")
        self.expect("docs/a.md:1 unfinished")

    def test_paths_of_one_machine_are_found(self):
        self.write("docs/a.md", "see /home" "/me/x\nsee $HOME/x, ~/x, /etc/sutler, ./home/x\n")
        self.expect("docs/a.md:1 path")

    def test_hosts_of_packages_are_found(self):
        self.write("docs/a.md", "registry" ".example.org/x\nhttps://example.org\n")
        self.expect("docs/a.md:1 path")

    def test_a_user_agent_is_a_header_field(self):
        self.write("docs/a.md", "User-Agent: x\nan " "a" "gent did it\n")
        self.expect("docs/a.md:2 words")


class Spaces(Tree):
    def test_white_space_at_the_end_tabs_and_a_missing_newline(self):
        self.write("docs/a.md", "a \nb\tc\nd")
        self.expect("docs/a.md:1 space", "docs/a.md:2 space", "docs/a.md:3 space")


class Readmes(Tree):
    def test_a_room_has_one_that_names_its_files_and_no_others(self):
        self.write("src/jwt/a.cc", "")
        self.room("src/http/a.cc", "", mentioned=False)
        self.room("src/http/b.cc", "")
        readme = self.root / "src/http/README.md"
        readme.write_text(readme.read_text() + "`gone.h`\n")
        self.expect("src/http/README.md:1 readme", "src/http/README.md:4 readme",
                    "src/jwt/README.md:1 readme")


class Reading(unittest.TestCase):
    def test_quotes_and_comments_are_blanked_and_lines_kept(self):
        text = 'a("x // y"); // z\nR"(b\nc)" 1\'000\'000 \'{\' /* d\ne */ f'
        blank = without_comments_and_strings(text)
        self.assertEqual(blank.count("\n"), text.count("\n"))
        for gone in "xyzbcde{":
            self.assertNotIn(gone, blank)
        for kept in ("a(", "1'000'000", "f"):
            self.assertIn(kept, blank)

    def test_functions_are_found_in_namespaces_and_classes(self):
        text = ("namespace a {\nclass B : C {\n public:\n  int d() const {\n  }\n"
                "  B() : x_{1},\n        y_(2) {\n    if (x) {\n    }\n  }\n};\n"
                "constexpr int kList[] = {1, 2};\nauto e = [](int f) {\n};\n}\n"
                "template <class T>\nT g(T h) {\n  return h;\n}\n")
        names = [(name, first, last) for name, first, last in functions(text.split("\n"))]
        self.assertEqual(names, [("d", 4, 5), ("B", 6, 10), ("a function", 13, 14), ("g", 16, 19)])


if __name__ == "__main__":
    unittest.main()
