"""Tools of the end-to-end tests: the real binary, its wire, its command, its files."""
